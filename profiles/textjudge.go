package profiles

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/vidb"
)

// Which abstentions go to judges.
const (
	JudgeUnsure = "unsure" // those whose interval is too wide
	JudgeAll    = "all"    // those that are probably not about the value, too: they weigh little
)

// TextJudge has judges score what vectors leave open: a text and a value is a response among the value's texts of known
// score. Judges see the texts, and the votes file keeps them.
type TextJudge struct {
	Which     string // JudgeUnsure or JudgeAll
	Base      *vidb.Base
	Evaluator *vidb.Evaluator
	Options   vidb.ScoreOptions
	// Agree is told what it would take at most before anybody is asked. An error ends the job.
	Agree func(calls int, tokens int64) error
	Bar   func(label string, calls int64) vidb.Bar
}

// Validate refuses a choice that there is none of, and a database that the model was not fitted on.
func (j *TextJudge) Validate(m *TextModel) error {
	if j.Which != JudgeUnsure && j.Which != JudgeAll {
		return fault.Usage(fault.New(fault.Invalid, "--judge %q: want %s or %s", j.Which, JudgeUnsure, JudgeAll))
	}
	for i := range m.Values {
		v, err := j.Base.Find(m.Values[i].ID)
		if err != nil {
			return err
		}
		if got := v.Hash(); got != m.Values[i].Hash {
			return fault.New(fault.Mismatch, "profiles: %s has the scores %.12s in the database, the model was fitted on "+
				"%.12s: name the database of the fit, or fit again", v.ValueID, got, m.Values[i].Hash)
		}
	}
	return nil
}

// takes tells whether an abstention goes to judges.
func (j *TextJudge) takes(a Answer) bool { return a == Unsure || a == Beside && j.Which == JudgeAll }

// pending are the abstentions of all authors, a value at a time, each text once.
type pending struct {
	responses [][]vidb.Response // [V]
	seen      []map[string]bool // [V] by text_id
}

// ask has judges score the abstentions of all collectors, and hands each its own.
func (j *TextJudge) ask(ctx context.Context, m *TextModel, all []*Collector) error {
	p := pending{make([][]vidb.Response, len(m.Values)), make([]map[string]bool, len(m.Values))}
	for _, c := range all {
		for _, o := range c.open {
			p.add(o.value, o.id, c.words[o.id])
		}
	}
	var plans []*vidb.Plan
	calls, tokens := 0, int64(0)
	for i := range m.Values {
		if len(p.responses[i]) == 0 {
			plans = append(plans, nil)
			continue
		}
		v, err := j.Base.Find(m.Values[i].ID)
		if err != nil {
			return err
		}
		plan, err := j.Evaluator.Plan([]*vidb.Value{v}, j.Options, p.responses[i])
		if err != nil {
			return err
		}
		plans, calls, tokens = append(plans, plan), calls+plan.Calls, tokens+plan.Tokens
	}
	if err := j.Agree(calls, tokens); err != nil {
		return err
	}
	for i, plan := range plans {
		if plan == nil {
			continue
		}
		var bar vidb.Bar
		if j.Bar != nil {
			bar = j.Bar("judge "+m.Values[i].ID, int64(plan.Calls))
		}
		rows, _, err := plan.Score(ctx, bar)
		if err != nil {
			return err
		}
		judged := judgedOf(rows)
		for _, c := range all {
			c.take(i, judged)
		}
	}
	return nil
}

// add notes a text for a value once. Responses stand by their ids, whichever author came first.
func (p *pending) add(value int, id, words string) {
	if p.seen[value] == nil {
		p.seen[value] = map[string]bool{}
	}
	if p.seen[value][id] {
		return
	}
	p.seen[value][id] = true
	at, _ := slices.BinarySearchFunc(p.responses[value], id, func(r vidb.Response, id string) int {
		return strings.Compare(r.ID, id)
	})
	p.responses[value] = slices.Insert(p.responses[value], at, vidb.Response{ID: id, Text: words})
}

// judgedScore is what the judges said of a text.
type judgedScore struct{ value, sigma float64 }

// judgedOf are the texts that judges could place: the mean of their scores, and its doubt. A standard error se becomes
// a doubt on the scale of the model's, which is a mean error: √(2/π) se for a normal one, and the same .1. Judges err
// alike (they read the same text), so their errors are averaged and not divided.
//
//	one judge, score 4, se 1.8     4, doubt 1.54
//	first in every window          no standard error: its interval's width stands for it, where it has both ends
//	no usable answer               none
func judgedOf(rows []vidb.ResponseScore) map[string]judgedScore {
	type sums struct{ value, se, n float64 }
	by := map[string]sums{}
	for _, r := range rows {
		se := standardError(r)
		if r.Score == nil || math.IsNaN(se) {
			continue
		}
		s := by[r.ID]
		by[r.ID] = sums{s.value + *r.Score, s.se + se, s.n + 1}
	}
	out := map[string]judgedScore{}
	for id, s := range by {
		out[id] = judgedScore{s.value / s.n, math.Sqrt(2/math.Pi)*s.se/s.n + doubtFloor}
	}
	return out
}

// standardError is NaN where nothing tells.
func standardError(r vidb.ResponseScore) float64 {
	switch {
	case r.SE != nil:
		return *r.SE
	case r.Lo != nil && r.Hi != nil:
		return (*r.Hi - *r.Lo) / (2 * 1.96)
	}
	return math.NaN()
}

// take turns abstentions into answers. Where unsure texts count, they stand there already with what their vectors say:
// a judge's word takes the place of that.
func (c *Collector) take(value int, judged map[string]judgedScore) {
	v := &c.out.Values[value]
	taken := map[string]bool{}
	var told []Told
	for _, o := range c.open {
		s, known := judged[o.id]
		if o.value != value || !known {
			continue
		}
		taken[o.id] = true
		told = append(told, Told{ID: o.id, Value: s.value, Sum: Weight(o.rho, s.sigma), Judged: true,
			Off: judgedOff(s.sigma)})
		v.Judged++
		if o.why == Unsure {
			v.Unsure--
		} else {
			v.Beside--
		}
	}
	left := slices.DeleteFunc(c.told[value], func(t Told) bool { return taken[t.ID] })
	c.told[value] = append(left, told...)
}

// JudgeBill says what judges would take.
func JudgeBill(calls int, tokens int64) string {
	return fmt.Sprintf("judges: %d calls, about %d tokens, less what is answered already", calls, tokens)
}
