package judge_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scriptedlm"
)

var yesNo = judge.Choice{Names: []string{"no", "yes"}}

// home has n voters of one local model.
func home(m *scriptedlm.Local, n int, change func(*judge.Voter)) judge.Config {
	c := judge.Config{Parallel: 1, Attempts: 3, Opener: m.Opener}
	for k := range n {
		v := judge.Voter{
			Name: fmt.Sprint("v", k), Prompt: "rubric.v1",
			Model: llm.Model{Name: "a/folder", MaxTokens: 60, Local: llm.Local{Provider: llm.AtHome, Batch: 2}},
		}
		if change != nil {
			change(&v)
		}
		c.Voters = append(c.Voters, v)
	}
	return c
}

// opened completes and opens, and closes when the test ends.
func opened(t *testing.T, c judge.Config) judge.Config {
	t.Helper()
	c, err := c.Complete(func(string) error { return nil })
	must(t, err)
	c, err = c.Open(t.Context())
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

// askAll puts a yes or no about n texts to all voters and returns the votes read back from the store.
func askAll(ctx context.Context, t *testing.T, cfg judge.Config, db string, n int) ([]judge.Vote, error) {
	t.Helper()
	tmpl, err := prompts.Load("rubric.v1")
	must(t, err)
	form, err := tmpl.Render("ask", map[string]string{"Asked": "Is it kind?", "Text": judge.Mark}, yesNo.Schema())
	must(t, err)
	store, j := openJudge(t, cfg, db)
	defer store.Close()
	err = j.Each(n, func(i int, turn *judge.Turn) error {
		item := judge.Item{ID: fmt.Sprint("t", i), Text: fmt.Sprint("text ", i)}
		_, err := turn.Round(ctx, func(int) (judge.Question, error) {
			q := form.Question(item, item.Text)
			q.About, q.Parse = "kind", yesNo.Parse
			q.Prefix, q.Choices = yesNo.Answers()
			return q, nil
		})
		return err
	}, func(bool) {})
	votes, readErr := store.RunVotes(context.Background(), j.Run())
	must(t, readErr)
	return votes, err
}

// Closed questions to a local model are compared: every answer is usable, the identity stands beside each, and a dumb
// twin that takes the largest sum agrees.
func TestALocalVoterChooses(t *testing.T) {
	m := &scriptedlm.Local{ID: llm.Identity{Kind: "local", Model: "small", Weights: "abc"}}
	votes, err := askAll(t.Context(), t, opened(t, home(m, 2, nil)), filepath.Join(t.TempDir(), "v.db"), 20)
	must(t, err)
	if len(votes) != 40 {
		t.Fatalf("%d votes of 40", len(votes))
	}
	said := map[string]int{}
	for _, v := range votes {
		s, ok := v.Scored()
		best := `{"choice": "no"}`
		if s.Total[1] > s.Total[0] {
			best = `{"choice": "yes"}`
		}
		if !ok || s.Answer != best || s.Choose != judge.ByTotal || v.Choice() == "" || v.Attempt != 1 {
			t.Errorf("%+v", v)
		}
		if v.Model != "small@"+m.ID.Hash() || v.TokensIn != 50 || v.TokensOut != 4 {
			t.Errorf("model %q, tokens %d and %d", v.Model, v.TokensIn, v.TokensOut)
		}
		said[v.Choice()]++
	}
	if said["no"] == 0 || said["yes"] == 0 {
		t.Errorf("one answer alone: %v", said)
	}
	sizes, _ := m.Batches()
	if slices.Max(sizes) < 4 {
		t.Errorf("questions were handed over one by one: %v", sizes)
	}
}

// Each way of choosing takes another option of these, and temperature draws as softmax says.
func TestWaysOfChoosing(t *testing.T) {
	s := judge.Scored{
		Options: []string{"a", "b", "c", "d"}, Total: []float64{-2, -2.1, -6, -3},
		Tokens: []int{1, 2, 8, 1}, Bytes: []int{1, 1, 3, 30},
		Blank: []float64{-1, -1, -7, -1.5},
	}
	for choose, want := range map[string]string{
		judge.ByTotal: "a", judge.PerToken: "c", judge.PerByte: "d", judge.Calibrated: "c",
	} {
		if got := s.Best(choose); got != want {
			t.Errorf("%s: %s, want %s of %v", choose, got, want, s.By(choose))
		}
	}
	hot := func(v *judge.Voter) { v.Temperature = 1 }
	m := &scriptedlm.Local{Weigh: func(_ llm.ScoreRequest, option string) float64 {
		if strings.HasPrefix(option, "yes") {
			return math.Log(.75)
		}
		return math.Log(.25)
	}}
	votes, err := askAll(t.Context(), t, opened(t, home(m, 4, hot)), filepath.Join(t.TempDir(), "v.db"), 200)
	must(t, err)
	yes := 0
	for _, v := range votes {
		if v.Choice() == "yes" {
			yes++
		}
	}
	if share := float64(yes) / 800; math.Abs(share-.75) > .06 { // four standard errors
		t.Errorf("%v of the draws say yes, want .75", share)
	}
}

// Calibration sees the same prompt with N/A in the text's place, once a voter, however many texts there are.
func TestCalibrationAsksOnceForNoText(t *testing.T) {
	var mu sync.Mutex
	blanks := 0
	m := &scriptedlm.Local{Weigh: func(q llm.ScoreRequest, option string) float64 {
		none := strings.Contains(q.Messages[1].Content, `"N/A"`)
		if none && strings.HasPrefix(option, "yes") {
			mu.Lock()
			blanks++
			mu.Unlock()
			return -1 // it says yes to anything
		}
		if strings.HasPrefix(option, "yes") {
			return -2
		}
		return -3
	}}
	cfg := opened(t, home(m, 2, func(v *judge.Voter) { v.Choose = judge.Calibrated }))
	votes, err := askAll(t.Context(), t, cfg, filepath.Join(t.TempDir(), "v.db"), 12)
	must(t, err)
	for _, v := range votes {
		if s, _ := v.Scored(); v.Choice() != "no" || s.Best(judge.ByTotal) != `{"choice": "yes"}` {
			t.Errorf("%+v", v)
		}
	}
	if blanks != 2 {
		t.Errorf("no text was asked about %d times by 2 voters", blanks)
	}
}

// A voter that writes is handed to the model in batches as well; unusable answers are asked for again.
func TestALocalVoterWrites(t *testing.T) {
	m := &scriptedlm.Local{Write: func(r llm.Request) llm.Reply {
		if strings.Contains(r.Messages[1].Content, "JSON object alone") {
			return llm.Reply{Text: `{"choice": "yes"}`}
		}
		return llm.Reply{Text: "Well."}
	}}
	cfg := opened(t, home(m, 1, func(v *judge.Voter) { v.Ask = judge.AskJSON }))
	votes, err := askAll(t.Context(), t, cfg, filepath.Join(t.TempDir(), "v.db"), 9)
	must(t, err)
	if len(votes) != 18 || votes[1].Choice() != "yes" || votes[0].Error == "" {
		t.Errorf("%d votes, %+v", len(votes), votes)
	}
}

// A local model draws its words by voter and draw, and the same again for both.
func TestADrawIsASeed(t *testing.T) {
	seeds := map[uint64]bool{}
	m := &scriptedlm.Local{Write: func(r llm.Request) llm.Reply {
		seeds[r.Sampling.Seed] = true
		return llm.Reply{Text: "yes"}
	}}
	cfg := opened(t, home(m, 1, func(v *judge.Voter) { v.Ask = judge.AskJSON }))
	for range 2 {
		store, j := openJudge(t, cfg, filepath.Join(t.TempDir(), "v.db"))
		for _, draw := range []string{"", "0", "1"} {
			q := judge.Question{Item: judge.Item{ID: "i", Text: "t"}, Prompt: judge.Prompt{Name: "p", Text: "p"},
				Parse: func(raw string) (string, error) { return raw, nil }}
			if draw != "" {
				q = q.Drawn(draw)
			}
			_, _, err := j.Ask(t.Context(), 0, q)
			must(t, err)
		}
		must(t, store.Close())
	}
	if len(seeds) != 3 {
		t.Errorf("%d seeds of three draws, asked in two runs", len(seeds))
	}
}

// A text that one model cannot read is one unusable answer; those that shared its batch are answered.
func TestOneRefusalIsNotTheBatchs(t *testing.T) {
	m := &scriptedlm.Local{}
	long := func(ctx context.Context, qs []llm.ScoreRequest) error {
		for _, q := range qs {
			if strings.Contains(q.Messages[1].Content, `"text 7"`) {
				return fault.New(fault.Invalid, "a prompt of 9,000 tokens: the model has 8,192 positions")
			}
		}
		return nil
	}
	cfg := home(m, 1, nil)
	cfg.Opener = func(context.Context, string, llm.Local) (llm.Provider, error) { return refuser{m, long}, nil }
	votes, err := askAll(t.Context(), t, opened(t, cfg), filepath.Join(t.TempDir(), "v.db"), 12)
	must(t, err)
	for _, v := range votes {
		if refused := v.Item == "t7"; refused == (v.Choice() != "") || refused == (v.Error == "") {
			t.Errorf("%+v", v)
		}
	}
}

type refuser struct {
	*scriptedlm.Local
	refuse func(context.Context, []llm.ScoreRequest) error
}

func (r refuser) Score(ctx context.Context, qs []llm.ScoreRequest) ([]llm.Scores, error) {
	if err := r.refuse(ctx, qs); err != nil {
		return nil, err
	}
	return r.Local.Score(ctx, qs)
}

// A run that is stopped while a batch is under way keeps all that came, and goes on to the same votes, asking nothing
// twice.
func TestAStoppedLocalRunGoesOn(t *testing.T) {
	whole := &scriptedlm.Local{}
	want, err := askAll(t.Context(), t, opened(t, home(whole, 3, nil)), filepath.Join(t.TempDir(), "v.db"), 30)
	must(t, err)
	for stopAt := 1; stopAt < 6; stopAt += 2 {
		db := filepath.Join(t.TempDir(), "v.db")
		ctx, stop := context.WithCancelCause(t.Context())
		n := 0
		m := &scriptedlm.Local{Before: func(ctx context.Context, _ int) error {
			if n++; n == stopAt {
				stop(fault.New(fault.Canceled, "Ctrl-C"))
			}
			return ctx.Err()
		}}
		first, err := askAll(ctx, t, opened(t, home(m, 3, nil)), db, 30)
		if err == nil || len(first) == 90 {
			t.Fatalf("stopped at batch %d: %d votes, %v", stopAt, len(first), err)
		}
		again := &scriptedlm.Local{}
		got, err := askAll(t.Context(), t, opened(t, home(again, 3, nil)), db, 30)
		must(t, err)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(judge.Vote{}, "At", "Latency")); diff != "" {
			t.Fatalf("stopped at batch %d, the run ends otherwise:\n%.2000s", stopAt, diff)
		}
		// Each voter's form without a text is asked again: it is no answer, and is not stored.
		if _, asked := again.Batches(); asked != 90-len(first)+3 {
			t.Errorf("stopped with %d of 90 answers, it asked %d more", len(first), asked)
		}
	}
}

