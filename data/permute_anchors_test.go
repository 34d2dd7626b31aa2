package data

import (
	"fmt"
	"maps"
	"testing"
)

// anchoredRows makes 400 rows of 160 texts and two corpora; a text has one theory anchor, its rows several
// individual ones, some none.
func anchoredRows() []Row {
	var rows []Row
	for i := range 400 {
		text := i % 160
		rows = append(rows, Row{
			TextID: fmt.Sprint("t", text), Corpus: fmt.Sprint("c", text%2), Theory: "svt", Level1: fmt.Sprint(i),
			TheoryAnchor: int32(text*7%23 - 1), IndividualAnchor: int32(i*5%31 - 1),
		})
	}
	return rows
}

// counts gives the texts of each corpus and id.
func counts(rows []Row, id func(Row) int32) map[string]int {
	texts := map[string]map[string]bool{}
	for _, r := range rows {
		key := fmt.Sprint(r.Corpus, " ", id(r))
		if texts[key] == nil {
			texts[key] = map[string]bool{}
		}
		texts[key][r.TextID] = true
	}
	out := map[string]int{}
	for key, of := range texts {
		out[key] = len(of)
	}
	return out
}

func TestPermuteAnchorsKeepsFrequenciesAndBreaksMeaning(t *testing.T) {
	rows := anchoredRows()
	got := PermuteAnchors(rows, 3)
	theory := func(r Row) int32 { return r.TheoryAnchor }
	if !maps.Equal(counts(rows, theory), counts(got, theory)) {
		t.Error("the texts of a corpus and theory anchor have changed in number")
	}
	ofText, moved := map[string]int32{}, [2]int{}
	for i := range rows {
		was, is := rows[i], got[i]
		if id, known := ofText[is.TextID]; known && id != is.TheoryAnchor {
			t.Fatalf("rows of text %s have the theory anchors %d and %d", is.TextID, id, is.TheoryAnchor)
		}
		ofText[is.TextID] = is.TheoryAnchor
		if (was.TheoryAnchor == NoAnchor) != (is.TheoryAnchor == NoAnchor) ||
			(was.IndividualAnchor == NoAnchor) != (is.IndividualAnchor == NoAnchor) {
			t.Fatalf("row %d gained or lost an anchor", i+1)
		}
		if was.TheoryAnchor != is.TheoryAnchor {
			moved[0]++
		}
		if was.IndividualAnchor != is.IndividualAnchor {
			moved[1]++
		}
		if is.TheoryAnchor, is.IndividualAnchor = was.TheoryAnchor, was.IndividualAnchor; fmt.Sprint(is) != fmt.Sprint(was) {
			t.Fatalf("row %d: another column has changed", i+1)
		}
	}
	if moved[0] < 300 || moved[1] < 300 { // chance leaves about one in twenty in its place
		t.Errorf("of 400 rows %v have another theory and individual anchor", moved)
	}
}

// A text may have two individual anchors: then units, not rows, keep their number.
func TestPermuteAnchorsKeepsTheUnitsOfAText(t *testing.T) {
	rows := []Row{
		{TextID: "a", IndividualAnchor: 1}, {TextID: "a", IndividualAnchor: 2}, {TextID: "a", IndividualAnchor: 1},
		{TextID: "b", IndividualAnchor: 3}, {TextID: "c", IndividualAnchor: -1},
	}
	for seed := range uint64(20) {
		got := PermuteAnchors(rows, seed)
		seen := map[int32]int{got[0].IndividualAnchor: 1}
		seen[got[1].IndividualAnchor]++
		seen[got[3].IndividualAnchor]++
		if got[0].IndividualAnchor != got[2].IndividualAnchor || got[4].IndividualAnchor != -1 ||
			seen[1]*seen[2]*seen[3] != 1 {
			t.Fatalf("seed %d: %v", seed, seen)
		}
	}
}

func TestPermuteAnchorsIsAFunctionOfTheSeed(t *testing.T) {
	rows := anchoredRows()
	before := fmt.Sprint(rows)
	one, again, other := fmt.Sprint(PermuteAnchors(rows, 1)), fmt.Sprint(PermuteAnchors(rows, 1)),
		fmt.Sprint(PermuteAnchors(rows, 2))
	if one != again || one == other || fmt.Sprint(rows) != before {
		t.Error("the deal is no function of rows and seed, or has changed its input")
	}
}
