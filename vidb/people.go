package vidb

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"

	"hives/data"
	"hives/internal/fault"
)

// Measure is what people were asked about a text.
type Measure string

// Two measures may be compared if people answered the same question: of judged and side both know the side; how many
// voiced a value says nothing of whether the text supports it.
const (
	Judged Measure = "judged" // how good or bad it is, −2 to 2
	Side   Measure = "side"   // supports 1, opposes −1, or neither 0; 0 also where people named other values only
	Voiced Measure = "voiced" // how many people chose the value for the text
)

// People is what people said of one text and one value; without a measure nobody did.
type People struct {
	Measure Measure   `json:"measure"`
	Grades  []float64 `json:"grades"` // one a person; of Voiced one number, the count
}

// Mean is the grade of people together, NaN without.
func (p People) Mean() float64 {
	var sum float64
	for _, g := range p.Grades {
		sum += g
	}
	return sum / float64(len(p.Grades)) // 0/0 is NaN
}

// encode is the column's text, empty without a measure.
func (p People) encode() string {
	if p.Measure == "" {
		return ""
	}
	raw, _ := json.Marshal(p) // strings and finite numbers always marshal
	return string(raw)
}

func decodePeople(text string) (p People, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &p)
	}
	return p, err
}

// sameQuestion tells whether two measures have a question in common.
func sameQuestion(a, b Measure) bool {
	return a != "" && b != "" && (a == Voiced) == (b == Voiced)
}

// compare is the sign of a's support less b's, by one person's word on each. Where one of them was only asked for the
// side, the sides decide: a deed judged 2 and a deed that keeps a norm are alike.
func compare(a, b Measure, x, y float64) int {
	if a != b {
		x, y = sign(x), sign(y)
	}
	switch {
	case x > y:
		return 1
	case x < y:
		return -1
	}
	return 0
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// drawn is one person's grade.
//
// Not the mean: of a pair graded 0 and 2 against 1, half of the windows go either way, and the fit finds them alike, as
// far as people do.
func (p People) drawn(random *rand.Rand) float64 { return p.Grades[random.IntN(len(p.Grades))] }

// What a row says depends on its corpus, and three columns tell which kind it is: annotators counts people that chose a
// value, grades holds their judgements, and direction_source says whether anybody saw a side. A row of another value of
// the theory speaks too: its corpus asked for all of them, and people did not name this one.
//
//	care, grades "1 2"             judged 1 2
//	care +1, annotated             side 1
//	loyalty +1, annotated          side 0: about loyalty, not about care
//	care, annotators 3             voiced 3
//	loyalty, annotators 3          voiced 0: fewer than two people chose care

// grader gathers what people said of one text as its rows come.
type grader struct {
	judged  []float64
	sides   []float64 // of rows of the value
	voiced  float64
	counted bool // a row of the theory says how many people chose its value
	sided   bool // a row of the theory says which side people saw
}

// take reads a row of the value's theory; ofValue tells whether it is a row of the value itself. A corpus that asks for
// all values of a theory says by its other rows that the text is not about this one.
func (g *grader) take(r *data.Row, ofValue bool) error {
	count, counted := r.Extra[data.Annotators]
	switch {
	case counted && count != "":
		n, err := strconv.ParseFloat(count, 64)
		if err != nil || !(n >= 0) {
			return fault.New(fault.Invalid, "column %s is no number of people", data.Annotators)
		}
		g.counted = true
		if ofValue {
			g.voiced = max(g.voiced, n)
		}
	case r.DirectionSource != data.SourceNone:
		g.sided = true
		if !ofValue {
			return nil
		}
		g.sides = append(g.sides, float64(r.Direction))
		for _, cell := range strings.Fields(r.Extra[data.Grades]) {
			n, err := strconv.ParseFloat(cell, 64)
			if err != nil || !(n >= -2 && n <= 2) {
				return fault.New(fault.Invalid, "column %s holds something else than numbers from -2 to 2", data.Grades)
			}
			g.judged = append(g.judged, n)
		}
	}
	return nil
}

// people is the finest that was said.
//
// A text with one judgement and two sides, from two corpora, has a side: a mean of the two would be on no scale.
func (g *grader) people() People {
	switch {
	case len(g.judged) > 0 && len(g.judged) >= len(g.sides):
		return People{Judged, g.judged}
	case len(g.sides) > 0:
		return People{Side, g.sides}
	case g.voiced > 0:
		return People{Voiced, []float64{g.voiced}}
	case g.sided:
		return People{Side, []float64{0}}
	case g.counted:
		return People{Voiced, []float64{0}}
	}
	return People{}
}
