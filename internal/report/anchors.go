package report

import (
	"fmt"
	"slices"
	"strings"

	"hives/data"
	"hives/data/anchors"
	"hives/data/theories"
	clusters "hives/internal/anchors"
)

// shownAnchors is how many anchors the page lists, those of the most rows.
const shownAnchors = 10

// Anchors describes a bank of anchors and the rows that were assigned to both banks. Count and Across are of the
// bank, the rest of the rows.
//
// A row may have an anchor, a sentence of the inventory, both or neither, so the two shares do not add up to
// anything.
type Anchors struct {
	Count      int // anchors of the bank
	Across     int // of them those whose texts hold values of several theories
	Rows       int
	Theory     int // rows with an anchor
	Individual int // rows with a sentence of the plain-language inventory
	Examples   []AnchorExample
}

// AnchorExample is one anchor with the values its cluster stands for. Values are three at most, the most frequent
// first: a table's cell has room for no more.
type AnchorExample struct {
	ID     int32
	Text   string
	Rows   int
	Values []string
}

// ReadAnchors reads the bank and the assigned rows, both of the theories known. Examples are the anchors of the most
// rows, which is what training saw most of, good or bad. The rows are read once, one at a time, and only counted. Of
// equally many rows the bank's order decides.
func ReadAnchors(bankPath, rowsPath string, known theories.Set) (*Anchors, error) {
	bank, err := anchors.Read(bankPath, known)
	if err != nil {
		return nil, err
	}
	a := &Anchors{Count: len(bank.Anchors), Across: across(bank)}
	// Counted by the rows, not by the bank: what training saw, after the limits of the assignment.
	rows := map[int32]int{}
	_, err = data.Scan(rowsPath, data.ReadOptions{Theories: known}, func(r *data.Row) error {
		a.Rows++
		if r.TheoryAnchor != data.NoAnchor {
			a.Theory++
			rows[r.TheoryAnchor]++
		}
		if r.IndividualAnchor != data.NoAnchor {
			a.Individual++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, x := range bank.Anchors {
		a.Examples = append(a.Examples, AnchorExample{x.ID, x.Text, rows[x.ID], x.ValueIDs[:min(3, len(x.ValueIDs))]})
	}
	slices.SortStableFunc(a.Examples, func(x, y AnchorExample) int { return y.Rows - x.Rows })
	a.Examples = a.Examples[:min(shownAnchors, len(a.Examples))]
	return a, nil
}

// across counts by the bank's own description; a bank without one is judged by the main values of its anchors,
// which are fewer than all, so that the count is too low rather than too high.
//
//	value ids svt/conservation, mft/authority-subversion     across
//	value ids svt/conservation, svt/power                    not: two values of one theory
func across(bank *anchors.Bank) int {
	if details, err := clusters.Details(bank); err == nil {
		return clusters.Across(details)
	}
	n := 0
	for _, a := range bank.Anchors {
		theory := func(id string) string { name, _, _ := strings.Cut(id, "/"); return name }
		if slices.ContainsFunc(a.ValueIDs, func(id string) bool { return theory(id) != theory(a.ValueIDs[0]) }) {
			n++
		}
	}
	return n
}

// Coverage says in words how many rows were assigned: "189 anchors found in the training rows, … of them across
// theories; 18833 of 25661 rows (73 %) have one, and …". The terminal and the page say it in the same words.
func (a *Anchors) Coverage() string {
	share := func(n int) float64 { return 100 * float64(n) / float64(max(1, a.Rows)) }
	return fmt.Sprintf("%d anchors found in the training rows, %d of them across theories; %d of %d rows (%.0f %%) have "+
		"one, and %d (%.0f %%) a sentence of the plain-language inventory",
		a.Count, a.Across, a.Theory, a.Rows, share(a.Theory), a.Individual, share(a.Individual))
}
