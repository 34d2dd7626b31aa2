package main

import (
	"context"
	"fmt"
	"math"

	"hives/internal/fault"
	"hives/internal/rig/loadtest"
	"hives/pack"
)

// company tells how far a text's vector depends on the batch it is in. Two ways to differ are told apart: by the
// neighbours in one shape, and by the shape itself, whose sums a compiler may order otherwise.
type company struct {
	Shape      string  `json:"shape"`
	Texts      int     `json:"texts"`
	Same       float64 `json:"least_cosine_same_shape"` // among other texts and alone, in this shape
	SameWorst  float64 `json:"worst_difference_same_shape"`
	Other      float64 `json:"least_cosine_other_shape"` // among other texts in this shape, and alone in the row that fits
	OtherWorst float64 `json:"worst_difference_other_shape"`
}

const companyTexts = 48 // a call each, in every shape

// companies embeds the same texts in every shape, full of them and alone, without a daemon: it is the engine's
// arithmetic that is asked about.
func (b *bench) companies(ctx context.Context) error {
	x, err := b.bareEngine(ctx)
	if err != nil {
		return err
	}
	ids, err := x.ids(loadtest.Sample(b.known.Texts, companyTexts))
	if err != nil {
		return err
	}
	var fitting [][]float64
	// Each alone first: fitting[i] is what text i has with nobody beside it, in the row that fits.
	for _, text := range ids {
		v, err := x.packed(ctx, [][]int32{text}, x.model.Runner().Shapes())
		if err != nil {
			return err
		}
		fitting = append(fitting, v[0])
	}
	for _, shape := range x.model.Runner().Shapes() {
		if err := b.in(ctx, x, shape, ids, fitting); err != nil {
			return err
		}
	}
	return nil
}

// in measures one shape, where more than one text fits it: for each text the vector among the others, alone in this
// shape, and alone in the row that fits it best (fitting).
func (b *bench) in(ctx context.Context, x *bare, shape pack.Shape, ids [][]int32, fitting [][]float64) error {
	var fit [][]int32
	var elsewhere [][]float64
	for i, text := range ids {
		// Longer texts never come into this shape in service either.
		if len(text) <= shape.Length {
			fit, elsewhere = append(fit, text), append(elsewhere, fitting[i])
		}
	}
	if len(fit) < 2 {
		return nil
	}
	together, err := x.packed(ctx, fit, []pack.Shape{shape})
	if err != nil {
		return err
	}
	c := company{Shape: fmt.Sprintf("%d × %d", shape.Rows, shape.Length), Texts: len(fit), Same: 1, Other: 1}
	for i, text := range fit {
		alone, err := x.packed(ctx, [][]int32{text}, []pack.Shape{shape})
		if err != nil {
			return err
		}
		// Both figures: a cosine hides a single number that is off, a difference says nothing of the direction.
		c.Same, c.SameWorst = min(c.Same, dot(together[i], alone[0])), max(c.SameWorst, apart(together[i], alone[0]))
		c.Other, c.OtherWorst = min(c.Other, dot(together[i], elsewhere[i])),
			max(c.OtherWorst, apart(together[i], elsewhere[i]))
	}
	b.report.Companies = append(b.report.Companies, c)
	b.say("%9s, %d texts: full and alone in it: cosine %.7f or more, %.1e apart at most; full, and alone in the row "+
		"that fits: %.7f, %.1e",
		c.Shape, c.Texts, c.Same, c.SameWorst, c.Other, c.OtherWorst)
	return nil
}

// packed runs texts in batches of the shapes and returns unit vectors.
// out[i] is the vector [H] of texts[i], whichever batch and slot it rode in. Error: Corrupt for a vector that is
// not finite.
func (x *bare) packed(ctx context.Context, texts [][]int32, shapes []pack.Shape) ([][]float64, error) {
	// One text gives one batch of one member, the others of its slots empty.
	batches, err := pack.Many(texts, shapes)
	if err != nil {
		return nil, err
	}
	out, h := make([][]float64, len(texts)), x.model.Runner().Dim()
	for i := range batches {
		flat, err := x.model.Runner().Run(ctx, &batches[i])
		if err != nil {
			return nil, err
		}
		for slot, text := range batches[i].Members {
			if out[text] = unit(flat[slot*h : (slot+1)*h]); math.IsNaN(out[text][0]) {
				return nil, fault.New(fault.Corrupt, "the vector of text %d is not finite", text)
			}
		}
	}
	return out, nil
}

// unit, dot and apart compute in float64: their own rounding must not be what is measured. apart is the largest
// difference of two numbers.
// A vector of length 0 gives NaN, which packed looks for.
func unit(v []float32) []float64 {
	out, sum := make([]float64, len(v)), 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i, x := range v {
		out[i] = float64(x) / math.Sqrt(sum)
	}
	return out
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func apart(a, b []float64) (worst float64) {
	for i := range a {
		worst = max(worst, math.Abs(a[i]-b[i]))
	}
	return worst
}