// What a voter cannot do is refused by name before anybody is asked, and before a model is loaded where that is known.
func TestLacksAreRefusedByName(t *testing.T) {
	endpoint := func(v *judge.Voter) { v.Local, v.Endpoint = llm.Local{}, "e" }
	for says, change := range map[string]func(*judge.Voter){
		`endpoint "e" gives no log-probabilities`: func(v *judge.Voter) { endpoint(v); v.Ask = judge.AskChoices },
		"for provider = \"local\"":                func(v *judge.Voter) { endpoint(v); v.Batch = 8 },
		`provider "here"`:                         func(v *judge.Voter) { v.Provider = "here" },
		`choose "best"`:                           func(v *judge.Voter) { v.Choose = "best" },
		`ask "twice"`:                             func(v *judge.Voter) { v.Ask = "twice" },
		"is for ask":                              func(v *judge.Voter) { v.Ask, v.Choose = judge.AskJSON, judge.Calibrated },
		"batch -1":                                func(v *judge.Voter) { v.Batch = -1 },
		"want one of them":                        func(v *judge.Voter) { v.Endpoint = "e" },
	} {
		cfg := home(&scriptedlm.Local{}, 1, change)
		cfg.Endpoints = []llm.Endpoint{{Name: "e", BaseURL: "http://127.0.0.1:1/v1"}}
		_, err := cfg.Complete(func(string) error { return nil })
		if err == nil || !strings.Contains(err.Error(), says) || fault.ExitCode(err) != 2 {
			t.Errorf("%s: %v", says, err)
		}
	}
	m := &scriptedlm.Local{Lacks: true}
	cfg, err := home(m, 1, nil).Complete(func(string) error { return nil })
	must(t, err)
	_, err = cfg.Open(t.Context())
	if err == nil || !strings.Contains(err.Error(), "gives no log-probabilities") || !m.Closed() {
		t.Errorf("a model without scores: %v, closed %v", err, m.Closed())
	}
	cfg.Opener = nil
	if _, err := cfg.Open(t.Context()); err == nil {
		t.Error("a model was opened by nobody")
	}
	store, err := judge.Open(filepath.Join(t.TempDir(), "v.db"))
	must(t, err)
	defer store.Close()
	if _, err := judge.New(t.Context(), cfg, judge.Run{ID: "r", Kind: "k", Config: "{}"}, store); err == nil {
		t.Error("a judge sits without its model")
	}
}

