package pack

import (
	"cmp"
	"slices"

	"hives/internal/fault"
)

// One lays all texts into one batch, of the first of shapes that holds them: list the cheapest first, as Choose
// does. Slot i holds text i: the loss has the labels of row i beside it, so the order of slots is the batch's.
func One(texts [][]int32, shapes []Shape) (Batch, error) {
	if err := validate(shapes); err != nil {
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
		// Counts and totals may allow a shape that first-fit decreasing cannot fill: 3, 3 and 2 tokens in 2 × 4.
		if places := waiting.clone().fill(shape); len(places) == len(texts) {
			slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.text, b.text) })
			return layOut(texts, shape, places), nil
		}
	}
	largest := slices.MaxFunc(shapes, func(a, b Shape) int { return cmp.Compare(a.Tokens(), b.Tokens()) })
	return Batch{}, fault.New(fault.Invalid, "no shape holds %d texts of %d tokens, the longest of %d; "+
		"the largest of %d shapes is %d × %d for %d texts",
		len(texts), total, waiting.longest, len(shapes), largest.Rows, largest.Length, largest.Texts)
}

// validate refuses an empty list and shapes that cannot be.
func validate(shapes []Shape) error {
	if len(shapes) == 0 {
		return fault.New(fault.Invalid, "no shapes to pack into")
	}
	for _, s := range shapes {
		if err := s.validate(); err != nil {
			return err
		}
	}
	return nil
}

// Padded gives each text a row of its own, from the row's left edge. Slot i holds text i. It is the plain way
// that the packed one is compared with.
func Padded(texts [][]int32, shape Shape) (Batch, error) {
	if err := shape.validate(); err != nil {
		return Batch{}, err
	}
	if len(texts) > min(shape.Rows, shape.Texts) {
		return Batch{}, fault.New(fault.Invalid, "%d texts, one a row: the shape has %d rows for %d texts", len(texts),
			shape.Rows, shape.Texts)
	}
	places := make([]place, len(texts))
	for i, text := range texts {
		if len(text) == 0 || len(text) > shape.Length {
			return Batch{}, fault.New(fault.Invalid, "a text of %d tokens, rows hold 1 to %d", len(text), shape.Length)
		}
		places[i] = place{text: i, row: i}
	}
	return layOut(texts, shape, places), nil
}
