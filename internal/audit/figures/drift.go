package figures

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"hives/internal/audit"
	"hives/internal/fault"
	"hives/steer"
)

// What a change is a change of.
const (
	OfDefault = "default"  // score without steering
	OfGain    = "gain"     // movement under a prompt
	OfRefusal = "refusals" // rate over queries
)

// Drift is two audits side by side, query by query.
type Drift struct {
	Format   int      `json:"format"`
	Kind     string   `json:"kind"`
	Before   string   `json:"before"`
	After    string   `json:"after"`
	Same     bool     `json:"same_model"`
	Warnings []string `json:"warnings"`
	Queries  int      `json:"queries"`  // in both
	Compared int      `json:"compared"` // that were corrected for together
	Alpha    float64  `json:"alpha"`
	Changes  []Change `json:"changes"`
}

// Change is one comparison: after less before.
type Change struct {
	Of     string `json:"of"`
	Value  string `json:"value_id,omitempty"`
	Regime string `json:"regime"`
	Target int    `json:"target"` // 0: without steering
	N      int    `json:"n"`
	Before Number `json:"before"`
	After  Number `json:"after"`
	Mean   Number `json:"difference"`
	SE     Number `json:"se"`
	Low    Number `json:"low"`
	High   Number `json:"high"`
	P      Number `json:"p"`
	Holm   Number `json:"p_holm"`
	// Changed: its p stands among all comparisons. Why says what is in the way of a claim.
	Changed bool   `json:"changed"`
	Why     string `json:"why,omitempty"`
}

// Compare holds two records against each other. They must have been made in one way: only the model may differ. What
// is in one of them alone is not compared.
func Compare(a, b audit.Record) (*Drift, error) {
	if err := comparable(a, b); err != nil {
		return nil, err
	}
	d := &Drift{Format: 1, Kind: "drift", Before: model(a), After: model(b), Alpha: alpha,
		Same: a.About.Model.Hash() == b.About.Model.Hash()}
	a, b, d.Queries = shared(a, b)
	if d.Queries == 0 {
		return nil, fault.New(fault.Mismatch, "the two audits have no query in common")
	}
	x, y := newMaterial(a, nil), newMaterial(b, nil)
	for _, value := range x.values {
		d.Changes = append(d.Changes, x.changes(y, value)...)
	}
	d.Changes = append(d.Changes, x.refusalChanges(y)...)
	d.conclude()
	return d, nil
}

func model(r audit.Record) string { return r.About.Model.Model }

// comparable refuses audits whose scores do not mean the same: other judges, windows, databases, prompts, or another
// way of generating. Each would show as a drift of the model.
func comparable(a, b audit.Record) error {
	var unlike []string
	differ := func(what string, x, y any) { unlike = append(unlike, differences(what, decoded(x), decoded(y))...) }
	differ("judges", a.About.Judges, b.About.Judges)
	differ("rubric", a.About.Rubric, b.About.Rubric)
	differ("scoring", a.About.Scoring, b.About.Scoring)
	differ("temperature", a.About.Temperature, b.About.Temperature)
	differ("tokens", a.About.MaxTokens, b.About.MaxTokens)
	differ("prompts", a.About.Settings, b.About.Settings)
	for _, value := range slices.Sorted(maps.Keys(a.About.VIDB)) {
		if hash, both := b.About.VIDB[value]; both {
			differ("scale of "+value, a.About.VIDB[value], hash)
		}
	}
	prompts := map[string]string{}
	for _, c := range a.Conditions {
		prompts[c.ID] = c.Hash
	}
	for _, c := range b.Conditions {
		if hash, both := prompts[c.ID]; both {
			differ("prompt of "+c.ID, hash, c.Hash)
		}
	}
	if len(unlike) > 0 {
		return fault.New(fault.Mismatch, "the two audits were made in two ways, and a difference would not be the model's: "+
			"%s. Audit one of them again as the other was", strings.Join(unlike, "; "))
	}
	return nil
}

// decoded is a setting as its file has it: an object, a list, a text or a number.
func decoded(x any) (p any) {
	raw, _ := json.Marshal(x)
	_ = json.Unmarshal(raw, &p)
	return p
}

// differences names the settings in which two differ, each by its path: {k: 8, m: 4} and {k: 8, m: 2} make
// "scoring.m: 4, then 2".
func differences(what string, x, y any) (out []string) {
	p, object := x.(map[string]any)
	q, both := y.(map[string]any)
	if !object || !both {
		if !reflect.DeepEqual(x, y) {
			out = append(out, fmt.Sprintf("%s: %s, then %s", what, told(x), told(y)))
		}
		return out
	}
	keys := maps.Clone(p)
	maps.Copy(keys, q)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		out = append(out, differences(what+"."+key, p[key], q[key])...)
	}
	return out
}

// told is a setting for a reader.
func told(x any) string {
	if x == nil {
		return "none"
	}
	if list, ok := x.([]any); ok {
		return fmt.Sprintf("%d (%s)", len(list), join(list, told))
	}
	if object, ok := x.(map[string]any); ok {
		var words []string
		for _, key := range slices.Sorted(maps.Keys(object)) {
			words = append(words, key+" "+told(object[key]))
		}
		return strings.Join(words, ", ")
	}
	return fmt.Sprint(x)
}

