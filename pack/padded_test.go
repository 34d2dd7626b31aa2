package pack

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPaddedGivesEachTextARow(t *testing.T) {
	got, err := Padded([][]int32{{5, 6}, {7}}, Shape{Rows: 3, Length: 3, Texts: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := Batch{
		Shape: Shape{Rows: 3, Length: 3, Texts: 2},
		IDs:   []int32{5, 6, 0, 7, 0, 0, 0, 0, 0}, Texts: []int32{0, 0, -1, 1, -1, -1, -1, -1, -1},
		Last: []int32{1, 3}, Members: []int{0, 1},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for name, texts := range map[string][][]int32{"too long": {{1, 2, 3, 4}}, "empty": {{}}, "too many": {{1}, {1}, {1}}} {
		if _, err := Padded(texts, Shape{Rows: 3, Length: 3, Texts: 2}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
