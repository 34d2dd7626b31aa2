package data_test

import (
	"fmt"
	"reflect"
	"testing"

	"hives/data"
)

func TestPermuteLabelsKeepsFrequenciesWithinCorpora(t *testing.T) {
	var rows []data.Row
	for i := range 200 {
		rows = append(rows, data.Row{
			Text: fmt.Sprint(i), Corpus: []string{"a", "b"}[i%2], Theory: "mft",
			Level1: fmt.Sprintf("%s%d", []string{"a", "b"}[i%2], i%7), Direction: int32(i%3) - 1,
		})
	}
	got := data.PermuteLabels(rows, 7)
	if !reflect.DeepEqual(got, data.PermuteLabels(rows, 7)) {
		t.Error("the same seed gives another permutation")
	}
	moved, count := 0, map[string]int{}
	for i := range rows {
		if got[i].Text != rows[i].Text || got[i].Corpus != rows[i].Corpus {
			t.Fatalf("row %d: text or corpus moved", i)
		}
		if got[i].Level1[:1] != got[i].Corpus {
			t.Errorf("row %d of corpus %s bears a label of another corpus", i, got[i].Corpus)
		}
		if got[i].Level1 != rows[i].Level1 {
			moved++
		}
		count[fmt.Sprint(rows[i].Level1, rows[i].Direction)]++
		count[fmt.Sprint(got[i].Level1, got[i].Direction)]--
	}
	for label, n := range count {
		if n != 0 {
			t.Errorf("label %s: frequency changed by %d", label, -n)
		}
	}
	if moved < len(rows)/2 {
		t.Errorf("only %d of %d rows have another label", moved, len(rows))
	}
}
