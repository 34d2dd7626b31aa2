package sft

import (
	"hives/internal/trainer/loop"
	"hives/internal/trainer/step"
	"hives/pack"
)

// source draws batches: rows in an order that is drawn anew each epoch, one batch after the other. A batch that the end
// of an epoch cuts goes on with the next, so that all have the same size and every row comes as often as any other.
type source struct {
	texts []text
	batch int
	seed  uint64

	epoch int // whose order is kept
	order []int
}

// at returns the texts of a step, counted from 0, and the epoch that it begins in.
func (s *source) at(step int) (drawn []*text, epoch int) {
	n := len(s.texts)
	first := step * s.batch
	for i := first; i < first+s.batch; i++ {
		if s.order == nil || s.epoch != i/n {
			s.epoch, s.order = i/n, order(n, s.seed, i/n)
		}
		drawn = append(drawn, &s.texts[s.order[i%n]])
	}
	return drawn, first / n
}

// idsOf lists the tokens of texts.
func idsOf(drawn []*text) [][]int32 {
	ids := make([][]int32, len(drawn))
	for i, t := range drawn {
		ids[i] = t.ids
	}
	return ids
}

// foretold are the labels of a micro-batch.
type foretold struct {
	positions, targets []int32 // [N]
	of                 []int   // [N] the text of each, −1 of an unused place
}

// labelsOf finds, in packed rows, the positions that foretell the answers of texts. last[i] is where text i ends, so
// its first token stands len−1 before that.
func labelsOf(p *pack.Batch, texts []*text) (f foretold) {
	for i, t := range texts {
		begin := p.Last[i] - int32(len(t.ids)) + 1
		for at := t.from; at < len(t.ids); at++ {
			f.positions = append(f.positions, begin+int32(at)-1)
			f.targets = append(f.targets, t.ids[at])
			f.of = append(f.of, i)
		}
	}
	return f
}

// pad fills up to n places with position 0 and target 0, which count nothing.
func (f *foretold) pad(n int) {
	for len(f.positions) < n {
		f.positions, f.targets, f.of = append(f.positions, 0), append(f.targets, 0), append(f.of, -1)
	}
}

// places rounds a number of labels up, so that a shape is compiled for few of them: to an eighth of the tokens.
func places(labels int, shape pack.Shape) int {
	eighth := max(1, (shape.Tokens()+7)/8)
	return (labels + eighth - 1) / eighth * eighth
}

// lay makes a step's input of drawn texts: micro-batches of one shape and one number of places, and what each place
// counts.
func lay(layout *loop.Layout, drawn []*text, mean string) (*step.Batch, error) {
	packs, err := layout.Lay(idsOf(drawn))
	if err != nil {
		return nil, err
	}
	each := len(drawn) / len(packs)
	parts, n := make([]foretold, len(packs)), 0
	for i := range packs {
		parts[i] = labelsOf(&packs[i], drawn[i*each:(i+1)*each])
		n = max(n, places(len(parts[i].positions), packs[i].Shape))
	}
	out := &step.Batch{}
	var weights []float32
	for i := range packs {
		parts[i].pad(n)
		weights = append(weights, parts[i].weights(drawn, drawn[i*each:(i+1)*each], mean)...)
		out.Micro = append(out.Micro, step.Micro{Batch: packs[i], Inputs: step.Values[any]{
			{Name: inputPositions, Value: parts[i].positions}, {Name: inputTargets, Value: parts[i].targets}}})
	}
	out.Loss = step.Values[any]{{Name: inputWeights, Value: weights}}
	return out, nil
}

// weights are what each place counts: 1/tokens of the batch, or 1/rows of the batch and 1/tokens of its row.
func (f *foretold) weights(all, own []*text, mean string) []float32 {
	tokens := 0
	for _, t := range all {
		tokens += t.labels()
	}
	out := make([]float32, len(f.of))
	for i, text := range f.of {
		switch {
		case text < 0:
		case mean == ByRow:
			out[i] = float32(1 / float64(len(all)*own[text].labels()))
		default:
			out[i] = float32(1 / float64(tokens))
		}
	}
	return out
}
