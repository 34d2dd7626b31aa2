package run

import (
	"cmp"
	"context"
	"io"
	"math"
	"slices"
	"strings"

	"hives/data"
	"hives/internal/audit"
	"hives/internal/audit/prompts"
	"hives/internal/figure"
	"hives/vidb"
)

// ablationLeast is how many default answers an ablation should rest on.
const ablationLeast = 100

// ablation is another way to score the default answers.
type ablation struct {
	panel string
	k, m  int
	seeds uint64 // how many
}

// ablations are windows of other sizes, other numbers of them, other panels. The first is the reference.
var ablations = []ablation{
	{vidb.PanelBucketed, 6, 20, 1},
	{vidb.PanelBucketed, 2, 3, 5}, {vidb.PanelBucketed, 3, 3, 5}, {vidb.PanelBucketed, 4, 3, 5},
	{vidb.PanelBucketed, 8, 3, 5},
	{vidb.PanelBucketed, 6, 1, 5}, {vidb.PanelBucketed, 6, 2, 5}, {vidb.PanelBucketed, 6, 3, 5},
	{vidb.PanelBucketed, 6, 4, 5}, {vidb.PanelBucketed, 6, 6, 5},
	{vidb.PanelFixed, 6, 3, 5}, {vidb.PanelRandom, 6, 3, 5},
}

// measured are the values that some cell steers, in the order in which they come, or those chosen where none does.
func measured(cells []prompts.Cell, chosen []string) (out []string) {
	for _, c := range cells {
		for _, v := range c.Values {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	if out == nil {
		return chosen
	}
	return out
}

// part is an answer's condition with a value that it was not steered by.
type part struct{ condition, value string }

// parts are the single prompts that prompts of two values are made of, each with the other value: what a prompt for
// care does to fairness is needed to tell what care and fairness do together. Of five values it would be five times
// the windows.
//
//	two:care+fairness:+2,+1     anchor:care:+2 on fairness, anchor:fairness:+1 on care
func parts(cells []prompts.Cell) map[part]bool {
	out := map[part]bool{}
	for _, several := range cells {
		if several.Regime != audit.RegimeTwo {
			continue
		}
		for _, c := range cells {
			if c.Regime != audit.RegimeAnchor || several.Target(c.Values[0]) != c.Targets[0] {
				continue
			}
			for _, v := range several.Values {
				out[part{c.ID, v}] = true
			}
		}
	}
	return out
}

// id names a response among those of a run.
func id(a audit.Answer) string { return a.Condition + "\x00" + a.Query }

// response is an answer as it is scored. Its pair is its query: a default answer and a steered one meet the same
// anchors at the same places.
func response(a audit.Answer) vidb.Response {
	return vidb.Response{ID: id(a), Query: a.Query, Text: data.CleanText(a.Text), Pair: a.Query,
		Refused: a.Refusal == audit.Refused}
}

// tasks are one for each value, with all answers that have a score on it: the default ones, those that were steered by
// it, and those that a prompt of two values is held to. Together, since a judge's sharpness is fitted to a task: both
// sides of a difference must share it. Behind them, if asked for, come those of the ablation.
func (r *run) tasks(answers []audit.Answer) (out []vidb.ScoreTask) {
	of := map[string]audit.Condition{}
	for _, c := range r.cells {
		of[c.ID] = c.Condition
	}
	var plain []vidb.Response
	for _, a := range answers {
		if a.Condition == audit.Default {
			plain = append(plain, response(a))
		}
	}
	for _, v := range r.values {
		t := vidb.ScoreTask{Value: v, Options: r.job.Scoring, Responses: slices.Clone(plain)}
		for _, a := range answers {
			if of[a.Condition].Target(v) != 0 || r.parts[part{a.Condition, v}] {
				t.Responses = append(t.Responses, response(a))
			}
		}
		out = append(out, t)
	}
	if !r.job.Ablate {
		return out
	}
	for _, v := range r.values {
		for _, a := range ablations {
			for seed := range a.seeds {
				o := r.job.Scoring
				o.K, o.M, o.Panel, o.Seed = a.k, a.m, a.panel, o.Seed+seed
				out = append(out, vidb.ScoreTask{Value: v, Options: o, Responses: plain})
			}
		}
	}
	return out
}

// placeholder stands for an answer that nobody has given yet, in an estimate: about a hundred words.
var placeholder = strings.Repeat("some words of an answer ", 20)

// guessed are answers as long as they may be, for an estimate.
func (r *run) guessed() []audit.Answer {
	out := make([]audit.Answer, r.ask.pairs())
	for n := range out {
		c, q := r.ask.pair(n)
		out[n] = audit.Answer{Query: q.ID, Condition: c.ID, Text: placeholder}
	}
	return out
}

// scoring is the job of package vidb.
func (r *run) scoring() vidb.ScoreJob {
	return vidb.ScoreJob{Path: r.job.VIDB, Known: r.job.Known, Config: r.crew.judges, Votes: r.votes(), Bar: r.job.Bar}
}

// score puts the answers among texts of known score and fills the record's rows in. What is to beware of in the main
// scores, such as a judge that likes places or long answers, is printed.
func (r *run) score(ctx context.Context, answers []audit.Answer, into *audit.Record) error {
	tasks := r.tasks(answers)
	rows, summaries, err := vidb.ScoreTasks(ctx, r.scoring(), tasks)
	if rows != nil {
		main := summaries[:len(r.values)*len(r.crew.judges.Voters)]
		if err := vidb.WriteSummaries(cmp.Or(r.job.Stdout, io.Discard), main); err != nil {
			return err
		}
	}
	for at, t := range tasks {
		if rows == nil {
			break
		}
		for _, s := range rows[at] {
			condition, query, _ := strings.Cut(s.ID, "\x00")
			if at < len(r.values) {
				into.Scores = append(into.Scores, audit.Score{Query: query, Condition: condition, Value: t.Value, Judge: s.Judge,
					Score: number(s.Score), Lo: number(s.Lo), Hi: number(s.Hi), SE: number(s.SE), Beta: figure.Number(s.Beta),
					Status: string(s.Status), Asked: s.WindowsAsked, Used: s.WindowsUsed})
				continue
			}
			into.Ablation = append(into.Ablation, audit.Ablation{Query: query, Value: t.Value, Judge: s.Judge, Panel: s.Panel,
				K: s.K, M: s.M, Seed: s.Seed, Score: number(s.Score), Status: string(s.Status)})
		}
	}
	return err
}

// number is a score that may be missing.
func number(x *float64) figure.Number {
	if x == nil {
		return figure.Number(math.NaN())
	}
	return figure.Number(*x)
}
