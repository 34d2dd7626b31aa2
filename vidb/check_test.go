package vidb

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
)

// checkers is a scored pool and seven voters of whom n doubt the texts numbered n, as far as there are such texts; of
// those numbered 8, three voters give no answer.
func checkers(t *testing.T) (CheckJob, *scripted.Server) {
	t.Helper()
	w := newWorld(11, 12, 1)
	path := w.pool(t)
	s := scripted.New(t, w.Answer)
	b := w.job(t, s.URL, path, 4)
	b.Design.M = 8
	_, err := Build(context.Background(), b)
	must(t, err)
	voters := scripted.New(t, func(c scripted.Call) scripted.Reply {
		voter := int(c.Model[1] - '0')
		for n := range 8 {
			if !strings.Contains(c.User, fmt.Sprintf("number %d in", n)) {
				continue
			}
			return scripted.Reply{Content: map[bool]string{true: `{"choice": "0"}`, false: `{"choice": "1"}`}[voter < n]}
		}
		if strings.Contains(c.User, "number 8 in") && voter < 3 {
			return scripted.Reply{Content: "Who can tell?"}
		}
		return scripted.Reply{Content: "1"}
	})
	cfg := b.Config
	cfg.Attempts, cfg.Endpoints[0].BaseURL, cfg.Voters = 1, voters.URL, nil
	for v := range 7 {
		cfg.Voters = append(cfg.Voters, judge.Voter{Name: fmt.Sprint("v", v), Endpoint: "e",
			Model: llm.Model{Name: fmt.Sprint("m", v)}})
	}
	return CheckJob{Path: path, Config: cfg, Votes: b.Votes, Lambda: DefaultLambda, Yes: true}, voters
}

// about finds the text of a number.
func about(t *testing.T, v *Value, n int) int {
	t.Helper()
	i := slices.IndexFunc(v.Texts, func(x Text) bool { return strings.Contains(x.Text, fmt.Sprintf("number %d in", n)) })
	if i < 0 {
		t.Fatalf("no text of number %d", n)
	}
	return i
}

// Two voters that doubt a score, or too few that answer, put it before people; until they decide it is no anchor. Their
// numbers are blended in, and stay when the orders are fitted again.
func TestDoubtedScoresWaitForPeople(t *testing.T) {
	j, voters := checkers(t)
	ctx := context.Background()
	_, err := Check(ctx, j)
	must(t, err)
	v := result(t, j.Path)
	for n := range 12 {
		i := about(t, v, n)
		s, want := v.Scores[i], Accepted
		if n >= 2 && n <= 8 {
			want = Waiting
		}
		if s.Status != want || s.Final != s.Score {
			t.Errorf("%d voters doubt: %+v", n, s)
		}
		if got := slices.Contains(v.Anchors(0, "", ""), i); got != (want == Accepted) {
			t.Errorf("%d voters doubt, an anchor: %v", n, got)
		}
	}
	if c := v.Report.Check; c.Asked != 12 || c.Doubted != 6 || c.Thin != 1 {
		t.Errorf("%+v", *c)
	}
	store, err := judge.Open(j.Votes)
	must(t, err)
	queue, err := store.Queue(ctx)
	must(t, err)
	text := about(t, v, 3)
	for _, q := range queue {
		if q.ItemID != v.Texts[text].ID {
			continue
		}
		for who, number := range map[string]string{"ann": "4", "bob": fmt.Sprint(v.Scores[text].Score)} {
			_, err := store.Decide(ctx, judge.Decision{Queue: q.ID, Reviewer: who, Verdict: judge.VerdictValue,
				Path: []string{number}, At: time.Now()})
			must(t, err)
		}
		_, err := store.Decide(ctx, judge.Decision{Queue: q.ID, Reviewer: "eve", Verdict: judge.VerdictSkip, At: time.Now()})
		must(t, err)
	}
	must(t, store.Close())
	if len(queue) != 7 {
		t.Errorf("%d texts wait", len(queue))
	}
	calls := len(voters.Calls())
	j.Yes = false // nobody is asked, so nobody need agree
	_, err = Check(ctx, j)
	must(t, err)
	if n := len(voters.Calls()); n != calls {
		t.Errorf("a second check asked %d times", n-calls)
	}
	blended := func() {
		t.Helper()
		v := result(t, j.Path)
		s := v.Scores[text]
		human := (4 + s.Score) / 2
		if want := s.Score/2 + human/2; s.Status != Blended || s.Humans != 2 || math.Abs(s.Final-want) > 1e-12 {
			t.Errorf("%+v, want final %v", s, want)
		}
		c, err := v.Map()
		must(t, err)
		if u := v.Utility(text); math.Abs(u-c.Utility(s.Final)) > 1e-12 || u == s.Theta {
			t.Errorf("utility %v of final %v", u, s.Final)
		}
	}
	blended()
	before, err := os.ReadFile(j.Path)
	must(t, err)
	_, err = FitFile(ctx, j.Path, nil, j.Known, func(*FitOptions) error { return nil })
	must(t, err)
	blended()
	if after, _ := os.ReadFile(j.Path); !bytes.Equal(before, after) {
		t.Error("the same fit gave other bytes")
	}
}

func TestChecksThatAreRefused(t *testing.T) {
	j, _ := checkers(t)
	for _, c := range []struct {
		reason string
		change func(*CheckJob)
		want   string
	}{
		{"λ beyond 1", func(j *CheckJob) { j.Lambda = 1.1 }, "--lambda"}, {"λ no number",
			func(j *CheckJob) { j.Lambda = math.NaN() }, "--lambda"},
		{"four voters", func(j *CheckJob) { j.Config.Voters = j.Config.Voters[:4] }, "4 voters"},
		{"no votes file", func(j *CheckJob) { j.Votes = "" }, "--db"}, {"no budget", func(j *CheckJob) { j.Yes = false },
			"--yes"},
	} {
		job := j
		c.change(&job)
		if _, err := Check(context.Background(),
			job); fault.ExitCode(err) != fault.ExitUsage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}
