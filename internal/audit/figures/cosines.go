package figures

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"hives/data/theories"
	"hives/encoder"
	"hives/internal/audit"
)

// CosinesOf embeds queries and values. A value's vector is the mean direction of its name and of its definition, each
// counted as one: unit(unit(e(name)) + unit(e(definition))).
func CosinesOf(ctx context.Context, e encoder.Encoder, r audit.Record, known theories.Set) (Cosines, error) {
	values := newMaterial(r, nil).values
	var texts []encoder.Input
	for _, id := range values {
		d, err := known.Define(id)
		if err != nil {
			return nil, err
		}
		texts = append(texts, encoder.Input{Text: Name(id)}, encoder.Input{Text: d.Text})
	}
	for _, q := range r.Queries {
		texts = append(texts, encoder.Input{Text: q.Text})
	}
	vectors, _, err := e.Encode(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("embed queries and values: %w", err)
	}
	out, own := Cosines{}, vectors[2*len(values):]
	for at, q := range r.Queries {
		out[q.ID] = map[string]float64{}
		for i, id := range values {
			mean := slices.Clone(vectors[2*i]) // an encoder's rows are unit vectors
			blas32.Axpy(1, vector(vectors[2*i+1]), vector(mean))
			out[q.ID][id] = float64(blas32.Dot(vector(mean), vector(own[at])) / max(1e-12, blas32.Nrm2(vector(mean))))
		}
	}
	return out, nil
}

func vector(x []float32) blas32.Vector { return blas32.Vector{N: len(x), Data: x, Inc: 1} }
