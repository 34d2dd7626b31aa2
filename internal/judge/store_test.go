package judge

import (
	"context"
	"database/sql"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
	"hives/internal/llm"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// openTest opens a fresh store with one run, one prompt and one item.
func openTest(t *testing.T) (*Store, Vote) {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "votes ?#.db")) // a name that a careless URI would cut
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	ctx := context.Background()
	p := Prompt{Name: "plain.v1", Text: "which?"}
	must(t, s.PutRun(ctx, "r", "label", "{}"))
	must(t, s.PutPrompt(ctx, p))
	must(t, s.PutItems(ctx, []Item{{ID: "i", Text: "a text", Group: "g"}}))
	return s, Vote{Run: "r", Prompt: p.Hash(), Item: "i", Voter: "v", Attempt: 1, Question: "svt", Raw: "raw",
		Parsed: "{}", At: noon}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestVotesComeBackAsTheyWereStored(t *testing.T) {
	s, v := openTest(t)
	ctx := context.Background()
	v.TokensIn, v.TokensOut, v.CostMicro, v.Latency, v.Model = 3, 4, 5, 6*time.Millisecond, "m"
	must(t, s.PutVote(ctx, v))
	second := v
	second.Attempt, second.Parsed, second.Error = 2, "", "no JSON"
	must(t, s.PutVote(ctx, second))
	if err := s.PutVote(ctx, v); err == nil {
		t.Error("the same attempt was stored twice")
	}
	got, err := s.Attempts(ctx, "r", v.Prompt, "i", "v")
	must(t, err)
	if diff := cmp.Diff([]Vote{v, second}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(s.path), "votes ?#.db")); err != nil {
		t.Error(err)
	}
}