// All that an answer of a local model depends on is in the run's name; where it lies and how many threads compute is
// not.
func TestLocalIdentities(t *testing.T) {
	id := func(i llm.Identity, change func(*judge.Voter)) string {
		run, err := judge.NewRun("k", opened(t, home(&scriptedlm.Local{ID: i}, 1, change)).Identities())
		must(t, err)
		return run.ID
	}
	base := llm.Identity{Kind: "local", Model: "m", Weights: "w", Rows: 2}
	same := id(base, nil)
	if id(base, func(v *judge.Voter) { v.Model.Name = "moved"; v.Threads = 2 }) != same {
		t.Error("a model that was moved is asked anew")
	}
	for what, other := range map[string]string{
		"weights": id(llm.Identity{Kind: "local", Model: "m", Weights: "x", Rows: 2}, nil),
		"rows":    id(llm.Identity{Kind: "local", Model: "m", Weights: "w", Rows: 8}, nil),
		"choose":  id(base, func(v *judge.Voter) { v.Choose = judge.PerByte }),
		"ask":     id(base, func(v *judge.Voter) { v.Ask = judge.AskJSON }),
	} {
		if other == same {
			t.Errorf("%s make no other run", what)
		}
	}
}

// A bound in tokens ends a local run as it ends an endpoint's, before it is overrun.
func TestABudgetBoundsALocalModel(t *testing.T) {
	cfg := home(&scriptedlm.Local{}, 1, nil)
	cfg.Budget.Tokens = 1000
	votes, err := askAll(t.Context(), t, opened(t, cfg), filepath.Join(t.TempDir(), "v.db"), 60)
	var used int64
	for _, v := range votes {
		used += v.TokensIn + v.TokensOut
	}
	if fault.Of(err) != fault.Exhausted || used > 1000 || len(votes) == 0 {
		t.Errorf("%d votes of %d tokens, %v", len(votes), used, err)
	}
	if errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
