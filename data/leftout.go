package data

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Why a row that was read is left out.
const (
	Contradicted = "contradicted" // the text both supports and opposes the value: all rows of the two go
	Superseded   = "superseded"   // nobody judged it, and another row of text and value was judged
)

// LeftOut is a row that was read and left out, with where it stands: enough to find it in its file. Its text is
// never repeated.
type LeftOut struct {
	File      string `json:"file"`
	Row       int    `json:"row"` // 1 is the first row after the header
	Reason    string `json:"reason"`
	TextID    string `json:"text_id"`
	ValueID   string `json:"value_id"`
	Direction int32  `json:"direction"`
}

// newLeftOut names a row by file, number, text id and value id, never by its text.
func newLeftOut(r *Row, known theories.Set, file string, row int, reason string) LeftOut {
	value := theories.ValueID(r.Theory, canonical(r, known))
	return LeftOut{file, row, reason, r.TextID, value, r.Direction}
}

// String names the row; never its text.
func (l LeftOut) String() string {
	does := map[int32]string{Supports: "supports", Opposes: "opposes", Neither: "says nothing of"}[l.Direction]
	why := "which another row of its text contradicts"
	if l.Reason == Superseded {
		why = "which another row of its text judged"
	}
	return fmt.Sprintf("%s: row %d %s %s, %s", l.File, l.Row, does, l.ValueID, why)
}

// shownLeftOut is how many rows are named where all of them would be too many.
const shownLeftOut = 5

// Examples are the first contradicted rows of a list.
func Examples(list []LeftOut) (out []LeftOut) {
	for _, l := range list {
		if l.Reason == Contradicted && len(out) < shownLeftOut {
			out = append(out, l)
		}
	}
	return out
}

// WriteLeftOut writes all rows of a list as a CSV file: file, row, reason, text_id, value_id, direction.
func WriteLeftOut(path string, list []LeftOut) error {
	return fsutil.WriteFile(path, func(w io.Writer) error {
		out := csv.NewWriter(w)
		out.Write([]string{"file", "row", "reason", "text_id", "value_id", "direction"}) // Flush tells of errors
		for _, l := range list {
			out.Write([]string{l.File, strconv.Itoa(l.Row), l.Reason, l.TextID, l.ValueID, strconv.Itoa(int(l.Direction))})
		}
		out.Flush()
		return out.Error()
	})
}

// Settled is the rows of a file without contradictions, as an import or a merge would leave them. Row i of Rows
// was row Numbers[i] of the file: scores of single rows must name the file's numbers, not those of what is left.
type Settled struct {
	Rows    []Row
	Numbers []int // [len(Rows)] of each row in its file, from 1
	Bad     []BadRow
	LeftOut []LeftOut // the contradicted
}

// ReadSettled is ReadWith without the rows of a text that both supports and opposes a value: to train on both would
// teach nothing, and to measure with both would count one of them wrong whatever the model says. Duplicates stay, as
// in any file that is read.
func ReadSettled(path string, o ReadOptions) (*Settled, error) {
	s := &Settled{}
	var rows []Row
	var numbers []int
	var err error
	s.Bad, err = scan(path, o, func(number int, r *Row) error {
		rows, numbers = append(rows, *r), append(numbers, number)
		return nil
	})
	if err != nil {
		return nil, err
	}
	said := survey(rows, o.Theories)
	for i := range rows {
		if says := said[labelOf(&rows[i], o.Theories)]; says.supports && says.opposes {
			s.LeftOut = append(s.LeftOut, newLeftOut(&rows[i], o.Theories, path, numbers[i], Contradicted))
			continue
		}
		s.Rows, s.Numbers = append(s.Rows, rows[i]), append(s.Numbers, numbers[i])
	}
	return s, nil
}

// Note says in a sentence how many rows are left out and names some; empty where none is.
func (s *Settled) Note() string {
	if len(s.LeftOut) == 0 {
		return ""
	}
	return fmt.Sprintf("left out: %d rows that contradict each other, since one text both supports and opposes one "+
		"value; such as %s",
		len(s.LeftOut), s.LeftOut[0])
}

// byPlace sorts a list by the order in which the rows were read.
func byPlace(list []placed) (out []LeftOut) {
	slices.SortFunc(list, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	for i := range list {
		out = append(out, list[i].LeftOut)
	}
	return out
}

// placed is a row left out with its place among all that were added.
type placed struct {
	place uint64
	LeftOut
}

// ReadConsistent is ReadSettled for programs that measure: note is told in a sentence what is left out, and a
// file of which nothing is left is refused. A measurement of no rows would otherwise be a page of dashes.
func ReadConsistent(path string, known theories.Set, note func(string)) (*Settled, error) {
	s, err := ReadSettled(path, ReadOptions{Theories: known})
	if err != nil {
		return nil, err
	}
	if said := s.Note(); said != "" {
		if len(s.Rows) == 0 {
			return nil, fault.New(fault.Invalid, "%s: no row is usable; %s", path, said)
		}
		note(path + ": " + said)
	}
	return s, nil
}
