package pack

import (
	"slices"

	"hives/internal/fault"
)

// stock is the texts that wait for a place, by length. Copies share the lists and keep places of their
// own, so that a filling can be tried and thrown away without touching every text.
type stock struct {
	lengths  []int   // of every text
	byLength [][]int // texts of each length, in the caller's order
	next     []int   // how many of each list are placed already
	left     int     // texts without a place
	longest  int     // no waiting text is longer
}

func newStock(lengths []int) (*stock, error) {
	if len(lengths) == 0 {
		return &stock{}, nil
	}
	longest := slices.Max(lengths)
	s := &stock{lengths: lengths, byLength: make([][]int, longest+1), next: make([]int, longest+1), left: len(lengths), longest: longest}
	for i, n := range lengths {
		if n < 1 {
			return nil, fault.New(fault.Invalid, "text %d has no tokens", i)
		}
		s.byLength[n] = append(s.byLength[n], i)
	}
	return s, nil
}

func (s *stock) clone() *stock {
	c := *s
	c.next = slices.Clone(s.next)
	return &c
}

// take hands out the longest waiting text of at most room tokens and its length; 0 if there is none.
func (s *stock) take(room int) (text, length int) {
	for n := min(room, s.longest); n > 0; n-- {
		if at := s.next[n]; at < len(s.byLength[n]) {
			s.next[n]++
			s.left--
			return s.byLength[n][at], n
		}
	}
	return 0, 0
}

// trim lowers longest to the longest text that still waits.
func (s *stock) trim() {
	for s.longest > 0 && s.next[s.longest] == len(s.byLength[s.longest]) {
		s.longest--
	}
}

// fill takes texts for at most rows rows and texts slots and returns their places. Row by row it takes
// the longest text that fits, which gives the rows of first-fit decreasing without searching them.
func (s *stock) fill(shape Shape) []place {
	var places []place
	for row := 0; row < shape.Rows && s.left > 0; row++ {
		before := len(places)
		for column := 0; column < shape.Length && len(places) < shape.Texts; {
			text, n := s.take(shape.Length - column)
			if n == 0 {
				break
			}
			places = append(places, place{text, row, column})
			column += n
		}
		if len(places) == before { // nothing that waits fits a row, or the slots are used up
			break
		}
	}
	s.trim()
	return places
}

func lengthsOf(texts [][]int32) []int {
	lengths := make([]int, len(texts))
	for i, t := range texts {
		lengths[i] = len(t)
	}
	return lengths
}
