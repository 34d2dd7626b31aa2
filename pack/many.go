package pack

import (
	"fmt"

	"hives/internal/fault"
)

// callCost is what a batch costs beside its tokens: starting a graph, spreading it over the cores.
const callCost = 64

// shortRows is the weight of attention by which Many compares shapes: that of small models, for which a
// long row is dear (docs/PACKING.md). For a large one short rows that are as full are no worse.
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
		shape, err := waiting.choose(shapes)
		if err != nil {
			return nil, err
		}
		batches = append(batches, layOut(texts, shape, waiting.fill(shape)))
	}
	return batches, nil
}

// choose tries every shape on what waits and returns the one with the least cost for a token of text.
func (s *stock) choose(shapes []Shape) (Shape, error) {
	best, least := Shape{}, 0.0
	for _, shape := range shapes {
		if shape.Length < s.longest {
			continue
		}
		trial, tokens := s.clone(), 0
		for _, p := range trial.fill(shape) {
			tokens += s.lengths[p.text]
		}
		if cost := (shape.Cost(shortRows) + callCost) / float64(tokens); least == 0 || cost < least {
			best, least = shape, cost
		}
	}
	if least == 0 {
		return best, s.tooLong(shapes)
	}
	return best, nil
}

func (s *stock) tooLong(shapes []Shape) error {
	longest := 0
	for _, shape := range shapes {
		longest = max(longest, shape.Length)
	}
	text, n := s.take(s.longest)
	return fmt.Errorf("text %d: %w", text, fault.New(fault.Invalid, "%d tokens, the longest row holds %d", n, longest))
}
