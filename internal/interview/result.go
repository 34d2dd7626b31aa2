package interview

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"hives/internal/figure"
	"hives/questionnaire"
	"hives/structure"
)

// Unchecked stands in the first line of every output.
const Unchecked = "judge not checked: nobody has held it to people, so these figures describe model and judge together"

// Result is a run's figures.
type Result struct {
	Format    int    `json:"format"`
	Warning   string `json:"warning"`
	Run       string `json:"run"`
	Inventory string `json:"inventory"`
	Note      string `json:"note,omitempty"`

	Personas int            `json:"personas"`
	Kept     int            `json:"kept"`
	Dropped  map[string]int `json:"dropped,omitempty"` // respondents by reason
	Answers  int            `json:"answers"`
	Unusable int            `json:"unusable"`
	// Acquiescence is the mean of all answers, on a scale of 1 to K: who says yes to everything has K. Options has how
	// often each was the vote; one that has most of them is the judge's favourite.
	Acquiescence Number    `json:"acquiescence"`
	Options      []float64 `json:"options"`

	Values []Value `json:"values"`
	Groups []Value `json:"groups,omitempty"`

	Structure *Structure `json:"structure,omitempty"`
}

// Value is a scale, or a group of scales, over the personas that count.
type Value struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Mean     Number `json:"mean"`    // 1 … K; of a group none
	Centred  Number `json:"centred"` // less the persona's own mean
	Low      Number `json:"low"`     // of Centred, 95 %, bootstrap over personas
	High     Number `json:"high"`
	Unusable int    `json:"unusable"` // answers
}

// Structure is how values lie to each other over personas.
type Structure struct {
	Names       []string    `json:"names"`
	Raw         [][]Number  `json:"raw"` // Pearson correlations
	Centred     [][]Number  `json:"centred"`
	MeanRaw     Number      `json:"mean_raw"`
	MeanCentred Number      `json:"mean_centred"` // centring forces it towards Forced
	Forced      float64     `json:"forced"`       // −1/(V−1)
	Half        Number      `json:"half"`         // of the 95 % interval of a correlation of 0 over so many personas
	Map         [][2]Number `json:"map,omitempty"`
	Stress      Number      `json:"stress"`
	Circle      *Circle     `json:"circle,omitempty"`
}

// Circle compares the map with the order of a theory's circle.
type Circle struct {
	R            Number `json:"r"`
	P            Number `json:"p"`
	Permutations int    `json:"permutations"`
}

// Number is a figure that may be undefined.
type Number = figure.Number

const (
	resamples    = 2000
	permutations = 1000
)

// sheet is what numbers need: answers [persona][item], NaN where unusable, and each persona's scores.
type sheet struct {
	answers [][]float64
	scores  []questionnaire.Scores
	kept    []int // personas that count
}

func (t *interviewer) sheet(all []Answer) *sheet {
	s, n := &sheet{}, len(t.inventory.Items)
	scoring := t.inventory.scoring()
	for p := range t.personas {
		row := make([]float64, n)
		for i, a := range all[p*n : (p+1)*n] {
			row[i] = math.NaN()
			if a.Vote > 0 {
				row[i] = a.Vote
			}
		}
		one := scoring.Score(row)
		if one.Dropped == "" {
			s.kept = append(s.kept, p)
		}
		s.answers, s.scores = append(s.answers, row), append(s.scores, one)
	}
	return s
}

// result computes all figures from answers. It asks nobody, so a change here needs no call to be seen.
func (t *interviewer) result(all []Answer, run string, seed uint64) *Result {
	v, s := t.inventory, t.sheet(all)
	r := &Result{
		Format: 1, Warning: Unchecked, Run: run, Inventory: v.Name, Note: v.Note, Personas: len(t.personas),
		Kept: len(s.kept), Dropped: map[string]int{}, Answers: len(all), Options: make([]float64, len(v.Options)),
	}
	sum, n := 0., 0.
	for _, a := range all {
		if a.Vote == 0 {
			r.Unusable++
			continue
		}
		ties := tied(a.Shares)
		for _, k := range ties {
			r.Options[k] += 1 / float64(len(ties))
		}
		sum, n = sum+a.Vote, n+1
	}
	r.Acquiescence = Number(sum / n)
	for k := range r.Options {
		r.Options[k] /= max(1, n)
	}
	for _, one := range s.scores {
		if one.Dropped != "" {
			r.Dropped[one.Dropped]++
		}
	}
	t.values(r, s, all, seed)
	r.Structure = t.structure(s, seed)
	return r
}

