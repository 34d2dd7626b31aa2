package judge

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
)

// asker is a judge of one voter at a scripted server, with a question whose usable answers begin with "good".
type asker struct {
	*Judge
	server *scripted.Server
	q      Question
}

func newAsker(t *testing.T, replies ...scripted.Reply) asker {
	t.Helper()
	s, v := openTest(t)
	server := scripted.New(t, func(c scripted.Call) scripted.Reply { return replies[min(c.N, len(replies))-1] })
	cfg := Config{Attempts: 3, Parallel: 1, Voters: []Voter{{Name: "v", Endpoint: "e", Model: llm.Model{Name: "m",
		MaxTokens: 10}}}}
	cfg.Endpoints = []llm.Endpoint{{Name: "e", BaseURL: server.URL, MaxTries: 3, MaxWait: cli.Duration(time.Millisecond)}}
	cfg, err := cfg.Complete(func(string) error { return nil })
	must(t, err)
	j, err := New(context.Background(), cfg, Run{ID: v.Run, Kind: KindLabel, Config: "{}"}, s)
	must(t, err)
	return asker{j, server, Question{
		Item: Item{ID: v.Item}, Prompt: Prompt{Name: "plain.v1", Text: "which?"}, About: "svt", System: "system",
		User: "user",
		Parse: func(raw string) (string, error) {
			if !strings.HasPrefix(raw, "good") {
				return "", errors.New("not good")
			}
			return `"` + raw + `"`, nil
		},
	}}
}

func TestAskStoresEveryAnswerAndAsksNothingTwice(t *testing.T) {
	ctx := context.Background()
	a := newAsker(t, scripted.Reply{Content: "bad"}, scripted.Reply{Content: "good 1"}, scripted.Reply{Content: "good 2"})
	for round := range 3 {
		v, asked, err := a.Ask(ctx, 0, a.q)
		if err != nil || v.Parsed != `"good 1"` || v.Attempt != 2 || asked != (round == 0) {
			t.Fatalf("round %d: %+v, asked %v, %v", round, v, asked, err)
		}
	}
	calls := a.server.Calls()
	if len(calls) != 2 || calls[0].User == calls[1].User {
		t.Errorf("%d calls; the second must say that the first was unusable", len(calls))
	}
	all, err := a.store.ItemVotes(ctx, "r", "i")
	must(t, err)
	if len(all) != 2 || all[0].Raw != "bad" || all[0].Parsed != "" || all[0].Error != "not good" {
		t.Errorf("stored %+v", all)
	}
	tokens, _, answers, err := a.store.Used(ctx, "r")
	if err != nil || answers != 2 || tokens != all[0].TokensIn+all[0].TokensOut+all[1].TokensIn+all[1].TokensOut {
		t.Errorf("used %d tokens in %d answers, %v", tokens, answers, err)
	}
}

// Two who come to one question at the same moment get one answer: the second waits for it. Each by itself would find
// none stored, and the second answer would have no place.
func TestTwoAskersOfOneQuestion(t *testing.T) {
	ctx := context.Background()
	both := make(chan struct{})
	a := newAsker(t, scripted.Reply{Content: "good 1", BeforeSend: func() { <-both }})
	var g errgroup.Group
	came := make(chan bool, 8)
	for range 8 {
		g.Go(func() error {
			v, asked, err := a.Ask(ctx, 0, a.q)
			if err == nil && v.Parsed != `"good 1"` {
				err = errors.New("another answer")
			}
			came <- asked
			return err
		})
	}
	time.Sleep(20 * time.Millisecond) // all eight are under way; were they not, the test would only see less
	close(both)
	must(t, g.Wait())
	close(came)
	asked := 0
	for yes := range came {
		if yes {
			asked++
		}
	}
	if n := len(a.server.Calls()); n != 1 || asked != 1 {
		t.Errorf("%d calls, and %d of eight were told that they asked", n, asked)
	}
}

// A question that is drawn again has an answer of its own, which is found again by its draw.
func TestDrawnQuestionsHaveAnswersOfTheirOwn(t *testing.T) {
	ctx := context.Background()
	a := newAsker(t, scripted.Reply{Content: "good 1"}, scripted.Reply{Content: "good 2"},
		scripted.Reply{Content: "good 3"})
	for i, draw := range []string{"", "first", "second", "first", ""} {
		q := a.q
		if draw != "" {
			q = q.Drawn(draw)
		}
		v, asked, err := a.Ask(ctx, 0, q)
		want := map[string]string{"": `"good 1"`, "first": `"good 2"`, "second": `"good 3"`}[draw]
		if err != nil || v.Parsed != want || asked != (i < 3) {
			t.Errorf("draw %q: %s, asked %v, %v, want %s", draw, v.Parsed, asked, err, want)
		}
	}
	calls := a.server.Calls()
	if len(calls) != 3 || calls[0].User != calls[1].User || calls[0].System != calls[2].System {
		t.Error("a draw changes the words of the request")
	}
}

func TestAskGivesUpAfterItsAttempts(t *testing.T) {
	a := newAsker(t, scripted.Reply{Content: "bad"})
	for range 2 {
		v, _, err := a.Ask(context.Background(), 0, a.q)
		if err != nil || v.Parsed != "" || v.Attempt != 3 || len(a.server.Calls()) != 3 {
			t.Fatalf("%+v %v after %d calls", v, err, len(a.server.Calls()))
		}
	}
}

func TestAskKeepsARefusalAsAnUnusableAnswer(t *testing.T) {
	a := newAsker(t, scripted.Reply{Status: 400})
	v, _, err := a.Ask(context.Background(), 0, a.q)
	if err != nil || v.Parsed != "" || v.Error == "" || len(a.server.Calls()) != 3 {
		t.Errorf("%+v %v after %d calls", v, err, len(a.server.Calls()))
	}
}

func TestAskStoresNothingOfAFailure(t *testing.T) {
	a := newAsker(t, scripted.Reply{Status: 503})
	if _, _, err := a.Ask(context.Background(), 0, a.q); fault.Of(err) != fault.Unavailable {
		t.Error(err)
	}
	if all, err := a.store.ItemVotes(context.Background(), "r", "i"); err != nil || len(all) != 0 {
		t.Errorf("stored %+v, %v", all, err)
	}
}

// Free text is kept with why it ended, is asked for in the same words when a request is refused, and has no system
// message where the prompt has none. The control is a question of a form, which has one and is asked in other words.
func TestFreeTextIsKept(t *testing.T) {
	ctx := context.Background()
	a := newAsker(t, scripted.Reply{Status: 400}, scripted.Reply{Content: " bad ", Finish: "length"})
	q := a.q
	q.System, q.Parse = "", nil
	q.Keep = func(r llm.Reply) (string, error) { return `"` + string(r.Finish) + `"`, nil }
	v, _, err := a.Ask(ctx, 0, q)
	if err != nil || v.Parsed != `"length"` || v.Raw != " bad " || v.Attempt != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	for _, c := range a.server.Calls() {
		if c.User != "user" || c.System != "" {
			t.Errorf("asked with %+v", c)
		}
	}
	a = newAsker(t, scripted.Reply{Status: 400})
	if _, _, err := a.Ask(ctx, 0, a.q); err != nil || a.server.Calls()[1].User == "user" ||
		a.server.Calls()[0].System != "system" {
		t.Error("a question of a form is asked like free text", err)
	}
}
