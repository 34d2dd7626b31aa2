package interview

import (
	"math"
	"slices"

	"hives/questionnaire"
	"hives/structure"
)

// Structure is how values lie to each other over personas.
type Structure struct {
	Names   []string   `json:"names"`
	Raw     [][]Number `json:"raw"` // Pearson correlations
	Centred [][]Number `json:"centred"`
	// The same by ranks; N are the personas that have both values.
	RawSpearman     [][]Number  `json:"raw_spearman"`
	CentredSpearman [][]Number  `json:"centred_spearman"`
	N               [][]int     `json:"n"`
	MeanRaw         Number      `json:"mean_raw"`
	MeanCentred     Number      `json:"mean_centred"` // centring forces it towards Forced
	Forced          float64     `json:"forced"`       // −1/(V−1)
	Half            Number      `json:"half"`         // of the 95 % interval of a correlation of 0 over so many personas
	Map             [][2]Number `json:"map,omitempty"`
	Stress          Number      `json:"stress"`
	Circle          *Circle     `json:"circle,omitempty"`
}

// Circle compares the map with the order of a theory's circle.
type Circle struct {
	R            Number `json:"r"`
	P            Number `json:"p"`
	Permutations int    `json:"permutations"`
}

// structure correlates the groups of the circle, or else all scales, over the personas that count; nil with too few.
func (t *interviewer) structure(s *sheet, seed uint64) *Structure {
	names, ordered, raw, centred := t.inventory.matrices(s)
	if len(s.kept) < structure.Least {
		return nil
	}
	a, b := structure.Correlate(raw), structure.Correlate(centred)
	_, half := structure.Interval(0, len(raw))
	out := &Structure{
		Names: names, Raw: numbers(a.Pearson), Centred: numbers(b.Pearson), RawSpearman: numbers(a.Spearman),
		CentredSpearman: numbers(b.Spearman), N: a.N, MeanRaw: Number(a.MeanOff()),
		MeanCentred: Number(b.MeanOff()), Forced: -1 / float64(len(names)-1), Half: Number(half),
		Stress: Number(math.NaN()),
	}
	out.draw(b.Pearson, ordered, seed)
	return out
}

// matrices are scores [persona that counts][value], as they are and less the persona's own mean, of the groups of the
// circle (ordered), or else of all scales.
func (v *Inventory) matrices(s *sheet) (names []string, ordered bool, raw, centred [][]float64) {
	names = v.scales()
	of := func(x *questionnaire.Scores, name string) float64 { return x.Scales[name] }
	way := v.circleWay()
	if way != "" {
		names = v.Circle
		of = func(x *questionnaire.Scores, name string) float64 { return x.Groups[way+"/"+name] + x.Mean }
	}
	for _, p := range s.kept {
		var row, less []float64
		for _, name := range names {
			x := of(&s.scores[p], name)
			row, less = append(row, x), append(less, x-s.scores[p].Mean)
		}
		raw, centred = append(raw, row), append(centred, less)
	}
	return names, way != "", raw, centred
}

// circleWay is the way of grouping that holds all groups of the circle; "" without one. Ours has two ways, the ten
// basic values and the four higher ones, and the circle is of the ten.
func (v *Inventory) circleWay() string {
	for way, groups := range v.Groups {
		whole := len(v.Circle) > 0
		for _, name := range v.Circle {
			whole = whole && groups[name] != nil
		}
		if whole {
			return way
		}
	}
	return ""
}

// draw maps the centred correlations, where all are defined. One undefined distance would have to be guessed, and the
// map would be of the guess.
func (s *Structure) draw(r [][]float64, ordered bool, seed uint64) {
	for _, row := range r {
		if slices.ContainsFunc(row, math.IsNaN) {
			return
		}
	}
	d := structure.Distances(r, false)
	first, _ := structure.Classical(d)
	m, _ := structure.Smacof(d, first)
	for _, at := range m {
		s.Map = append(s.Map, [2]Number{Number(at[0]), Number(at[1])})
	}
	s.Stress = Number(m.Stress(d))
	if ordered {
		c, p := structure.Circle(m, permutations, seed)
		s.Circle = &Circle{Number(c), Number(p), permutations}
	}
}

func numbers(x [][]float64) (out [][]Number) {
	for _, row := range x {
		var r []Number
		for _, v := range row {
			r = append(r, Number(v))
		}
		out = append(out, r)
	}
	return out
}
