package trainer

import (
	"cmp"
	"slices"

	"hives/internal/fault"
	"hives/pack"
)

// shapeSamples is how many batches are drawn to choose shapes from: with 1,000 the shares of the theories
// are known to a few per cent.
const shapeSamples = 1000

// Layout is how the texts of a batch become inputs of few shapes.
type Layout struct {
	Anchors int          // E, slots for fresh anchors
	Packs   int          // parts of a batch that are computed one after the other
	Shapes  []pack.Shape // of one part
	padded  bool         // one text a row
}

// newLayout chooses shapes by the batches that the run will see; they are a function of (rows, settings,
// seed), as the batches are.
func (l *loop) newLayout() (*Layout, error) {
	layout := &Layout{Packs: l.cfg.Memory.Packs, padded: l.cfg.Memory.Packing == Padded}
	if l.banks != nil && !l.banks.Learned {
		loss, err := l.cfg.stage2Loss()
		if err != nil {
			return nil, err
		}
		_, individual, theory := loss.Split(l.cfg.Sampler.BatchSize)
		layout.Anchors = individual + theory
	}
	texts := l.cfg.Sampler.BatchSize + layout.Anchors
	if texts%layout.Packs != 0 {
		return nil, fault.Usage(fault.New(fault.Invalid, "memory: %d texts (%d of them anchors) in %d packs: want a divisor", texts, layout.Anchors, layout.Packs))
	}
	each, longest := texts/layout.Packs, l.start.info.MaxLength
	if layout.padded {
		rows := (each + l.cfg.Memory.Devices - 1) / l.cfg.Memory.Devices * l.cfg.Memory.Devices
		layout.Shapes = []pack.Shape{{Rows: rows, Length: longest, Texts: each}}
		return layout, nil
	}
	var err error
	choice := pack.Choice{Texts: each, Longest: longest, Devices: l.cfg.Memory.Devices}
	layout.Shapes, err = pack.Choose(l.sampleLengths(layout), choice)
	return layout, err
}

// sampledSteps spreads at most shapeSamples steps over a run.
func sampledSteps(steps int) []int {
	out := make([]int, min(shapeSamples, max(1, steps)))
	for i := range out {
		out[i] = i * steps / len(out)
	}
	return out
}

// sampleLengths draws batches over the whole run and returns the lengths of each part's texts.
func (l *loop) sampleLengths(layout *Layout) (samples [][]int) {
	for _, step := range sampledSteps(l.cfg.Steps) {
		texts, _ := l.corpus.texts(l.sample(step), l.banks, layout.Anchors)
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
func (o *Layout) parts(texts [][]int32) [][][]int32 {
	each := len(texts) / o.Packs
	parts := make([][][]int32, o.Packs)
	for i := range parts {
		parts[i] = texts[i*each : (i+1)*each]
	}
	return parts
}

// lay packs each part, all into the shape that the largest of them needs.
func (o *Layout) lay(texts [][]int32) ([]pack.Batch, error) {
	parts := o.parts(texts)
	if o.padded { // what packing is measured against
		return each(parts, func(part [][]int32) (pack.Batch, error) { return pack.Padded(part, o.Shapes[0]) })
	}
	packs, err := each(parts, func(part [][]int32) (pack.Batch, error) { return pack.One(part, o.Shapes) })
	if err != nil || len(parts) == 1 {
		return packs, err
	}
	largest := slices.MaxFunc(packs, func(a, b pack.Batch) int {
		return cmp.Compare(a.Shape.Cost(pack.Attention), b.Shape.Cost(pack.Attention))
	}).Shape
	into := func(shape pack.Shape) ([]pack.Batch, error) {
		return each(parts, func(part [][]int32) (pack.Batch, error) { return pack.One(part, []pack.Shape{shape}) })
	}
	if packs, err = into(largest); err == nil {
		return packs, nil
	}
	return into(o.Shapes[len(o.Shapes)-1]) // which holds any
}

// each packs every part.
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
