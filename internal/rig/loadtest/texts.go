package loadtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	hivesv1 "hives/proto/hives/v1"
)

// Embed is a request to the daemon.
type Embed func(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error)

// sizes are texts a request, each with its share: most callers ask for one sentence, some for a paragraph's, a few
// for a chunk of a corpus. 6.1 on average.
var sizes = []struct {
	texts int
	share float64
}{{1, .6}, {5, .3}, {40, .1}}

// Known are texts with the vectors that they must have: vectors[i] is that of Texts[i] alone. It is read only, so
// any number of goroutines may ask and compare.
type Known struct {
	Texts   []string
	vectors [][]float32
}

// NewKnown takes vectors that were made elsewhere, as by the engine without a daemon.
func NewKnown(texts []string, vectors [][]float32) *Known { return &Known{texts, vectors} }

// Learn asks for every text alone, one after the other. It takes the daemon's own word for what is right, so it
// finds what company changes and not what is wrong always; for that, see NewKnown.
func Learn(ctx context.Context, texts []string, embed Embed) (*Known, error) {
	k := &Known{Texts: texts, vectors: make([][]float32, len(texts))}
	for i, text := range texts {
		r, err := embed(ctx, &hivesv1.EmbedRequest{Texts: []string{text}})
		if err != nil {
			return nil, fmt.Errorf("text %d alone: %w", i, err)
		}
		if len(r.Embeddings) != 1 {
			return nil, fmt.Errorf("%d vectors for text %d alone", len(r.Embeddings), i)
		}
		k.vectors[i] = r.Embeddings[0].Values
	}
	return k, nil
}

// Draw picks the texts of one request; texts of at least 0 fixes how many.
// It returns places in Texts, with repetition: a text may come twice in a request, as in life.
func (k *Known) Draw(random *rand.Rand, texts int) []int {
	if texts <= 0 {
		texts = drawSize(random)
	}
	out := make([]int, texts)
	for i := range out {
		out[i] = random.IntN(len(k.Texts))
	}
	return out
}

// drawSize draws from sizes: .6·1 + .3·5 + .1·40 = 6.1 texts on average. The last size takes what rounding leaves.
func drawSize(random *rand.Rand) int {
	at := random.Float64()
	for _, s := range sizes {
		if at < s.share {
			return s.texts
		}
		at -= s.share
	}
	return sizes[len(sizes)-1].texts
}

// Request asks for some of the texts.
func (k *Known) Request(which []int) *hivesv1.EmbedRequest {
	r := &hivesv1.EmbedRequest{Texts: make([]string, len(which))}
	for i, at := range which {
		r.Texts[i] = k.Texts[at]
	}
	return r
}

// Compare returns how far a reply's vectors are from those of the texts alone, at the worst number; not a number
// or the wrong length is infinitely far.
// which are the places that Request was asked for, in its order: a reply in another order is a wrong one.
func (k *Known) Compare(which []int, r *hivesv1.EmbedResponse) float64 {
	if len(r.Embeddings) != len(which) {
		return math.Inf(1)
	}
	worst := 0.0
	for i, at := range which {
		worst = max(worst, Distance(r.Embeddings[i].Values, k.vectors[at]))
	}
	return worst
}

// Distance is the largest difference of two vectors' numbers. NaN is infinitely far: max would else pass it over.
func Distance(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst = max(worst, d)
	}
	return worst
}

// Sample takes n texts out of many, spread evenly over their lengths, so that the longest and the shortest are in.
// Length is in bytes here, which orders texts about as tokens would. texts stays as it is.
func Sample(texts []string, n int) []string {
	sorted := slices.Clone(texts)
	slices.SortStableFunc(sorted, func(a, b string) int { return len(a) - len(b) })
	if n >= len(sorted) || n < 2 {
		return sorted
	}
	out := make([]string, n)
	for i := range out {
		out[i] = sorted[i*(len(sorted)-1)/(n-1)]
	}
	return out
}
