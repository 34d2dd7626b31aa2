package contrast

import (
	"hives/internal/fault"
	"hives/internal/trainer/loop"
)

// Layout is the loop's, with slots for the sentences that Stage 2 encodes beside a batch's texts.
type Layout struct {
	*loop.Layout
	Anchors int // E, slots for fresh anchors
}

// newLayout chooses shapes by the batches that the run will see.
func (in *Inputs) newLayout() (*Layout, error) {
	layout := &Layout{}
	// Every anchor row may name a sentence of its own, so that many slots are needed at most.
	if in.banks != nil && !in.banks.Learned {
		loss, err := in.cfg.stage2()
		if err != nil {
			return nil, err
		}
		_, individual, theory := loss.Split(in.cfg.Sampler.BatchSize)
		layout.Anchors = individual + theory
	}
	texts, packs := in.cfg.Sampler.BatchSize+layout.Anchors, in.cfg.Loop.Memory.Packs
	if texts%packs != 0 {
		return nil, fault.Usage(fault.New(fault.Invalid,
			"memory: %d texts (%d of them anchors) in %d packs: want a divisor", texts, layout.Anchors, packs))
	}
	var err error
	layout.Layout, err = loop.NewLayout(&in.cfg.Loop, texts/packs, in.start.Info.MaxLength, func(step int) [][]int32 {
		texts, _ := in.corpus.texts(in.source.at(step), in.banks, layout.Anchors)
		return texts
	})
	return layout, err
}
