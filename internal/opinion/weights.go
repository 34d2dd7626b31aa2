package opinion

import (
	"context"
	"math"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/figure"
)

// weigh fills in the cosine of every statement and every value. A value's vector is made of its words, as in the paper:
// the unit vector of e(name) + e(definition). It says what the value is about. The signed vectors of hives vectors
// would not do: a statement against a value has a negative cosine with those, and would weigh nothing.
func weigh(ctx context.Context, enc encoder.Encoder, values []Value, questions []*Question) (encoder.Identity, error) {
	var texts []string
	for _, v := range values {
		texts = append(texts, v.Name, v.Definition)
	}
	for _, q := range questions {
		texts = append(texts, q.Statements...)
	}
	vectors := make([][]float32, len(texts))
	var model encoder.Identity
	err := encoder.Chunks(ctx, enc, len(texts), func(i int) string { return texts[i] },
		func(from int, some [][]float32, id encoder.Identity) error {
			copy(vectors[from:], some)
			model = id
			return nil
		})
	if err != nil {
		return model, err
	}
	of := make([][]float64, len(values))
	for v := range values {
		if of[v] = added(vectors[2*v], vectors[2*v+1]); of[v] == nil {
			return model, fault.New(fault.Invalid, "the vectors of %s's name and definition cancel: take another model",
				values[v].ID)
		}
	}
	at := 2 * len(values)
	for _, q := range questions {
		q.Similarity = nil
		for range q.Statements {
			row := make([]figure.Number, len(values))
			for v := range values {
				row[v] = figure.Number(cosine(vectors[at], of[v]))
			}
			q.Similarity, at = append(q.Similarity, row), at+1
		}
	}
	return model, nil
}

// added is the unit vector of a sum of two unit vectors; nil where there is none.
func added(a, b []float32) []float64 {
	out, squares := make([]float64, len(a)), 0.
	for i := range a {
		out[i] = float64(a[i]) + float64(b[i])
		squares += out[i] * out[i]
	}
	if squares < 1e-12 {
		return nil
	}
	for i := range out {
		out[i] /= math.Sqrt(squares)
	}
	return out
}

// cosine of two unit vectors, held to [−1, 1].
func cosine(a []float32, b []float64) float64 {
	sum := 0.
	for i := range a {
		sum += float64(a[i]) * b[i]
	}
	return max(-1, min(1, sum))
}
