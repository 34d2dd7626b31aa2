package data

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"hives/internal/fault"
)

// Parts of a split, in the order of SplitOptions.Fractions.
const (
	Train = iota
	Validation
	Test
	NumParts
)

// PartNames are the parts' names, also of their files.
var PartNames = [NumParts]string{"train", "validation", "test"}

// SplitOptions says how large the parts shall be, and which of the possible splits it is.
type SplitOptions struct {
	Fractions [NumParts]float64 // of the components, not of the rows; they add up to 1
	Seed      uint64
}

// DefaultSplit is .8, .1, .1 with seed 0.
func DefaultSplit() SplitOptions { return SplitOptions{Fractions: [NumParts]float64{.8, .1, .1}} }

// Validate refuses fractions that are no division of the whole.
func (o SplitOptions) Validate() error {
	sum := 0.0
	for _, f := range o.Fractions {
		if !(f >= 0 && f <= 1) {
			return fault.New(fault.Invalid, "data: fraction %v of a split is not between 0 and 1", f)
		}
		sum += f
	}
	if math.Abs(sum-1) > 1e-9 {
		return fault.New(fault.Invalid, "data: the fractions %v of a split add up to %v, not 1", o.Fractions, sum)
	}
	return nil
}

// Split deals rows to the parts. Rows that share a group or a text, directly or through other rows, form a
// component and stay together. A component's part is a hash of its smallest id and the seed: it depends neither
// on the order of the rows nor on how the other components look.
//
// So a corpus that is split again with more rows keeps every old component in its part, unless a new row gives it
// a smaller id. The price: fractions hold for components on average, and one large component may make a part
// larger than asked for (SplitSummary says how large it is).
//
// Invariant: no text and no group stands in two parts.
func Split(rows []Row, o SplitOptions) (parts [NumParts][]Row, err error) {
	if err := o.Validate(); err != nil {
		return parts, err
	}
	c := join(rows) // every row must be known before the first can be dealt
	for i := range rows {
		p := o.part(c.find(rows[i].Group))
		parts[p] = append(parts[p], rows[i])
	}
	return parts, nil
}

// part hashes a component's key to a point of [0, 1) and finds the part it lies in: with .8, .1, .1 the points
// below .8 are training, those from .8 to .9 validation. Another seed moves every component's point at once.
func (o SplitOptions) part(key string) int {
	sum := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, o.Seed), key...))
	// 53 bits fill a float64 exactly, so the point is uniform and below 1.
	point := float64(binary.LittleEndian.Uint64(sum[:])>>11) / (1 << 53)
	last := Train // takes the point if rounding leaves it beyond the last fraction
	for p, f := range o.Fractions {
		if f == 0 {
			continue
		}
		if last = p; point < f {
			break
		}
		point -= f
	}
	return last
}

// ComponentSizes returns the number of rows of each component that Split keeps together, by its key.
func ComponentSizes(rows []Row) map[string]int {
	c := join(rows)
	sizes := map[string]int{}
	for i := range rows {
		sizes[c.find(rows[i].Group)]++
	}
	return sizes
}

// join links every row's text with its group. Ids of both are hashes of normalised text in one namespace, so a
// text that is another text's group (a comment that is somebody's conclusion) joins the two.
func join(rows []Row) *components {
	c := newComponents()
	for i := range rows {
		c.join(rows[i].TextID, rows[i].Group)
	}
	return c
}
