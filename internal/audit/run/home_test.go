package run

import (
	"context"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/audittest"
	"hives/internal/rig/scripted"
	"hives/internal/rig/scriptedlm"
)

// Two models on this machine do all of it without a file, and without a budget: nobody is paid. The rubric compares its
// two answers by probability. The control is a subject that declines.
func TestAllAtHome(t *testing.T) {
	w := audittest.New(t, power)
	model := func(r llm.Request) llm.Reply {
		last := r.Messages[len(r.Messages)-1].Content
		if len(r.Messages) == 1 { // no system message: the subject
			return llm.Reply{Text: w.Answer(scripted.Call{Model: Subject, User: last}).Content}
		}
		return llm.Reply{Text: w.Answer(scripted.Call{Model: "judge", User: last}).Content}
	}
	m := &scriptedlm.Local{ID: llm.Identity{Kind: llm.AtHome, Model: "small", Weights: "ab"}, Write: model}
	m.Weigh = func(q llm.ScoreRequest, option string) float64 {
		declined := strings.Contains(q.Messages[len(q.Messages)-1].Content, audittest.Refusal)
		if (option == "true}") == declined {
			return -1
		}
		return -2
	}
	for _, refuses := range []bool{false, true} {
		w.Subject = audittest.Doses(1)
		w.Subject.Refuses = refuses
		j := job("", w.VIDB, t.TempDir())
		j.Config, j.Yes = Home("a/subject", "a/judge", llm.Local{Batch: 2}, judge.ByTotal), false
		j.Config.Opener = m.Opener
		r := ran(t, j)
		c := Count(r)
		if want := map[bool]int{true: c.Answers}[refuses]; c.Answers != 15 || c.Refused != want || c.Unscored > 0 {
			t.Errorf("refuses %v: %+v", refuses, c)
		}
		if r.About.Model.Kind != llm.AtHome || r.About.Rubric.Weights != "ab" || r.About.Judges[0].Prompt != "plain.v1" {
			t.Errorf("%+v", r.About)
		}
	}
}

// A model that reads its own answers must be asked for by name.
func TestSelfJudge(t *testing.T) {
	c := Home("a/model", "a/model", llm.Local{}, judge.ByTotal)
	if _, err := c.complete(false); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "--self-judge") {
		t.Errorf("%v", err)
	}
	crew, err := c.complete(true)
	must(t, err)
	if s := crew.asked.Voters[subject]; s.Temperature != 1 || s.MaxTokens != 150 || s.Ask != judge.AskJSON {
		t.Errorf("%+v", s)
	}
	if r := crew.asked.Voters[rubric]; r.Ask != judge.AskChoices || r.Temperature != 0 || len(crew.judges.Voters) != 1 {
		t.Errorf("%+v", r)
	}
}

// One budget bounds answers and scores together: one that would do for either step alone is spent in the second. The
// control is a budget for both.
func TestOneBudgetForBothSteps(t *testing.T) {
	w := audittest.New(t, power)
	s := scripted.New(t, w.Answer)
	j := job(s.URL, w.VIDB, t.TempDir())
	j.Config.Parallel, j.Config.Endpoints[0].Parallel = 1, 1
	whole := ran(t, j)
	var answers, scores int64
	for _, c := range s.Calls() {
		n := w.Answer(c).Usage
		if c.Model == "judge" {
			scores += int64(n[0] + n[1])
		} else {
			answers += int64(n[0] + n[1])
		}
	}
	const underWay = 600 // tokens that one request may take at the most
	if answers/2 < underWay || scores < answers {
		t.Fatalf("%d tokens of answers, %d of scores: no budget tells the two apart", answers, scores)
	}
	j.Out = t.TempDir()
	j.Config.Budget.Tokens = scores + answers/2
	if _, err := Run(context.Background(), j); fault.Of(err) != fault.Exhausted {
		t.Fatalf("%v", err)
	}
	j.Config.Budget.Tokens = scores + answers + underWay
	if again := ran(t, j); len(again.Scores) != len(whole.Scores) || again.About.Model.Kind != llm.AtEndpoint {
		t.Errorf("%d scores", len(again.Scores))
	}
}
