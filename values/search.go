package values

import (
	"cmp"
	"math"
	"slices"

	"hives/internal/fault"
)

// Score is how a text stands to one value. Cosine, Strength and Margin are the geometry's word, for looking
// around; the Judgement is what may be said.
type Score struct {
	Value *Value
	// Cosine is signed; a prototype's sign is no stance. NaN where the value has no vector.
	Cosine float64
	// Strength orders values: |cosine| where the value is directional, else the cosine; -Inf without a vector.
	Strength float64
	// Margin is the strength's lead over the next weaker value of the same theory and level among those
	// compared; NaN where there is none.
	Margin float64
	Judgement
}

// scored tells whether there is anything to say of the value. A head without a vector is enough, and so is a vector
// without a head.
func (v *Value) scored() bool { return v.Vector != nil || v.About != nil || v.Support != nil }

// ScoreText is Scores of a text whose words are known too: of one without words nothing is said.
func (s *Set) ScoreText(said string, text []float32, among []*Value) []Score {
	out := s.Scores(text, among)
	if Wordless(said) {
		for i := range out {
			out[i].Answer = Unsure
		}
	}
	return out
}

// Scores compares a text's unit vector [D] with values, the strongest first and those without a vector last;
// values of which nothing is known are passed over.
//
// The margin is found by going from the weakest up: for each theory and level the last strength seen is the next
// weaker one. Values of other levels are no competitors: a text about caring is about care/harm too.
func (s *Set) Scores(text []float32, among []*Value) []Score {
	p := &probe{set: s, text: text}
	// The guard is the theory's, not the value's: one answer serves all of its values.
	passes := map[string]bool{}
	for _, t := range s.Theories {
		passes[t.Theory] = t.Guard.Passes(text)
	}
	var out []Score
	for _, v := range among {
		if !v.scored() {
			continue
		}
		score := Score{Value: v, Cosine: math.NaN(), Strength: math.Inf(-1), Margin: math.NaN()}
		if v.Vector != nil {
			score.Cosine = p.cosine(v)
			score.Strength = score.Cosine
		}
		if v.Kind == Directional {
			score.Strength = math.Abs(score.Cosine)
		}
		score.Judgement = v.judge(text, score.Cosine, passes[v.Theory])
		out = append(out, score)
	}
	slices.SortStableFunc(out, func(a, b Score) int { return cmp.Compare(b.Strength, a.Strength) })
	// Margins are told within a theory and level: only such values compete.
	type rank struct {
		theory string
		level  int
	}
	weaker := map[rank]float64{}
	for i := len(out) - 1; i >= 0; i-- {
		if out[i].Value.Vector == nil {
			continue
		}
		at := rank{out[i].Value.Theory, out[i].Value.Level}
		if next, ok := weaker[at]; ok {
			out[i].Margin = out[i].Strength - next
		}
		weaker[at] = out[i].Strength
	}
	return out
}

// TextCosine is the cosine of a text with a value: with its direction, or, for a prototype, after the mean of the
// theory was taken off the text as it was off the value. What all texts of a theory share says nothing of a
// value.
//
//	directional   cos(e, v)
//	prototype     cos(e − theory's mean, v)
func (s *Set) TextCosine(text []float32, v *Value) float64 {
	return (&probe{set: s, text: text}).cosine(v)
}

// probe is a text that is compared with many values: what it is less a theory's mean is computed once, not for
// each of the theory's values. With 111 values of four theories that is 4 subtractions in place of 111.
type probe struct {
	set     *Set
	text    []float32
	centred map[string][]float32 // by theory, of length one
}

// cosine is TextCosine for the probe's text.
func (p *probe) cosine(v *Value) float64 {
	if v.Kind != Prototype {
		return dot(p.text, v.Vector)
	}
	x, known := p.centred[v.Theory]
	if !known {
		if p.centred == nil {
			p.centred = map[string][]float32{}
		}
		x = lessMean(p.text, p.set.theory(v.Theory).Mean)
		p.centred[v.Theory] = x
	}
	return dot(x, v.Vector)
}

// lessMean is unit(text − mean); zeros where the text is the mean. Sums are in float64: text and mean lie close
// together in a narrow space, and their difference has few digits to lose.
func lessMean(text, mean []float32) []float32 {
	out := make([]float32, len(text))
	var squares float64
	for k, x := range text {
		centred := float64(x) - float64(mean[k])
		out[k] = float32(centred)
		squares += centred * centred
	}
	norm := math.Sqrt(squares)
	for k := range out {
		if norm < minLength {
			out[k] = 0
			continue
		}
		out[k] = float32(float64(out[k]) / norm)
	}
	return out
}

// Query is what neighbours are asked of: a value, or the unit vector of a text.
type Query struct {
	Value *Value
	Text  []float32
}