func TestQueueKeepsIdsAndDecisions(t *testing.T) {
	s, v := openTest(t)
	ctx := context.Background()
	must(t, s.PutVote(ctx, v))
	q := QueueItem{Kind: KindLabel, Run: "r", ItemID: "i", Theory: "svt", PathSoFar: []string{"conservation"}, Level: 2,
		Reason: "split"}
	id, err := s.Enqueue(ctx, q)
	must(t, err)
	q.Reason = "split again"
	again, err := s.Enqueue(ctx, q)
	must(t, err)
	if id != again {
		t.Errorf("queued twice: %d, %d", id, again)
	}
	got, err := s.Queue(ctx)
	must(t, err)
	q.ID, q.Text, q.Votes = id, "a text", []Vote{v}
	if diff := cmp.Diff([]QueueItem{q}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecisionsSupersedeAndUndo(t *testing.T) {
	s, _ := openTest(t)
	ctx := context.Background()
	id, err := s.Enqueue(ctx, QueueItem{Kind: KindLabel, Run: "r", ItemID: "i", Theory: "svt", Level: 1})
	must(t, err)
	decide := func(reviewer, verdict string, path ...string) {
		t.Helper()
		_, err := s.Decide(ctx, Decision{Queue: id, Reviewer: reviewer, Verdict: verdict, Path: path, At: noon})
		must(t, err)
	}
	decide("ann", VerdictValue, "conservation")
	decide("bob", VerdictNone)
	decide("ann", VerdictSkip)
	held := func() (out []string) {
		ds, err := s.Decisions(ctx)
		must(t, err)
		for _, d := range ds {
			out = append(out, d.Reviewer+" "+d.Verdict)
		}
		return out
	}
	if diff := cmp.Diff([]string{"ann skip", "bob none"}, held()); diff != "" {
		t.Error(diff)
	}
	undone, ok, err := s.Undo(ctx, "ann", noon)
	if err != nil || !ok || undone.Verdict != VerdictSkip {
		t.Fatalf("undo: %+v %v %v", undone, ok, err)
	}
	if diff := cmp.Diff([]string{"ann value", "bob none"}, held()); diff != "" {
		t.Error(diff)
	}
	if _, ok, err = s.Undo(ctx, "nobody", noon); ok || err != nil {
		t.Errorf("undid a decision of nobody: %v %v", ok, err)
	}
	all, err := s.History(ctx)
	if err != nil || len(all) != 3 || all[2].UndoneAt.IsZero() {
		t.Errorf("history: %v %+v", err, all)
	}
}

func TestDecideRefuses(t *testing.T) {
	s, _ := openTest(t)
	id, err := s.Enqueue(context.Background(), QueueItem{Kind: KindLabel, Run: "r", ItemID: "i", Theory: "svt", Level: 1})
	must(t, err)
	for name, d := range map[string]Decision{
		"no reviewer":      {Queue: id, Verdict: VerdictNone},
		"direction 2":      {Queue: id, Reviewer: "a", Verdict: VerdictValue, Path: []string{"x"}, Direction: 2},
		"unknown verdict":  {Queue: id, Reviewer: "a", Verdict: "maybe"},
		"value, no path":   {Queue: id, Reviewer: "a", Verdict: VerdictValue},
		"none with a path": {Queue: id, Reviewer: "a", Verdict: VerdictNone, Path: []string{"x"}},
		"unknown item":     {Queue: id + 1, Reviewer: "a", Verdict: VerdictNone},
	} {
		if _, err := s.Decide(context.Background(), d); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite3", "file:"+foreign)
	must(t, err)
	_, err = db.Exec(`CREATE TABLE t (a)`)
	must(t, err)
	must(t, db.Close())
	newer := filepath.Join(dir, "newer.db")
	s, err := Open(newer)
	must(t, err)
	_, err = s.db.Exec(`PRAGMA user_version = 99`)
	must(t, err)
	must(t, s.Close())
	text := filepath.Join(dir, "text.db")
	must(t, os.WriteFile(text, []byte(strings.Repeat("not a database ", 100)), 0o600))
	for path, kind := range map[string]fault.Kind{
		foreign: fault.Mismatch, newer: fault.Mismatch, text: fault.Corrupt, filepath.Join(dir, "none",
			"v.db"): fault.NotFound,
	} {
		s, err := Open(path)
		if err == nil {
			s.Close()
		}
		if fault.Of(err) != kind {
			t.Errorf("%s: %v, want kind %v", filepath.Base(path), err, kind)
		}
	}
}

// TestStoredCountsNeverRunOver: what an older program stored of an endpoint that lied bounds the next run still.
func TestStoredCountsNeverRunOver(t *testing.T) {
	s, v := openTest(t)
	ctx := context.Background()
	for _, count := range []int64{math.MinInt64, -1, math.MaxInt64, math.MaxInt64, 1 << 62, 7} {
		v.TokensIn, v.TokensOut, v.CostMicro = count, count, count
		must(t, s.PutVote(ctx, v))
		v.Attempt++
	}
	tokens, micro, answers, err := s.Used(ctx, "r")
	must(t, err)
	if tokens != 2*(3*llm.MostTokens+7) || micro != 1e18 || answers != 6 {
		t.Errorf("%d tokens, %d millionths, %d answers", tokens, micro, answers)
	}
	votes, err := s.RunVotes(ctx, "r")
	must(t, err)
	sum := int64(0)
	for _, v := range votes {
		sum += v.TokensIn + v.TokensOut
	}
	if sum != tokens {
		t.Errorf("the votes add up to %d tokens, Used says %d", sum, tokens)
	}
}

// A signal in the middle of a transaction is a stop, in whatever words the library tells it: the same command goes on.
func TestASignalAmidATransactionIsAStop(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "votes.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, end := range map[string]func(*sql.Tx) error{
		"a statement": func(tx *sql.Tx) error {
			for {
				if _, err := tx.Exec("SELECT 1"); err != nil {
					return err
				}
			}
		},
		"the commit": func(*sql.Tx) error { return nil },
	} {
		ctx, cancel := context.WithCancel(context.Background())
		err := s.write(ctx, func(tx *sql.Tx) error {
			cancel()
			return end(tx)
		})
		if fault.Of(err) != fault.Canceled {
			t.Errorf("%s: %v is of kind %v", name, err, fault.Of(err))
		}
	}
}
