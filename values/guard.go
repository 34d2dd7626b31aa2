package values

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode"

	"hives/encoder"
	"hives/internal/logistic"
)

const (
	// nonsenseTexts are made up for the guards: half to fit them, half to set their thresholds.
	nonsenseTexts = 1600
	// nonsenseLet is the share of made-up nonsense that a guard lets pass.
	nonsenseLet = .02
	// othersLet is the share of other theories' held-out texts that it lets pass.
	othersLet = .05
	// minGuard is the least number of training texts that a guard is made from.
	minGuard = 50
)

// Guard tells texts like those of a theory's corpora from all else: a logistic regression of the theory's
// training texts against texts made up of their words without sense, and against training texts of other
// theories. What does not pass is answered "unsure" for every value of the theory, whatever the heads say of it,
// since their probabilities hold for texts like those they were calibrated on.
//
//	training texts of the theory                        yes   fit the regression
//	training texts of others, half of the nonsense      no    fit the regression
//	other half of the nonsense, held-out texts of others      set the threshold: 2 % and 5 % of them pass
//	held-out texts of the theory                              pay the price: Held is the share of them that passes
//
// The threshold is set on texts that the fit has not seen, or the fit's own confidence in them would set it too
// low.
type Guard struct {
	Threshold float64   `json:"threshold"` // score that a text must reach
	Intercept float64   `json:"intercept"`
	Texts     int       `json:"texts"`    // training texts of the theory
	Others    int       `json:"others"`   // training texts of other theories
	Nonsense  int       `json:"nonsense"` // made-up texts, half of them to fit it
	Held      float64   `json:"held_out_passing"`
	Let       float64   `json:"nonsense_passing"` // of the half that set the threshold
	OthersLet float64   `json:"others_passing"`   // of the held-out texts of other theories
	Weights   []float32 `json:"-"`
}

// score is the logit of a text being one of the theory's.
func (g *Guard) score(text []float32) float64 { return dot(text, g.Weights) + g.Intercept }

// Passes tells whether anything may be said of a text.
func (g *Guard) Passes(text []float32) bool { return g != nil && g.score(text) >= g.Threshold }

// Sense tells whether a text passes the guard of any theory: whether something may be said of it at all. A file
// without guards has none, and then nothing is said.
func (s *Set) Sense(text []float32) bool {
	return slices.ContainsFunc(s.Theories, func(t Theory) bool { return t.Guard.Passes(text) })
}

// guards makes up nonsense and fits each theory's guard.
func (b *builder) guards(ctx context.Context, enc encoder.Encoder) error {
	var texts []string
	for _, i := range firsts(b.labels.Text) {
		if i < b.train {
			texts = append(texts, b.rows[i].Text)
		}
	}
	if len(texts) < minGuard {
		return nil
	}
	made, err := embedTexts(ctx, enc, Nonsense(texts, nonsenseTexts, b.options.Seed))
	if err != nil {
		return err
	}
	for k, t := range b.trees {
		if b.set.Theories[k].Guard, err = b.guard(t, made); err != nil {
			return err
		}
	}
	return nil
}

// guard fits on one half of the nonsense and sets the threshold by the other; nil where the theory has too few
// texts. A text of two theories counts as the theory's own in the guard of each.
func (b *builder) guard(t *tree, made [][]float32) (*Guard, error) {
	// A text is the theory's own if any of its rows is, in training or held out.
	own := map[int32]bool{}
	for _, rows := range [][]int{t.rows, t.held} {
		for _, i := range rows {
			own[b.labels.Text[i]] = true
		}
	}
	var held, others [][]float32 // of held-out texts
	g := &Guard{Nonsense: len(made)}
	d := logistic.Data{}
	add := func(x []float64, yes bool) {
		d.X, d.Y, d.Stratum = append(d.X, x), append(d.Y, yes), append(d.Stratum, 0)
	}
	for _, i := range firsts(b.labels.Text) {
		yes, vector := own[b.labels.Text[i]], round(b.vectors.Row(i))
		switch {
		case i < b.train:
			add(b.features[i], yes)
		case yes:
			held = append(held, vector)
		default:
			others = append(others, vector)
		}
	}
	for _, yes := range d.Y {
		g.Texts += index(yes)
		g.Others += index(!yes)
	}
	if g.Texts < minGuard || len(held) == 0 {
		return nil, nil
	}
	// The nonsense was shuffled when it was made, so that each half has all kinds of it.
	half := len(made) / 2
	for _, x := range made[:half] {
		add(b.feature(float64s(x)), false)
	}
	m, err := logistic.Fit(d, guardRidge, nil)
	if err != nil {
		return nil, err
	}
	var h Head
	h.take(m, b.centre, b.scale)
	g.Intercept, g.Weights = h.Intercepts[0], h.Weights
	// Both promises are kept: the threshold is the stricter of the two.
	g.Threshold = max(g.quantile(made[half:], 1-nonsenseLet), g.quantile(others, 1-othersLet))
	g.Held, g.Let, g.OthersLet = share01(held, g.Passes), share01(made[half:], g.Passes), share01(others, g.Passes)
	return g, nil
}

// quantile of the texts' scores; −Inf without texts, which sets no threshold. Of 100 scores and q = .98 the 99th
// lowest: that one and the one above it pass.
func (g *Guard) quantile(texts [][]float32, q float64) float64 {
	if len(texts) == 0 {
		return math.Inf(-1)
	}
	var scores []float64
	for _, x := range texts {
		scores = append(scores, g.score(x))
	}
	slices.Sort(scores)
	return scores[min(int(float64(len(scores))*q), len(scores)-1)]
}

// guardRidge is small: nonsense and sense are many, and unlike.
const guardRidge = 10

// Wordless tells whether a text has fewer than two different words with letters in them: that can say nothing of
// a value, whatever its vector. A sign of a script that sets no spaces is a word. "Freedom!" and "no no no" are
// wordless, "be kind" is not.
func Wordless(text string) bool {
	// Digits and signs part words and are none themselves.
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) &&
			!unicode.IsMark(r)
	})
	seen := map[string]bool{}
	for _, word := range words {
		if unicode.In([]rune(word)[0], unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) {
			for _, sign := range word {
				seen[string(sign)] = true
			}
			continue
		}
		seen[word] = true
	}
	return len(seen) < 2
}

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

// embedTexts returns the texts' unit vectors, [len(texts)][D].
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