// values takes means over personas. Who is left out counts in none. Unusable answers are counted by value: a question
// that a model will not answer shows here.
func (t *interviewer) values(r *Result, s *sheet, all []Answer, seed uint64) {
	unusable := map[string]int{}
	for i, a := range all {
		if a.Vote == 0 {
			unusable[t.inventory.Items[i%len(t.inventory.Items)].Scale]++
		}
	}
	for _, code := range t.inventory.scales() {
		one := t.value(s, seed, func(x *questionnaire.Scores) float64 { return x.Centred[code] })
		one.Code, one.Name, one.Unusable = code, t.inventory.Scales[code].Name, unusable[code]
		one.Mean = Number(mean(s.column(func(x *questionnaire.Scores) float64 { return x.Scales[code] })))
		r.Values = append(r.Values, one)
	}
	var names []string
	for name := range t.inventory.scoring().Groups {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		one := t.value(s, seed, func(x *questionnaire.Scores) float64 { return x.Groups[name] })
		one.Code, one.Name, one.Mean = name, name, Number(math.NaN())
		r.Groups = append(r.Groups, one)
	}
}

// column is one figure of all personas that count.
func (s *sheet) column(of func(*questionnaire.Scores) float64) (out []float64) {
	for _, p := range s.kept {
		out = append(out, of(&s.scores[p]))
	}
	return out
}

// value is a centred mean with its interval. Personas are resampled, not answers: those of one persona hang together.
func (t *interviewer) value(s *sheet, seed uint64, of func(*questionnaire.Scores) float64) Value {
	column := s.column(of)
	v := Value{Centred: Number(mean(column)), Low: Number(math.NaN()), High: Number(math.NaN())}
	if len(column) < structure.Least {
		return v
	}
	rng := rand.New(rand.NewPCG(seed, 0x696e74657276))
	drawn := make([]float64, resamples)
	again := make([]float64, len(column))
	for b := range drawn {
		for i := range again {
			again[i] = column[rng.IntN(len(column))]
		}
		drawn[b] = mean(again)
	}
	slices.SortFunc(drawn, cmp.Compare)
	v.Low, v.High = Number(drawn[resamples*25/1000]), Number(drawn[resamples*975/1000])
	return v
}

// mean of what is there; NaN of nothing.
func mean(x []float64) float64 {
	sum, n := 0., 0.
	for _, one := range x {
		if !math.IsNaN(one) {
			sum, n = sum+one, n+1
		}
	}
	return sum / n
}

// structure correlates the groups of the circle, or else all scales, over the personas that count; nil with too few.
func (t *interviewer) structure(s *sheet, seed uint64) *Structure {
	names, of := t.inventory.scales(), func(x *questionnaire.Scores, name string) float64 { return x.Scales[name] }
	way := t.circleWay()
	if way != "" {
		names = t.inventory.Circle
		of = func(x *questionnaire.Scores, name string) float64 { return x.Groups[way+"/"+name] + x.Mean }
	}
	if len(s.kept) < structure.Least {
		return nil
	}
	var raw [][]float64
	for _, p := range s.kept {
		var row []float64
		for _, name := range names {
			row = append(row, of(&s.scores[p], name))
		}
		raw = append(raw, row)
	}
	centred := make([][]float64, len(raw))
	for i, p := range s.kept {
		for _, x := range raw[i] {
			centred[i] = append(centred[i], x-s.scores[p].Mean)
		}
	}
	a, b := structure.Correlate(raw), structure.Correlate(centred)
	_, half := structure.Interval(0, len(raw))
	out := &Structure{
		Names: names, Raw: numbers(a.Pearson), Centred: numbers(b.Pearson), MeanRaw: Number(a.MeanOff()),
		MeanCentred: Number(b.MeanOff()), Forced: -1 / float64(len(names)-1), Half: Number(half),
		Stress: Number(math.NaN()),
	}
	out.draw(b.Pearson, way != "", seed)
	return out
}

// circleWay is the way of grouping that holds all groups of the circle; "" without one. Ours has two ways, the ten
// basic values and the four higher ones, and the circle is of the ten.
func (t *interviewer) circleWay() string {
	for way, groups := range t.inventory.Groups {
		whole := len(t.inventory.Circle) > 0
		for _, name := range t.inventory.Circle {
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
