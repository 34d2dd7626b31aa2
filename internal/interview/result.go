package interview

import (
	"maps"
	"math"
	"slices"

	"hives/internal/figure"
	"hives/questionnaire"
	"hives/structure"
)

// Result is a run's figures.
type Result struct {
	Format    int    `json:"format"`
	Warning   string `json:"warning"`
	Run       string `json:"run"`
	Inventory string `json:"inventory"`
	Note      string `json:"note,omitempty"`

	Gate *Gate `json:"gate,omitempty"`

	Personas int            `json:"personas"`
	Repeats  int            `json:"repeats"`
	Ties     string         `json:"ties"`
	Kept     int            `json:"kept"`
	Dropped  map[string]int `json:"dropped,omitempty"` // respondents by reason
	Answers  int            `json:"answers"`
	Unusable int            `json:"unusable"`
	Refused  int            `json:"refused"` // of the unusable ones
	// Acquiescence is the mean of all answers, on a scale of 1 to K: who says yes to everything has K. Options has how
	// often each was the vote; one that has most of them is the judge's favourite.
	Acquiescence Number    `json:"acquiescence"`
	Options      []float64 `json:"options"`
	// Nothing is the mean place on the scale that the judge gives an empty answer: what it says whatever is said.
	Nothing Number `json:"nothing"`

	Values []Value `json:"values"`
	Groups []Value `json:"groups,omitempty"`

	Items     []ItemVote `json:"items"`
	Structure *Structure `json:"structure,omitempty"`
}

// ItemVote is the vote over all answers to one item, of all personas.
type ItemVote struct {
	ID        string `json:"id"`
	Scale     string `json:"scale"`
	Answers   int    `json:"answers"`
	Vote      Number `json:"vote"`      // 1 … K, by the rule for ties
	Expected  Number `json:"expected"`  // mean place on the scale by shares
	Agreement Number `json:"agreement"` // share of the answers whose vote it is
	Entropy   Number `json:"entropy"`   // of the mean shares, in bits
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

// Number is a figure that may be undefined.
type Number = figure.Number

const permutations = 1000

var nan = math.NaN()

// Rules for options with equally many votes: that with the larger summed share, then the lower one; the lower one; or
// the mean of their places.
//
// One answer alone can tie as well: a judge that writes, and took what stood first in both orders, gives two options
// half a share each. Under Soft and Middle such an answer counts as the mean of the two, since that judge has said
// nothing. Under Lowest it counts as the lower end, as the formula has it: the profile of TestAProfileIsRecovered is
// then followed by .70 and not by .8.
const (
	Soft   = "soft"
	Lowest = "lowest"
	Middle = "middle"
)

// Ties are the rules.
var Ties = []string{Soft, Lowest, Middle}

// sheet is what numbers need: answers [persona][item], NaN where unusable, and each persona's scores.
type sheet struct {
	answers [][]float64
	scores  []questionnaire.Scores
	kept    []int // personas that count
}

// vote is the option that samples of one answer, or of one item, stand for: 1 … K, NaN without a sample.
func vote(samples [][]float64, options int, ties string) float64 {
	v := questionnaire.Count(samples, options)
	switch {
	case len(samples) == 0:
		return math.NaN()
	case ties == Lowest:
		return float64(v.Lowest + 1)
	case ties == Soft && len(samples) > 1:
		return float64(v.Soft + 1)
	case len(samples) > 1:
		return v.Middle
	}
	sum, at := 0., tied(samples[0])
	for _, k := range at {
		sum += float64(k + 1)
	}
	return sum / float64(len(at))
}

// tied are the options of the largest share.
func tied(shares []float64) (at []int) {
	const same = 1e-12
	most := slices.Max(shares)
	for k, p := range shares {
		if most-p < same {
			at = append(at, k)
		}
	}
	return at
}

// samples are the shares of the usable ones of some answers.
func samples(some []Answer) (out [][]float64) {
	for i := range some {
		if some[i].Vote > 0 {
			out = append(out, some[i].Shares)
		}
	}
	return out
}

// of are a persona's answers to an item.
func (t *interviewer) of(all []Answer, persona, item int) []Answer {
	at := (persona*len(t.inventory.Items) + item) * t.repeats
	return all[at : at+t.repeats]
}

func (t *interviewer) sheet(all []Answer) *sheet {
	s := &sheet{}
	scoring := t.inventory.scoring()
	for p := range t.personas {
		row := make([]float64, len(t.inventory.Items))
		for i := range row {
			row[i] = vote(samples(t.of(all, p, i)), len(t.inventory.Options), t.ties)
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
func (t *interviewer) result(all []Answer, about *About) *Result {
	v, s := t.inventory, t.sheet(all)
	r := &Result{
		Format: 1, Warning: about.Gate.warning(), Gate: about.Gate, Run: about.Run, Inventory: v.Name, Note: v.Note,
		Personas: len(t.personas), Repeats: t.repeats, Ties: t.ties, Kept: len(s.kept), Dropped: map[string]int{},
		Answers: len(all), Options: make([]float64, len(v.Options)), Nothing: Number(mean(about.nothing())),
	}
	n := 0.
	for _, a := range all {
		switch {
		case a.Why == Refused:
			r.Refused++
			fallthrough
		case a.Vote == 0:
			r.Unusable++
			continue
		}
		r.Options[int(a.Vote)-1]++
		n++
	}
	for k := range r.Options {
		r.Options[k] /= max(1, n)
	}
	r.Acquiescence = Number(mean(slices.Concat(s.answers...)))
	for _, one := range s.scores {
		if one.Dropped != "" {
			r.Dropped[one.Dropped]++
		}
	}
	t.values(r, s, all, about.Seed)
	t.items(r, all)
	r.Structure = t.structure(s, about.Seed)
	return r
}

// items takes each item's vote over all personas.
func (t *interviewer) items(r *Result, all []Answer) {
	for i, it := range t.inventory.Items {
		var every [][]float64
		for p := range t.personas {
			every = append(every, samples(t.of(all, p, i))...)
		}
		v := questionnaire.Count(every, len(t.inventory.Options))
		r.Items = append(r.Items, ItemVote{it.ID, it.Scale, len(every), Number(vote(every, len(t.inventory.Options), t.ties)),
			Number(v.Expected), Number(v.Agreement), Number(v.Entropy)})
	}
}

// values takes means over personas. Who is left out counts in none. Unusable answers are counted by value: a question
// that a model will not answer shows here.
func (t *interviewer) values(r *Result, s *sheet, all []Answer, seed uint64) {
	unusable := map[string]int{}
	for i, a := range all {
		if a.Vote == 0 {
			unusable[t.inventory.Items[i/t.repeats%len(t.inventory.Items)].Scale]++
		}
	}
	for _, code := range t.inventory.scales() {
		one := t.value(s, seed, func(x *questionnaire.Scores) float64 { return x.Centred[code] })
		one.Code, one.Name, one.Unusable = code, t.inventory.Scales[code].Name, unusable[code]
		one.Mean = Number(mean(s.column(func(x *questionnaire.Scores) float64 { return x.Scales[code] })))
		r.Values = append(r.Values, one)
	}
	for _, name := range slices.Sorted(maps.Keys(t.inventory.scoring().Groups)) {
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
	low, high := structure.Bootstrap(len(column), "questionnaire", seed, func(at []int) float64 {
		drawn := make([]float64, len(at))
		for i, k := range at {
			drawn[i] = column[k]
		}
		return mean(drawn)
	})
	return Value{Centred: Number(mean(column)), Low: Number(low), High: Number(high)}
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
