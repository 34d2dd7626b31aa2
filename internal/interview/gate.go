package interview

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/strictjson"
	"hives/internal/textfile"
	"hives/questionnaire"
)

// Unchecked stands in the first line of every output of a run without a gate.
const Unchecked = "judge not checked: nobody has held it to people, so these figures describe model and judge together"

// Bounds of a judge that passes. A κ of .6 is what people who read the same answers reach among each other when the
// question is clear; a judge that gives one option to more than half of the answers has a favourite.
const (
	GateAnswers   = 100
	GateKappa     = .6
	GateCommonest = .5
)

// Gate is a judge held to labelled answers.
type Gate struct {
	Answers   int    `json:"answers"` // that it could read
	Unusable  int    `json:"unusable"`
	Kappa     Number `json:"kappa"`     // Cohen's, of options
	Commonest Number `json:"commonest"` // share of the judge's favourite option
	Passed    bool   `json:"passed"`
	Enough    bool   `json:"enough"` // answers to say so
}

// labelled is a line of a gate's file: an answer to one of the inventory's items, and the option that people chose.
//
//	{"item": "bec-1", "text": "I cook for her and listen.", "option": 6}
type labelled struct {
	Item   string `json:"item"`
	Text   string `json:"text"`
	Option int    `json:"option"` // from 1
}

// readGate reads labelled answers; "" is none.
func readGate(path string, v *Inventory) (out []labelled, err error) {
	if path == "" {
		return nil, nil
	}
	err = textfile.EachLine(path, func(n int, line []byte) error {
		var l labelled
		if err := strictjson.DecodeOnly(line, &l); err != nil {
			return fault.New(fault.Corrupt, "%s, line %d: %w", path, n, err)
		}
		switch {
		case v.item(l.Item) == nil:
			return fault.New(fault.Invalid, "%s, line %d: item %q is not in the inventory", path, n, l.Item)
		case l.Text == "":
			return fault.New(fault.Invalid, "%s, line %d: the text is empty", path, n)
		case l.Option < 1 || l.Option > len(v.Options):
			return fault.New(fault.Invalid, "%s, line %d: option %d: want 1 to %d", path, n, l.Option, len(v.Options))
		}
		out = append(out, l)
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fault.New(fault.Invalid, "%s holds no labelled answers", path)
	}
	return out, err
}

// item finds an item, nil where there is none.
func (v *Inventory) item(id string) *Item {
	at := slices.IndexFunc(v.Items, func(it Item) bool { return it.ID == id })
	if at < 0 {
		return nil
	}
	return &v.Items[at]
}

// check has the judge read the labelled answers as it reads a model's.
func (t *interviewer) check(ctx context.Context, j *judge.Judge, all []labelled) (*Gate, error) {
	if len(all) == 0 {
		return nil, nil
	}
	said := make([]int, len(all)) // option from 1, 0 where unusable
	err := j.Each(len(all), func(i int, turn *judge.Turn) error {
		shares, _, err := t.weigh(ctx, turn, t.inventory.item(all[i].Item), all[i].Text)
		if shares != nil {
			said[i] = questionnaire.Count([][]float64{shares}, len(shares)).Lowest + 1
		}
		return err
	}, func(bool) {})
	if err != nil {
		return nil, err
	}
	g := &Gate{}
	var a, b []int
	for i, option := range said {
		if option == 0 {
			g.Unusable++
			continue
		}
		a, b = append(a, option), append(b, all[i].Option)
	}
	g.Answers = len(a)
	g.Kappa, g.Commonest = Number(kappa(a, b, len(t.inventory.Options))), Number(commonest(a, len(t.inventory.Options)))
	g.Enough = g.Answers >= GateAnswers
	g.Passed = g.Enough && float64(g.Kappa) >= GateKappa && float64(g.Commonest) <= GateCommonest
	return g, nil
}

// kappa is Cohen's agreement of two readers beyond what their own shares of options give by chance: (p − e)/(1 − e).
// NaN without answers, or where both gave one option to all.
//
//	1 1 2 2 and 1 1 2 1     p 3/4, e ½·¾ + ½·¼ = ½, κ ½
func kappa(a, b []int, options int) float64 {
	n, agreed, chance := float64(len(a)), 0., 0.
	ofA, ofB := make([]float64, options+1), make([]float64, options+1)
	for i := range a {
		ofA[a[i]]++
		ofB[b[i]]++
		if a[i] == b[i] {
			agreed++
		}
	}
	for k := range ofA {
		chance += ofA[k] / n * ofB[k] / n
	}
	if chance == 1 {
		return math.NaN()
	}
	return (agreed/n - chance) / (1 - chance)
}

// commonest is the share of the option that was chosen most often; NaN without any.
func commonest(a []int, options int) float64 {
	counts := make([]int, options+1)
	for _, option := range a {
		counts[option]++
	}
	return float64(slices.Max(counts)) / float64(len(a))
}

// warning is the first line of every output.
func (g *Gate) warning() string {
	figures := func() string {
		return fmt.Sprintf("κ %.2f with %d labelled answers (want %.1f), its commonest option has %.0f %% (want at most "+
			"%.0f %%)",
			float64(g.Kappa), g.Answers, GateKappa, 100*float64(g.Commonest), 100*GateCommonest)
	}
	switch {
	case g == nil:
		return Unchecked
	case !g.Enough:
		return fmt.Sprintf("judge not checked: %d labelled answers are too few, a check takes %d", g.Answers, GateAnswers)
	case g.Passed:
		return "judge passed its check: " + figures()
	}
	return "judge FAILED its check: " + figures() + ", so these figures say nothing of values"
}
