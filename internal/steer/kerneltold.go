package steer

import (
	"context"
	"math/rand/v2"
	"slices"

	"hives/encoder"
	"hives/internal/embedder"
	"hives/internal/fault"
	"hives/values"
)

// variants are what a kernel is told of a value. Only the first knows which values are alike: what it does to values
// that it was not trained on, and the others do not, is what the vectors carry.
var variants = []string{"vector", "one-hot", "shuffled vectors"}

// vectors are the values' unit vectors [value][E]: those of the file, or the mean of what an encoder makes of name and
// definition.
// Values without a vector are refused by name: a kernel told zeros would learn what "no vector" means.
func (k *kernelRun) vectors(ctx context.Context) (out [][]float32, err error) {
	if k.Values != "" {
		set, err := values.Open(k.Values)
		if err != nil {
			return nil, err
		}
		for _, t := range k.all.traits {
			at := slices.IndexFunc(set.Values, func(v values.Value) bool { return v.ID == t.ValueID })
			if at < 0 || set.Values[at].Vector == nil {
				return nil, fault.New(fault.Invalid, "%s has no vector of %s: take another file, or --embedder", k.Values,
					t.ValueID)
			}
			out = append(out, scaled(set.Values[at].Vector, 1))
		}
		return out, nil
	}
	enc, done, err := embedder.Open(ctx, embedder.Options{Model: k.Embedder, Engine: k.Model.Engine,
		Threads: k.Model.Threads}, k.Log)
	if err != nil {
		return nil, err
	}
	defer done()
	var texts []encoder.Input
	for _, t := range k.all.traits {
		texts = append(texts, encoder.Input{Text: t.Name}, encoder.Input{Text: t.Definition})
	}
	got, _, err := enc.Encode(ctx, texts)
	if err != nil {
		return nil, err
	}
	for n := range k.all.traits {
		mean := make([]float32, len(got[2*n]))
		for d := range mean {
			mean[d] = got[2*n][d] + got[2*n+1][d]
		}
		out = append(out, scaled(mean, 1))
	}
	return out, nil
}

// told is what a variant's kernel is given of each value. The shuffled vectors are those of other values, none its own.
//
//	vectors a b c d, order 2 0 3 1      value 2 gets a, 0 gets d, 3 gets b, 1 gets c
func told(variant string, vectors [][]float32, seed uint64) [][]float32 {
	out := make([][]float32, len(vectors))
	switch variant {
	case "vector":
		return vectors
	case "one-hot":
		for n := range out {
			out[n] = make([]float32, len(vectors))
			out[n][n] = 1
		}
	default:
		order := rand.New(rand.NewPCG(seed, 6)).Perm(len(vectors))
		for n, at := range order { // a cycle: the value at a place gets the vector of the next place
			out[at] = vectors[order[(n+1)%len(order)]]
		}
	}
	return out
}
