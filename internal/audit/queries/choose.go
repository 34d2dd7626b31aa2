package queries

import (
	"context"
	"fmt"

	"hives/encoder"
	"hives/internal/audit"
	"hives/internal/fault"
	"hives/internal/kmeans"
	"hives/ranking"
)

// Each is how many queries a source gives where no other number is asked for.
const Each = 100

// batch is how many texts go to the encoder at once: enough for an endpoint, few enough for a bar to move.
const batch = 256

// Choose takes up to each queries of a source. texts of more are grouped around as many centres, and of each group the
// member nearest to its centre is asked.
//
//	128 texts, 100 wanted     100 groups: of a group of three the middle one stands for all, size 3
//	90 texts                  all, each for itself
func Choose(ctx context.Context, s Source, each int, seed uint64, enc encoder.Encoder) ([]audit.Query,
	error) {
	if each < 1 {
		return nil, fault.Usage(fault.New(fault.Invalid, "--each %d: want 1 query a source or more", each))
	}
	texts, err := s.Texts()
	if err != nil {
		return nil, err
	}
	if len(texts) <= each {
		var out []audit.Query
		for at, t := range texts {
			out = append(out, audit.Query{ID: t.id, Source: s.Name, Text: t.words, Cluster: at, Size: 1})
		}
		return out, nil
	}
	if enc == nil {
		return nil, fault.Usage(fault.New(fault.Invalid, "source %s has %d distinct texts, of which %d are chosen by their "+
			"vectors: give --model or --endpoint", s.Name, len(texts), each))
	}
	points, err := embed(ctx, texts, enc)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	o := kmeans.Defaults(each)
	o.Seed = ranking.Stream("steer queries", seed, s.Name).Uint64()
	fit, err := kmeans.Fit(ctx, points, o)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	return s.nearest(texts, fit, each), nil
}

// nearest takes the member nearest to each centre. Texts are in the order of their ids, so of two that are alike near
// the smaller id is met first and stays. A centre without a member gives no query.
func (s Source) nearest(texts []text, fit *kmeans.Result, each int) (out []audit.Query) {
	best, size := make([]int, each), make([]int, each)
	for at, c := range fit.Label {
		if size[c]++; size[c] == 1 || fit.Score[at] > fit.Score[best[c]] {
			best[c] = at
		}
	}
	for c, n := range size {
		if n > 0 {
			t := texts[best[c]]
			out = append(out, audit.Query{ID: t.id, Source: s.Name, Text: t.words, Cluster: c, Size: n})
		}
	}
	return out
}

// embed makes the vectors of texts.
func embed(ctx context.Context, texts []text, enc encoder.Encoder) (p kmeans.Points, err error) {
	for from := 0; from < len(texts); from += batch {
		some := texts[from:min(len(texts), from+batch)]
		var inputs []encoder.Input
		for _, t := range some {
			inputs = append(inputs, encoder.Input{Text: t.words})
		}
		vectors, _, err := enc.Encode(ctx, inputs)
		if err != nil {
			return p, err
		}
		if from == 0 {
			p = kmeans.NewPoints(len(texts), len(vectors[0]))
		}
		for at, v := range vectors {
			copy(p.Row(from+at), v)
		}
	}
	return p, nil
}
