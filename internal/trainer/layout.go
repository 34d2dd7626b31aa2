package trainer

import (
	"math"

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
	samples, err := l.sampleLengths(layout)
	if err != nil {
		return nil, err
	}
	layout.Shapes, err = pack.Choose(samples, pack.Choice{Texts: each, Longest: longest, Devices: l.cfg.Memory.Devices})
	return layout, err
}

// sampleLengths draws batches over the whole run and returns the lengths of each part's texts.
func (l *loop) sampleLengths(layout *Layout) (samples [][]int, err error) {
	n := min(shapeSamples, max(1, l.cfg.Steps))
	for i := range n {
		step := int(float64(i) * math.Max(1, float64(l.cfg.Steps)) / float64(n))
		d := l.sample(step)
		var texts [][]int32
		for _, r := range d.Rows {
			texts = append(texts, l.corpus.IDs(r))
		}
		if l.banks != nil {
			texts = append(texts, l.banks.fresh(&AnchorBatch{Individual: d.Individual, Theory: d.Theory}, layout.Anchors)...)
		}
		for _, part := range layout.parts(texts) {
			lengths := make([]int, len(part))
			for j, t := range part {
				lengths[j] = len(t)
			}
			samples = append(samples, lengths)
		}
	}
	return samples, nil
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
	if o.padded {
		return o.pad(parts)
	}
	packs, largest := make([]pack.Batch, len(parts)), pack.Shape{}
	for i, part := range parts {
		var err error
		if packs[i], err = pack.One(part, o.Shapes); err != nil {
			return nil, err
		}
		if s := packs[i].Shape; s.Cost(pack.Attention) > largest.Cost(pack.Attention) {
			largest = s
		}
	}
	for i, part := range parts {
		if packs[i].Shape != largest {
			again, err := pack.One(part, []pack.Shape{largest})
			if err != nil {
				return o.worst(parts)
			}
			packs[i] = again
		}
	}
	return packs, nil
}

// worst packs all parts into the last shape, which holds any.
func (o *Layout) worst(parts [][][]int32) ([]pack.Batch, error) {
	packs := make([]pack.Batch, len(parts))
	for i, part := range parts {
		var err error
		if packs[i], err = pack.One(part, o.Shapes[len(o.Shapes)-1:]); err != nil {
			return nil, err
		}
	}
	return packs, nil
}

// pad gives each text a row of its own, as the authors do: what packing is measured against.
func (o *Layout) pad(parts [][][]int32) ([]pack.Batch, error) {
	var packs []pack.Batch
	shape := o.Shapes[0]
	for _, part := range parts {
		p := pack.Batch{Shape: shape, IDs: make([]int32, shape.Tokens()), Texts: make([]int32, shape.Tokens()), Last: make([]int32, shape.Texts)}
		for at := range p.Texts {
			p.Texts[at] = -1
		}
		for slot, text := range part {
			if len(text) > shape.Length {
				return nil, fault.New(fault.Invalid, "a text of %d tokens, rows hold %d", len(text), shape.Length)
			}
			for i, id := range text {
				p.IDs[slot*shape.Length+i], p.Texts[slot*shape.Length+i] = id, int32(slot)
			}
			p.Last[slot] = int32(slot*shape.Length + len(text) - 1)
			p.Members = append(p.Members, slot)
		}
		packs = append(packs, p)
	}
	return packs, nil
}
