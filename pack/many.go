package pack

import (
	"fmt"

	"hives/internal/fault"
)

// callCost is what a batch costs beside its tokens, in tokens: starting a graph, spreading it over the cores.
// Without it, many tiny batches would look as cheap as a full one.
const callCost = 64

// shortRows is the weight of attention by which Many compares shapes: that of small models, for which a
// long row is dear (docs/PACKING.md). Texts that are all known fill short rows as well as long ones.
const shortRows = 512

// Many lays texts into batches of the given shapes, cheaply rather than in the caller's order: Members
// says which text stands where. The longest texts come first, so only the last batches are small.
//
// Each batch takes, of the shapes that hold the longest waiting text, the one with the least cost for a
// token of text. It is greedy: at the very end a few tokens more than in the best plan may be computed.
func Many(texts [][]int32, shapes []Shape) ([]Batch, error) {
	if err := validate(shapes); err != nil {
		return nil, err
	}
	waiting, err := newStock(lengthsOf(texts))
	if err != nil {
		return nil, err
	}
	var batches []Batch
	for waiting.left > 0 {
		text, _ := waiting.take(waiting.longest)
		shape, places, err := waiting.choose(shapes, shortRows, text)
		if err != nil {
			return nil, err
		}
		batches = append(batches, layOut(texts, shape, places))
	}
	return batches, nil
}

// Next lays out one batch that holds the first text and, of the others, those beside which a token of text costs
// least: texts of like lengths. Others wait for a later call. It takes the longest that fit. Attention is the row
// length at which the model's attention costs as much as the rest: a great one prefers full rows to short ones.
//
// The caller owes the order: text 0 is the one whose turn it is. That it is always taken is what bounds the wait
// of a long text among short ones, however dear it is.
func Next(texts [][]int32, shapes []Shape, attention float64) (Batch, error) {
	if err := validate(shapes); err != nil {
		return Batch{}, err
	}
	if !(attention > 0) {
		return Batch{}, fault.New(fault.Invalid, "attention length %g: want more than 0", attention)
	}
	waiting, err := newStock(lengthsOf(texts))
	if err != nil {
		return Batch{}, err
	}
	if len(texts) == 0 {
		return Batch{}, fault.New(fault.Invalid, "no texts for a batch")
	}
	waiting.take(len(texts[0])) // text 0: none of its length precedes it
	shape, places, err := waiting.choose(shapes, attention, 0)
	if err != nil {
		return Batch{}, err
	}
	return layOut(texts, shape, places), nil
}

// choose fills every shape that holds the head, which has been taken before, and returns the one in which a token
// of text costs least. Its texts are taken.
//
// One short head and shapes 1 × 16 and 8 × 256: alone in line it gets the first, with two hundred others behind
// it the second, where all of them share the cost of the call.
func (s *stock) choose(shapes []Shape, attention float64, head int) (best Shape, places []place, err error) {
	least, left := 0.0, s
	for _, shape := range shapes {
		if shape.Length < s.lengths[head] {
			continue
		}
		trial, tokens := s.clone(), 0
		filled := trial.fill(shape, head)
		for _, p := range filled {
			tokens += s.lengths[p.text]
		}
		if cost := (shape.Cost(attention) + callCost) / float64(tokens); least == 0 || cost < least {
			best, places, least, left = shape, filled, cost, trial
		}
	}
	if least == 0 {
		return best, nil, tooLong(head, s.lengths[head], shapes)
	}
	*s = *left
	return best, places, nil
}

// tooLong names the text and both lengths, since the remedy is to cut the one or to ask for longer rows.
func tooLong(text, tokens int, shapes []Shape) error {
	longest := 0
	for _, shape := range shapes {
		longest = max(longest, shape.Length)
	}
	return fmt.Errorf("text %d: %w", text, fault.New(fault.Invalid, "%d tokens, the longest row holds %d",
		tokens, longest))
}
