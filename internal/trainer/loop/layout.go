package loop

import (
	"cmp"
	"slices"

	"hives/pack"
)

// Layout is how the texts of a batch become inputs of few shapes. A graph is compiled for each shape, so shapes
// must be few; a text costs what its row is long, so they should be near what batches need. Shapes are chosen
// once, by batches drawn over the whole run (package pack says how), and are at most eight, the last of which
// holds any batch.
//
// Invariant: slot i of the batch holds text i, whatever the packing, for labels are by slot (TestBatchesFitTheLoss,
// TestGoldenEndToEnd).
type Layout struct {
	Packs  int          // micro-batches of a batch, computed one after the other
	Shapes []pack.Shape // of one part
	padded bool         // one text a row
}

// NewLayout chooses shapes for parts of a number of texts. at gives the texts of a step, of which some over the whole
// run are looked at: shapes are a function of (rows, settings, seed), as the batches are.
func NewLayout(s *Settings, texts, longest int, at func(step int) [][]int32) (*Layout, error) {
	layout := &Layout{Packs: s.Memory.Packs, padded: s.Memory.Packing == Padded}
	// Rows are rounded up so that devices get equal numbers; the rest is padding, as in a packed row.
	if layout.padded {
		rows := (texts + s.Memory.Devices - 1) / s.Memory.Devices * s.Memory.Devices
		layout.Shapes = []pack.Shape{{Rows: rows, Length: longest, Texts: texts}}
		return layout, nil
	}
	var samples [][]int
	for _, step := range SampledSteps(s.Steps) {
		for _, part := range layout.parts(at(step)) {
			lengths := make([]int, len(part))
			for j, t := range part {
				lengths[j] = len(t)
			}
			samples = append(samples, lengths)
		}
	}
	var err error
	layout.Shapes, err = pack.Choose(samples, pack.Choice{Texts: texts, Longest: longest, Devices: s.Memory.Devices})
	return layout, err
}

// parts cuts texts into Packs of equal number.
//
//	12 texts in 3 packs: 0–3, 4–7, 8–11
func (o *Layout) parts(texts [][]int32) [][][]int32 {
	each := len(texts) / o.Packs
	parts := make([][][]int32, o.Packs)
	for i := range parts {
		parts[i] = texts[i*each : (i+1)*each]
	}
	return parts
}

// Lay packs each part, all into the shape that the largest of them needs.
//
//	parts of 100 and 300 tokens, shapes of 128, 256 and 512     both into 512
func (o *Layout) Lay(texts [][]int32) ([]pack.Batch, error) {
	parts := o.parts(texts)
	if o.padded { // what packing is measured against
		return each(parts, func(part [][]int32) (pack.Batch, error) { return pack.Padded(part, o.Shapes[0]) })
	}
	packs, err := each(parts, func(part [][]int32) (pack.Batch, error) { return pack.One(part, o.Shapes) })
	if err != nil || len(parts) == 1 {
		return packs, err
	}
	// Micro-batches of a step share one graph, so all take the shape that the largest needs. That is more padding for the
	// others than each by itself would have: a shape for each would be another graph for each.
	largest := slices.MaxFunc(packs, func(a, b pack.Batch) int {
		return cmp.Compare(a.Shape.Cost(pack.Attention), b.Shape.Cost(pack.Attention))
	}).Shape
	into := func(shape pack.Shape) ([]pack.Batch, error) {
		return each(parts, func(part [][]int32) (pack.Batch, error) { return pack.One(part, []pack.Shape{shape}) })
	}
	// A shape that holds more tokens may still not hold the same texts in its rows; the last shape holds any.
	if packs, err = into(largest); err == nil {
		return packs, nil
	}
	return into(o.Shapes[len(o.Shapes)-1]) // which holds any
}

// each packs every part. The first error ends it: a batch is laid out whole or not.
func each(parts [][][]int32, one func([][]int32) (pack.Batch, error)) ([]pack.Batch, error) {
	packs := make([]pack.Batch, len(parts))
	for i, part := range parts {
		var err error
		if packs[i], err = one(part); err != nil {
			return nil, err
		}
	}
	return packs, nil
}