// shared keeps the queries that both have, with one text, and what belongs to them. An id whose text was changed is
// another query.
func shared(a, b audit.Record) (audit.Record, audit.Record, int) {
	texts := map[string]string{}
	for _, q := range a.Queries {
		texts[q.ID] = q.Text
	}
	both := map[string]bool{}
	for _, q := range b.Queries {
		both[q.ID] = texts[q.ID] == q.Text && q.Text != ""
	}
	keep := func(r audit.Record) audit.Record {
		r.Queries = slices.DeleteFunc(slices.Clone(r.Queries), func(q audit.Query) bool { return !both[q.ID] })
		r.Answers = slices.DeleteFunc(slices.Clone(r.Answers), func(x audit.Answer) bool { return !both[x.Query] })
		r.Scores = slices.DeleteFunc(slices.Clone(r.Scores), func(x audit.Score) bool { return !both[x.Query] })
		slices.SortFunc(r.Queries, func(p, q audit.Query) int { return cmp.Compare(p.ID, q.ID) })
		return r
	}
	a, b = keep(a), keep(b)
	return a, b, len(a.Queries)
}

// changes are those of one value: its level without steering, and its gains. A gain is a difference already, so a
// change of it is noisier than one of a level. Both are compared: a model may change in its level alone, or only in how
// far it follows.
func (m *material) changes(after *material, value string) (out []Change) {
	if !slices.Contains(after.values, value) {
		return nil
	}
	add := func(of, regime string, target int, before, now []float64) {
		p := steer.PairedOf(before, now)
		out = append(out, Change{Of: of, Value: value, Regime: regime, Target: target, N: p.N, Mean: Number(p.Mean),
			Before: meanOf(before).Mean, After: meanOf(now).Mean, SE: Number(p.SE), Low: Number(p.Low), High: Number(p.High),
			P: Number(p.P)})
	}
	add(OfDefault, audit.RegimeDefault, 0, m.levels(m.plain, value), after.levels(after.plain, value))
	for _, regime := range m.order {
		for target := -2; target <= 2; target++ {
			key := single{regime, value, target}
			if m.single[key] != nil && after.single[key] != nil {
				add(OfGain, regime, target, m.deltas(m.single[key], value), after.deltas(after.single[key], value))
			}
		}
	}
	return out
}

// refusalChanges are those of every condition of at most one value.
func (m *material) refusalChanges(after *material) (out []Change) {
	add := func(regime, value string, target int, before, now []*answer) {
		r := steer.RefusalsOf(judgements(before), judgements(now))
		if r.N == 0 {
			return
		}
		none := Number(math.NaN())
		out = append(out, Change{Of: OfRefusal, Regime: regime, Value: value, Target: target, N: r.N,
			Before: Number(r.Before), After: Number(r.After), Mean: Number(r.After - r.Before), SE: none, Low: none, High: none,
			P: Number(r.P)})
	}
	add(audit.RegimeDefault, "", 0, m.plain, after.plain)
	keys := slices.SortedFunc(maps.Keys(m.single), func(a, b single) int {
		return cmp.Or(cmp.Compare(a.value, b.value), byRegime(a.regime, b.regime), cmp.Compare(a.target, b.target))
	})
	for _, key := range keys {
		if after.single[key] != nil {
			add(key.regime, key.value, key.target, m.single[key], after.single[key])
		}
	}
	return out
}

func judgements(answers []*answer) (out []steer.Refused) {
	for _, a := range answers {
		if a == nil {
			out = append(out, steer.Unknown)
		} else {
			out = append(out, a.refused())
		}
	}
	return out
}

// conclude corrects all comparisons together: levels, gains and rates are one family, since any of them would be called
// a drift.
func (d *Drift) conclude() {
	var p []float64
	for _, c := range d.Changes {
		p = append(p, float64(c.P))
		if c.P.Known() {
			d.Compared++
		}
	}
	for i, holm := range steer.Corrected(p) {
		c := &d.Changes[i]
		c.Holm, c.Changed = Number(holm), holm <= alpha
		if !c.P.Known() {
			c.Why = fmt.Sprintf("%d queries with both numbers, %d are needed", c.N, steer.LeastQueries)
		}
	}
	d.Warnings = []string{"each model's answer to a query was drawn once: a difference holds the luck of that draw, and " +
		"its interval knows of it"}
}

// Changed are the comparisons that stand.
func (d *Drift) Changed() (out []Change) {
	for _, c := range d.Changes {
		if c.Changed {
			out = append(out, c)
		}
	}
	return out
}

// Label names a comparison in a line.
//
//	mft/care-harm, without steering
//	mft/care-harm, gain of anchor at +2
//	refusals of mft/care-harm, anchor at +2
func (c *Change) Label() string {
	what := "without steering"
	if c.Target != 0 {
		what = fmt.Sprintf("%s at %+d", c.Regime, c.Target)
	}
	switch {
	case c.Of == OfRefusal && c.Value == "":
		return "refusals " + what
	case c.Of == OfRefusal:
		return "refusals of " + c.Value + ", " + what
	case c.Of == OfGain:
		return c.Value + ", gain of " + what
	}
	return c.Value + ", " + what
}
