package stats

import (
	"testing"

	"hives/data/theories"
)

// Of every node, each row has one of four directions, and rows that end there are among those at or below it.
func TestCellsAddUp(t *testing.T) {
	got, err := Describe(rows(), theories.Builtin(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got.ByValue {
		if c.Rows == 0 || c.Rows != c.Supports+c.Opposes+c.Zero+c.Unjudged || c.Ends > c.Rows {
			t.Errorf("%+v does not add up", c)
		}
	}
	if len(got.ByValue) < 3 {
		t.Errorf("%d nodes, the rows have three", len(got.ByValue))
	}
}

// The quantiles of describe's comment.
func TestQuantilesOfTen(t *testing.T) {
	if l := describe([]int{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}); l.Median != 5 || l.P95 != 10 {
		t.Errorf("median %d and 95th percentile %d of 1 to 10", l.Median, l.P95)
	}
}
