package compare

import (
	"math"
	"slices"

	"hives/internal/interview"
	"hives/structure"
)

// Model is one run's structure.
type Model struct {
	Name         string `json:"name"`
	Respondent   string `json:"respondent"`
	Judge        string `json:"judge"`
	Warning      string `json:"warning"`
	Checked      string `json:"checked"` // the judge: no, passed or failed
	Personas     int    `json:"personas"`
	Kept         int    `json:"kept"`
	Acquiescence Number `json:"acquiescence"`

	Correlations []Pair `json:"correlations,omitempty"`
	MeanRaw      Number `json:"mean_raw"`
	MeanCentred  Number `json:"mean_centred"`
	// Change is MeanRaw less the base's, with a 95 % bootstrap over personas that count in both.
	Change     Number `json:"mean_raw_change"`
	ChangeLow  Number `json:"mean_raw_change_low"`
	ChangeHigh Number `json:"mean_raw_change_high"`

	Map       [][2]Number `json:"map,omitempty"` // moved to mean 0 and norm 1, and turned onto the base's
	Stress    Number      `json:"stress"`
	Disparity Number      `json:"disparity"` // from the base's map: 0 the same shape, 1 nothing in common
	CircleR   Number      `json:"circle_r"`
	CircleP   Number      `json:"circle_p"`
}

// Pair is a correlation of two values over personas.
type Pair struct {
	A               string `json:"a"`
	B               string `json:"b"`
	N               int    `json:"n"`
	Raw             Number `json:"raw"`
	RawLow          Number `json:"raw_low"`
	RawHigh         Number `json:"raw_high"`
	RawSpearman     Number `json:"raw_spearman"`
	Centred         Number `json:"centred"`
	CentredLow      Number `json:"centred_low"`
	CentredHigh     Number `json:"centred_high"`
	CentredSpearman Number `json:"centred_spearman"`
}

const permutations = 1000

var undefined = Number(math.NaN())

// models computes the structure of all runs. The map of the base comes first: the others are turned onto it.
func (r *Result) models(runs []*run, seed uint64) {
	r.Names, r.Ordered = runs[0].sheet.Names, runs[0].sheet.Ordered
	r.Warning = runs[0].result.Warning
	var base structure.Map
	for i, x := range runs {
		m := Model{Name: x.Name(), Respondent: x.About.Respondent.Model, Judge: x.About.Judge.Model,
			Warning:  x.result.Warning,
			Personas: x.result.Personas, Kept: x.result.Kept, Acquiescence: x.result.Acquiescence,
			Checked: checked(x.result.Gate), MeanRaw: undefined,
			MeanCentred: undefined, Change: undefined, ChangeLow: undefined, ChangeHigh: undefined, Stress: undefined,
			Disparity: undefined, CircleR: undefined, CircleP: undefined}
		centred := m.correlate(x, r.Names)
		if at := m.place(centred, r.Ordered, seed); at != nil {
			if base == nil && i == 0 {
				base = at
			}
			m.turn(base, at)
		}
		if i > 0 && r.Paired {
			m.change(runs[0], x, seed)
		}
		r.Models = append(r.Models, m)
	}
}

// checked says in a word what came of the judge's check.
func checked(g *interview.Gate) string {
	switch {
	case g == nil || !g.Enough:
		return "no"
	case g.Passed:
		return "passed"
	}
	return "failed"
}

// rows are those of personas that count.
func rows(all [][]float64) (out [][]float64) {
	for _, row := range all {
		if row != nil {
			out = append(out, row)
		}
	}
	return out
}

// correlate fills in all pairs and returns the centred correlations.
func (m *Model) correlate(x *run, names []string) [][]float64 {
	raw, centred := rows(x.sheet.Raw), rows(x.sheet.Centred)
	if len(raw) < structure.Least {
		return nil
	}
	a, b := structure.Correlate(raw), structure.Correlate(centred)
	m.MeanRaw, m.MeanCentred = Number(a.MeanOff()), Number(b.MeanOff())
	for i := range names {
		for k := range i {
			p := Pair{A: names[k], B: names[i], N: a.N[i][k], Raw: Number(a.Pearson[i][k]),
				RawSpearman: Number(a.Spearman[i][k]),
				Centred:     Number(b.Pearson[i][k]), CentredSpearman: Number(b.Spearman[i][k])}
			low, high := structure.Interval(a.Pearson[i][k], a.N[i][k])
			p.RawLow, p.RawHigh = Number(low), Number(high)
			low, high = structure.Interval(b.Pearson[i][k], b.N[i][k])
			p.CentredLow, p.CentredHigh = Number(low), Number(high)
			m.Correlations = append(m.Correlations, p)
		}
	}
	return b.Pearson
}

