package pack

import (
	"math/bits"
	"slices"

	"hives/internal/fault"
)

// stock is the texts that wait for a place, by length. Copies share the lists and keep places of their own, so
// that a filling can be tried and thrown away without touching every text.
//
// The lengths 5, 3, 5, 2 of texts 0 to 3 lie in it as
//
//	byLength   2: [3]   3: [1]   5: [0 2]
//	waits      a bit for 2, 3 and 5
//	take(6)    text 0, of 5: the longest that fits; next[5] is 1
//	take(4)    text 1, of 3; no other of that length waits, its bit goes
//
// Invariant: the bit of a length is set exactly while a text of it waits; left is the number of those that wait.
type stock struct {
	lengths  []int    // of every text
	byLength [][]int  // texts of each length, in the caller's order
	next     []int    // how many of each list are placed already
	waits    []uint64 // a bit for each length of which a text waits
	left     int      // texts without a place
	longest  int      // no waiting text is longer
}

// newStock sorts texts by length, without sorting: there are few lengths. A text without tokens has no vector.
func newStock(lengths []int) (*stock, error) {
	if len(lengths) == 0 {
		return &stock{}, nil
	}
	longest := slices.Max(lengths)
	s := &stock{
		lengths: lengths, byLength: make([][]int, longest+1), next: make([]int, longest+1),
		waits: make([]uint64, longest/64+1), left: len(lengths), longest: longest,
	}
	for i, n := range lengths {
		if n < 1 {
			return nil, fault.New(fault.Invalid, "text %d has no tokens", i)
		}
		s.byLength[n] = append(s.byLength[n], i)
		s.waits[n/64] |= 1 << (n % 64)
	}
	return s, nil
}

// clone copies what fillings change, two lists as long as the longest text. Texts themselves are never copied.
func (s *stock) clone() *stock {
	c := *s
	c.next, c.waits = slices.Clone(s.next), slices.Clone(s.waits)
	return &c
}

// atMost returns the greatest length of at most room of which a text waits, 0 if there is none. It reads the bits
// a word at a time: for room 70, the word of 64 … 127 is shifted so that bit 70 is its highest, and the zeros
// before the first set bit say how far below 70 it is.
func (s *stock) atMost(room int) int {
	room = min(room, s.longest)
	if room < 1 {
		return 0
	}
	at := room / 64
	word := s.waits[at] << (63 - room%64) // the bits of longer texts fall off
	if word != 0 {
		return room - bits.LeadingZeros64(word)
	}
	for at--; at >= 0; at-- {
		if word = s.waits[at]; word != 0 {
			return 64*at + 63 - bits.LeadingZeros64(word)
		}
	}
	return 0
}

// take hands out the longest waiting text of at most room tokens and its length; 0 if there is none.
func (s *stock) take(room int) (text, length int) {
	n := s.atMost(room)
	if n == 0 {
		return 0, 0
	}
	at := s.next[n]
	s.next[n]++
	s.left--
	if s.next[n] == len(s.byLength[n]) {
		s.waits[n/64] &^= 1 << (n % 64)
	}
	return s.byLength[n][at], n
}

// fill takes texts for at most rows rows and texts slots and returns their places. Row by row it takes the
// longest text that fits, which gives the rows of first-fit decreasing without searching them. A head has been
// taken before and stands first.
//
// Why it is the same: first-fit decreasing puts the texts, longest first, each into the first row with room. Row
// 0 thus gets, going down the lengths, every text that still fits it, that is again and again the longest that
// fits. What is left over goes to row 1 by the same rule, and so on.
func (s *stock) fill(shape Shape, head ...int) []place {
	var places []place
	for row := 0; row < shape.Rows && s.left+len(head) > 0; row++ {
		before, column := len(places), 0
		for _, text := range head {
			places = append(places, place{text, row, column})
			column += s.lengths[text]
		}
		for head = nil; column < shape.Length && len(places) < shape.Texts; {
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
	s.longest = s.atMost(s.longest)
	return places
}

// lengthsOf is all that packing looks at until layOut copies the ids.
func lengthsOf(texts [][]int32) []int {
	lengths := make([]int, len(texts))
	for i, t := range texts {
		lengths[i] = len(t)
	}
	return lengths
}
