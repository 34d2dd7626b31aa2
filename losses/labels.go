package losses

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Labels are the annotations of a batch's rows.
//
//	row    text              Theory  Levels     Direction
//	0      "She shared …"      1     4  9  −1      1
//	1      "He kept all …"     1     4  9  −1     −1       same path, other direction: a negative in most variants
//	2      "They elected …"    3     7 −1  −1      0       another theory: never a positive
type Labels struct {
	Theory    *Node // [B] Int32
	Levels    *Node // [B, L] Int32, −1 where the path has no label
	Direction *Node // [B] Int32

	// Ignore marks pairs that say nothing, [B, B] Bool; nil: none. Where it is true, row j is neither a
	// positive of anchor i nor in its denominator, at any level. It need not be symmetric: text j may
	// carry i's label in another of its rows, and text i not j's.
	Ignore *Node
}

// of takes the labels of some rows and the pairs among them.
func (l Labels) of(r rows) Labels {
	l.Theory, l.Levels, l.Direction = r.of(l.Theory), r.of(l.Levels), r.of(l.Direction)
	if l.Ignore != nil {
		l.Ignore = SliceAxis(r.of(l.Ignore), 1, AxisRange(r.from, r.to))
	}
	return l
}

// candidates are the pairs that a denominator holds: all but a row with itself and those to be ignored. [B, B]
// Bool. Leaving a pair out of the positives alone would still push the two apart.
func (l Labels) candidates() *Node {
	others := LogicalNot(Diagonal(l.Theory.Graph(), l.Theory.Shape().Dim(0)))
	if l.Ignore == nil {
		return others
	}
	return LogicalAnd(others, LogicalNot(l.Ignore))
}

// check asserts e: [B, H], theory and direction: [B], levels: [B, L], ignore: [B, B].
func (l Labels) check(e *Node) {
	if e.Rank() != 2 {
		exceptions.Panicf("losses: vectors %s, want [B, H]", e.Shape())
	}
	batch := e.Shape().Dim(0)
	if l.Levels.Rank() != 2 || l.Levels.Shape().Dim(0) != batch || l.Levels.Shape().Dim(1) < 1 {
		exceptions.Panicf("losses: levels %s beside vectors %s, want [%d, L]", l.Levels.Shape(), e.Shape(), batch)
	}
	checkIDs(e, l.Theory, "theory")
	checkIDs(e, l.Direction, "direction")
	if l.Ignore != nil && (l.Ignore.DType() != dtypes.Bool || !isSquare(l.Ignore, batch)) {
		exceptions.Panicf("losses: ignore %s beside vectors %s, want Bool [%d, %d]", l.Ignore.Shape(), e.Shape(),
			batch, batch)
	}
}

func isSquare(x *Node, n int) bool {
	return x.Rank() == 2 && x.Shape().Dim(0) == n && x.Shape().Dim(1) == n
}

// checkIDs asserts one integer a row of e.
func checkIDs(e, ids *Node, name string) {
	if ids.Rank() != 1 || ids.Shape().Dim(0) != e.Shape().Dim(0) || !ids.DType().IsInt() {
		exceptions.Panicf("losses: %s %s beside vectors %s, want integers [%d]",
			name, ids.Shape(), e.Shape(), e.Shape().Dim(0))
	}
}