// place maps the centred correlations; nil where one is undefined.
func (m *Model) place(r [][]float64, ordered bool, seed uint64) structure.Map {
	if len(r) < structure.Least || slices.ContainsFunc(r, func(row []float64) bool {
		return slices.ContainsFunc(row,
			math.IsNaN)
	}) {
		return nil
	}
	d := structure.Distances(r, false)
	start, _ := structure.Classical(d)
	at, _ := structure.Smacof(d, start)
	m.Stress = Number(at.Stress(d))
	if ordered {
		c, p := structure.Circle(at, permutations, seed)
		m.CircleR, m.CircleP = Number(c), Number(p)
	}
	return at
}

// turn puts the map onto the base's. Where the base has none, it is turned onto itself and has no disparity.
func (m *Model) turn(base, at structure.Map) {
	onto := base
	if onto == nil {
		onto = at
	}
	fitted, disparity := structure.Procrustes(onto, at)
	for _, p := range fitted {
		m.Map = append(m.Map, [2]Number{Number(p[0]), Number(p[1])})
	}
	if base != nil {
		m.Disparity = Number(disparity)
	}
}

// change compares the mean raw correlation with the base's over the personas that count in both.
func (m *Model) change(base, x *run, seed uint64) {
	var both []int
	for p := range x.sheet.Raw {
		if x.sheet.Raw[p] != nil && base.sheet.Raw[p] != nil {
			both = append(both, p)
		}
	}
	mean := func(of [][]float64, at []int) float64 {
		var drawn [][]float64
		for _, i := range at {
			drawn = append(drawn, of[both[i]])
		}
		return structure.Correlate(drawn).MeanOff()
	}
	statistic := func(at []int) float64 { return mean(x.sheet.Raw, at) - mean(base.sheet.Raw, at) }
	if len(both) < structure.Least {
		return
	}
	low, high := structure.Bootstrap(len(both), "compare correlations", seed, statistic)
	m.Change, m.ChangeLow, m.ChangeHigh = Number(statistic(structure.Whole(len(both)))), Number(low), Number(high)
}

// Scale is one scale of the inventory over all models.
type Scale struct {
	Code   string      `json:"code"`
	Name   string      `json:"name"`
	Models []ScaleMean `json:"models"`
}

// ScaleMean is a scale's figures of one model.
type ScaleMean struct {
	Model   string `json:"model"`
	Mean    Number `json:"mean"`
	Share   Number `json:"share"` // Mean on the scale from 0, the least option, to 1
	Centred Number `json:"centred"`
	// Change is Centred less the base's over the personas that count in both, with a 95 % bootstrap over them.
	Change Number `json:"change"`
	Low    Number `json:"low"`
	High   Number `json:"high"`
}

// scales compares them with the base.
func (r *Result) scales(runs []*run, seed uint64) {
	inventory := runs[0].Inventory()
	top := float64(len(inventory.Options) - 1)
	for at, code := range runs[0].Scales() {
		s := Scale{Code: code, Name: inventory.Scales[code].Name}
		for i, x := range runs {
			v := x.result.Values[at]
			one := ScaleMean{Model: x.Name(), Mean: v.Mean, Share: Number((float64(v.Mean) - 1) / top), Centred: v.Centred,
				Change: undefined, Low: undefined, High: undefined}
			if i > 0 && r.Paired {
				one.change(runs[0].sheet.Scales[code], x.sheet.Scales[code], seed)
			}
			s.Models = append(s.Models, one)
		}
		r.Scales = append(r.Scales, s)
	}
}

// change is the mean difference in pairs of personas.
func (s *ScaleMean) change(base, here []float64, seed uint64) {
	var d []float64
	for p := range here {
		if x := here[p] - base[p]; !math.IsNaN(x) {
			d = append(d, x)
		}
	}
	if len(d) < structure.Least {
		return
	}
	statistic := func(at []int) float64 {
		sum := 0.
		for _, i := range at {
			sum += d[i]
		}
		return sum / float64(len(at))
	}
	low, high := structure.Bootstrap(len(d), "compare scales", seed, statistic)
	s.Change, s.Low, s.High = Number(statistic(structure.Whole(len(d)))), Number(low), Number(high)
}
