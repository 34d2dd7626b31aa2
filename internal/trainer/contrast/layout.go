package contrast

import (
	"cmp"
	"slices"

	"hives/internal/fault"
	"hives/internal/trainer/loop"
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
	Anchors int          // E, slots for fresh anchors
	Packs   int          // micro-batches of a batch, computed one after the other
	Shapes  []pack.Shape // of one part
	padded  bool         // one text a row
}

// newLayout chooses shapes by the batches that the run will see; they are a function of (rows, settings,
// seed), as the batches are.
func (in *Inputs) newLayout() (*Layout, error) {
	m, longest := in.cfg.Loop.Memory, in.start.Info.MaxLength
	layout := &Layout{Packs: m.Packs, padded: m.Packing == loop.Padded}
	// Every anchor row may name a sentence of its own, so that many slots are needed at most.
	if in.banks != nil && !in.banks.Learned {
		loss, err := in.cfg.stage2()
		if err != nil {
			return nil, err
		}
		_, individual, theory := loss.Split(in.cfg.Sampler.BatchSize)
		layout.Anchors = individual + theory
	}
	texts := in.cfg.Sampler.BatchSize + layout.Anchors
	if texts%layout.Packs != 0 {
		return nil, fault.Usage(fault.New(fault.Invalid,
			"memory: %d texts (%d of them anchors) in %d packs: want a divisor", texts, layout.Anchors, layout.Packs))
	}
	each := texts / layout.Packs
	// Rows are rounded up so that devices get equal numbers; the rest is padding, as in a packed row.
	if layout.padded {
		rows := (each + m.Devices - 1) / m.Devices * m.Devices
		layout.Shapes = []pack.Shape{{Rows: rows, Length: longest, Texts: each}}
		return layout, nil
	}
	var err error
	choice := pack.Choice{Texts: each, Longest: longest, Devices: m.Devices}
	layout.Shapes, err = pack.Choose(in.sampleLengths(layout), choice)
	return layout, err
}

// sampleLengths draws batches over the whole run and returns the lengths of each part's texts. Batches are functions
// of the step, so the draws are those that the run will make.
func (in *Inputs) sampleLengths(layout *Layout) (samples [][]int) {
	for _, step := range loop.SampledSteps(in.cfg.Loop.Steps) {
		texts, _ := in.corpus.texts(in.source.at(step), in.banks, layout.Anchors)
		for _, part := range layout.parts(texts) {
			lengths := make([]int, len(part))
			for j, t := range part {
				lengths[j] = len(t)
			}
			samples = append(samples, lengths)
		}
	}
	return samples
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

// lay packs each part, all into the shape that the largest of them needs.
//
//	parts of 100 and 300 tokens, shapes of 128, 256 and 512     both into 512
func (o *Layout) lay(texts [][]int32) ([]pack.Batch, error) {
	parts := o.parts(texts)
	if o.padded { // what packing is measured against
		return each(parts, func(part [][]int32) (pack.Batch, error) { return pack.Padded(part, o.Shapes[0]) })
	}
	packs, err := each(parts, func(part [][]int32) (pack.Batch, error) { return pack.One(part, o.Shapes) })
	if err != nil || len(parts) == 1 {
		return packs, err
	}
	// Micro-batches of a step share one graph, so all take the shape that the largest needs. That is more padding for
	// the others than each by itself would have: a shape for each would be another graph for each.
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
