package values

import (
	"context"
	"slices"

	"hives/encoder"
	"hives/internal/logistic"
)

const (
	// nonsenseTexts are made up for the guard: half to fit it, half to set its threshold.
	nonsenseTexts = 1600
	// nonsenseLet is the share of made-up nonsense that the guard lets pass.
	nonsenseLet = .02
	// minGuard is the least number of training texts that a guard is made from.
	minGuard = 50
)

// Guard tells texts like those the vectors rest on from nonsense: a logistic regression of training texts against
// texts made up of their words without sense. What does not pass is answered "unsure", whatever the heads say of it,
// since their probabilities hold for texts like those they were calibrated on.
type Guard struct {
	Threshold float64   `json:"threshold"` // score that a text must reach
	Intercept float64   `json:"intercept"`
	Texts     int       `json:"texts"`    // training texts that it was fitted on
	Nonsense  int       `json:"nonsense"` // made-up texts, half of them to fit it
	Held      float64   `json:"held_out_passing"`
	Let       float64   `json:"nonsense_passing"` // of the half that set the threshold
	Weights   []float32 `json:"-"`
}

// score is the logit of a text being sense.
func (g *Guard) score(text []float32) float64 { return dot(text, g.Weights) + g.Intercept }

// Passes tells whether anything may be said of a text.
func (g *Guard) Passes(text []float32) bool { return g != nil && g.score(text) >= g.Threshold }

// guard makes up nonsense, fits the guard on one half and sets its threshold by the other.
func (b *builder) guard(ctx context.Context, enc encoder.Encoder) error {
	var train, held []int
	var texts []string
	for _, i := range firsts(b.labels.Text) {
		if i < b.train {
			train = append(train, i)
			texts = append(texts, b.rows[i].Text)
		} else {
			held = append(held, i)
		}
	}
	if len(train) < minGuard || len(held) == 0 {
		return nil
	}
	made := Nonsense(texts, nonsenseTexts, b.options.Seed)
	vectors, err := embedTexts(ctx, enc, made)
	if err != nil {
		return err
	}
	half := len(made) / 2
	d := logistic.Data{Stratum: make([]int, len(train)+half)}
	for _, i := range train {
		d.X, d.Y = append(d.X, b.features[i]), append(d.Y, true)
	}
	for _, x := range vectors[:half] {
		d.X, d.Y = append(d.X, b.feature(float64s(x))), append(d.Y, false)
	}
	m, err := logistic.Fit(d, guardRidge, nil)
	if err != nil {
		return err
	}
	var h Head
	h.take(m, b.centre, b.scale)
	g := &Guard{Intercept: h.Intercepts[0], Weights: h.Weights, Texts: len(train), Nonsense: len(made)}
	var scores []float64
	for _, x := range vectors[half:] {
		scores = append(scores, g.score(x))
	}
	slices.Sort(scores)
	g.Threshold = scores[int(float64(len(scores))*(1-nonsenseLet))]
	g.Let = share01(vectors[half:], g.Passes)
	g.Held = share01(held, func(i int) bool { return g.Passes(round(b.vectors.Row(i))) })
	b.set.Guard = g
	return nil
}

// guardRidge is small: nonsense and sense are many, and unlike.
const guardRidge = 10

// share01 is the share of items that pass.
func share01[T any](items []T, pass func(T) bool) float64 {
	n := 0
	for _, x := range items {
		if pass(x) {
			n++
		}
	}
	return float64(n) / float64(max(1, len(items)))
}

func embedTexts(ctx context.Context, enc encoder.Encoder, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	err := encoder.Chunks(ctx, enc, len(texts), func(i int) string { return texts[i] },
		func(from int, vectors [][]float32, _ encoder.Identity) error {
			copy(out[from:], vectors)
			return nil
		})
	return out, err
}

func float64s(x []float32) []float64 {
	out := make([]float64, len(x))
	for k := range x {
		out[k] = float64(x[k])
	}
	return out
}