// direction is the vector that sentences are compared with as they are; nil for a prototype, which wants the mean
// taken off them first.
func (q Query) direction() []float32 {
	switch {
	case q.Value == nil:
		return q.Text
	case q.Value.Kind != Prototype:
		return q.Value.Vector
	}
	return nil
}

// Search says which neighbours are wanted: the TopK nearest, or with Opposing the TopK at the other end. For a
// directional value the other end is where those lie who oppose it; for a prototype or a text it only means least
// alike.
type Search struct {
	TopK     int
	Opposing bool // the most negative cosine first, not the largest
	// CrossTheory leaves out the theory of the query's value.
	CrossTheory bool
}

// check refuses queries that have no answer.
func (s *Set) check(q Query, o Search) error {
	switch {
	case o.CrossTheory && q.Value == nil:
		return fault.New(fault.Invalid, "neighbours in other theories need a value to start from: "+
			"a text belongs to no theory")
	case q.Value != nil && q.Value.Vector == nil:
		return fault.New(fault.Mismatch, "value %s has no vector: %s", q.Value.ID, q.Value.Note)
	case q.Value == nil && len(q.Text) != s.Model.Dimension:
		return fault.New(fault.Invalid, "the vector has %d numbers, the values have %d", len(q.Text), s.Model.Dimension)
	}
	return nil
}

// Neighbour is a value near the query, or opposed to it. The cosine is signed in either case: with Opposing the list
// begins with the most negative, and a positive one in it says that nothing is opposed.
type Neighbour struct {
	Value  *Value
	Cosine float64
}

// NearestValues orders values by cosine to the query. Two values are compared by their vectors as they are, a
// text and a value by TextCosine. The query's own value is left out; its node under another parent is not.
func (s *Set) NearestValues(q Query, among []*Value, o Search) ([]Neighbour, error) {
	if err := s.check(q, o); err != nil {
		return nil, err
	}
	var out []Neighbour
	for _, v := range among {
		switch {
		// Passed over: what has no place, the query itself, and with CrossTheory its own theory.
		case v.Vector == nil || v == q.Value || (o.CrossTheory && v.Theory == q.Value.Theory):
		case q.Value != nil:
			out = append(out, Neighbour{v, dot(q.Value.Vector, v.Vector)})
		default:
			out = append(out, Neighbour{v, s.TextCosine(q.Text, v)})
		}
	}
	return top(out, func(n Neighbour) float64 { return n.Cosine }, o), nil
}

// NearAnchor is an anchor sentence near the query, or opposed to it.
type NearAnchor struct {
	Anchor *Anchor
	Cosine float64
}

// NearestAnchors orders the anchors that keep accepts (nil: all). A sentence and a value are compared as a text
// and a value are.
func (s *Set) NearestAnchors(q Query, keep func(*Anchor) bool, o Search) ([]NearAnchor, error) {
	if err := s.check(q, o); err != nil {
		return nil, err
	}
	among := s.anchorsFor(q, keep, o)
	if query := q.direction(); query != nil {
		var out []NearAnchor
		for _, h := range nearest(len(among), query, func(i int) []float32 { return among[i].Vector }, o) {
			out = append(out, NearAnchor{among[h.at], h.cosine})
		}
		return out, nil
	}
	// A prototype is compared with each sentence less the mean, whose length differs from sentence to sentence.
	out := make([]NearAnchor, len(among))
	inParallel(len(among), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			out[i] = NearAnchor{among[i], s.TextCosine(among[i].Vector, q.Value)}
		}
	})
	return top(out, func(n NearAnchor) float64 { return n.Cosine }, o), nil
}

// anchorsFor lists the anchors that a query is compared with, in the set's order. Across theories an anchor that stands
// for values of several counts as of each: one that also speaks of the query's own theory is no neighbour in another.
func (s *Set) anchorsFor(q Query, keep func(*Anchor) bool, o Search) []*Anchor {
	out := make([]*Anchor, 0, len(s.Anchors))
	for i := range s.Anchors {
		a := &s.Anchors[i]
		if (keep == nil || keep(a)) && !(o.CrossTheory && slices.Contains(a.Theories(), q.Value.Theory)) {
			out = append(out, a)
		}
	}
	return out
}

// dot sums in four strands, since one addition would wait for the one before it. The order of summation is fixed,
// so a score is the same on every machine with these operations. b must be as long as a.
func dot(a, b []float32) float64 {
	var sum [4]float64
	n := len(a) &^ 3
	b = b[:len(a)]
	for k := 0; k < n; k += 4 {
		sum[0] += float64(a[k]) * float64(b[k])
		sum[1] += float64(a[k+1]) * float64(b[k+1])
		sum[2] += float64(a[k+2]) * float64(b[k+2])
		sum[3] += float64(a[k+3]) * float64(b[k+3])
	}
	for k := n; k < len(a); k++ {
		sum[0] += float64(a[k]) * float64(b[k])
	}
	return sum[0] + sum[1] + sum[2] + sum[3]
}
