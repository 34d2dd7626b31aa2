package pack

import (
	"cmp"
	"slices"

	"hives/internal/fault"
)

// One lays all texts into one batch of the cheapest shape that holds them. Slot i holds text i.
func One(texts [][]int32, shapes []Shape) (Batch, error) {
	shapes, err := cheapestFirst(shapes)
	if err != nil {
		return Batch{}, err
	}
	waiting, err := newStock(lengthsOf(texts))
	if err != nil {
		return Batch{}, err
	}
	total := 0
	for _, t := range texts {
		total += len(t)
	}
	for _, shape := range shapes {
		if len(texts) > shape.Texts || waiting.longest > shape.Length || total > shape.Tokens() {
			continue
		}
		if places := waiting.clone().fill(shape); len(places) == len(texts) {
			slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.text, b.text) })
			return layOut(texts, shape, places), nil
		}
	}
	return Batch{}, fault.New(fault.Invalid, "no shape holds %d texts of %d tokens, the longest of %d; the largest of %d shapes is %d × %d for %d texts",
		len(texts), total, waiting.longest, len(shapes), shapes[len(shapes)-1].Rows, shapes[len(shapes)-1].Length, shapes[len(shapes)-1].Texts)
}

// cheapestFirst returns the shapes by cost; of equals the first named stays first.
func cheapestFirst(shapes []Shape) ([]Shape, error) {
	if len(shapes) == 0 {
		return nil, fault.New(fault.Invalid, "no shapes to pack into")
	}
	for _, s := range shapes {
		if err := s.validate(); err != nil {
			return nil, err
		}
	}
	shapes = slices.Clone(shapes)
	slices.SortStableFunc(shapes, func(a, b Shape) int { return cmp.Compare(a.Cost(Attention), b.Cost(Attention)) })
	return shapes, nil
}
