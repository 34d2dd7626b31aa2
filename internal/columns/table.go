package columns

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

const (
	gap      = 2  // columns between two cells
	leastFor = 12 // columns that a wrapped cell gets at least, or its own width
)

// Table is a text/tabwriter whose lines fit the terminal. Cells are ended by tabs but for the last of a line. Rows
// are kept until Flush: widths follow from all of them.
//
// The same table in three widths:
//
//	at 80 columns                               at 44
//	folder       status    loss  note           folder       status    loss  note
//	runs/stage1  finished  4.08  best at …      runs/stage1  finished  4.08  best at step
//	                                                                           800
//	at 38
//	runs/stage1
//	  status  finished
//	  loss    4.08
//	  note    best at step 800
//
// First as tabwriter lays it out; then with cells that wrap; then a block for each row, with the heads as labels. A
// file or a pipe always gets the first form, so that programs that read it see one line a row.
type Table struct {
	w     io.Writer
	width int
	flags uint
	text  bytes.Buffer
}

// NewTable returns a table with cells to the left; it is written at Flush.
func NewTable(w io.Writer) *Table { return &Table{w: w, width: Width(w)} }

// NewRightTable returns a table with cells to the right.
func NewRightTable(w io.Writer) *Table {
	return &Table{w: w, width: Width(w), flags: tabwriter.AlignRight}
}

// Write only gathers: cells end with tabs, lines with line breaks, as for text/tabwriter.
func (t *Table) Write(p []byte) (int, error) { return t.text.Write(p) }

// Flush writes the table: as it is where it fits, else with wrapped cells, else a block for each row.
func (t *Table) Flush() error {
	var aligned bytes.Buffer
	a := tabwriter.NewWriter(&aligned, 0, 0, gap, ' ', t.flags)
	a.Write(t.text.Bytes())
	if err := a.Flush(); err != nil {
		return err
	}
	out := aligned.Bytes()
	// Where it fits nothing is changed, to the byte.
	if t.width > 0 && longest(aligned.String()) > t.width {
		out = []byte(t.narrow())
	}
	t.text.Reset()
	_, err := t.w.Write(out)
	return err
}

// longest is the width of the widest line.
func longest(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		n = max(n, Of(strings.TrimRight(line, " \n")))
	}
	return n
}

// narrow lays the table out for a width that it does not fit. A line of one cell is a heading or a note and parts
// the rows above it from those below: each part has widths of its own.
func (t *Table) narrow() string {
	var out strings.Builder
	var rows [][]string
	flush := func() {
		if len(rows) > 0 {
			layout(&out, rows, t.width, t.flags != 0)
		}
		rows = nil
	}
	for line := range strings.Lines(t.text.String()) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		// A table to the right ends its last cell with a tab too, which leaves an empty one.
		if t.flags != 0 && len(cells) > 1 && cells[len(cells)-1] == "" {
			cells = cells[:len(cells)-1]
		}
		if len(cells) > 1 {
			rows = append(rows, cells)
			continue
		}
		flush()
		writeLines(&out, Wrap(cells[0], t.width, gap))
	}
	flush()
	return out.String()
}

// writeLines writes lines without blanks at their ends.
func writeLines(out *strings.Builder, lines []string) {
	for _, line := range lines {
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// layout writes rows that belong together.
func layout(out *strings.Builder, rows [][]string, width int, right bool) {
	widths := natural(rows)
	switch fits := shrink(widths, rows, width); {
	case !fits && len(widths) == 2 && widths[0] <= width/2: // labels and what they stand for
		widths[1] = width - gap - widths[0]
	case !fits:
		blocks(out, rows, width)
		return
	}
	for _, row := range rows {
		writeLines(out, wrapRow(row, widths, right))
	}
}

// natural are the widths of the widest cells. natural asks every row, since a later one may be wider or have more
// cells.
func natural(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Of(cell))
		}
	}
	return widths
}

// shrink takes columns from the widest cells until all fit; only cells of several parts can be wrapped. One column
// is taken at a time from whichever cell is widest then, so wide cells come down to the height of the next before
// that one gives anything: 50, 20, 10 in 60 columns becomes 26, 20, 10 with two gaps.
func shrink(widths []int, rows [][]string, width int) bool {
	// A column that is narrower than the least keeps its own width.
	least := make([]int, len(widths))
	for i := range widths {
		least[i] = min(widths[i], max(leastFor, longestPart(rows, i)))
	}
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > width; total-- {
		widest := -1
		for i, w := range widths {
			if w > least[i] && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return false
		}
		widths[widest]--
	}
	return true
}

// longestPart is the widest part of a column's cells that stays whole: a word, or what stands between two joints of
// one. A cell cannot be made narrower than that without a word being cut.
func longestPart(rows [][]string, column int) int {
	n := 0
	for _, row := range rows {
		if column < len(row) {
			depth := len(row[column]) - len(strings.TrimLeft(row[column], " "))
			for _, word := range strings.FieldsFunc(row[column],
				func(r rune) bool { return r == ' ' || strings.ContainsRune(joints, r) }) {
				n = max(n, depth+gap+Of(word)+1)
			}
		}
	}
	return n
}

// wrapRow writes one row in as many lines as its tallest cell needs.
func wrapRow(row []string, widths []int, right bool) []string {
	cells, tall := make([][]string, len(row)), 0
	for i, cell := range row {
		cells[i] = Wrap(cell, widths[i], gap)
		tall = max(tall, len(cells[i]))
	}
	lines := make([]string, tall)
	for l := range lines {
		var b strings.Builder
		for i, cell := range cells {
			text := ""
			if l < len(cell) {
				text = cell[l]
			}
			pad := strings.Repeat(" ", max(0, widths[i]-Of(text)))
			if right && i > 0 {
				b.WriteString(pad + text)
			} else {
				b.WriteString(text + pad)
			}
			b.WriteString(strings.Repeat(" ", gap))
		}
		lines[l] = b.String()
	}
	return lines
}

// blocks writes each row as its first cell and below it the others, named by the header where there is one. Empty
// cells are left out: a block is read line by line, and a line without a value says nothing.
func blocks(out *strings.Builder, rows [][]string, width int) {
	header, rows := headed(rows)
	name := 0
	for _, h := range header {
		name = max(name, Of(h))
	}
	for _, row := range rows {
		writeLines(out, Wrap(row[0], width, gap))
		for i := 1; i < len(row); i++ {
			label := ""
			if i < len(header) {
				label = header[i] + strings.Repeat(" ", name-Of(header[i])+gap)
			}
			if row[i] != "" {
				writeLines(out, labelled("  "+label, row[i], width))
			}
		}
	}
}

// labelled writes a text behind its label and below itself. Where label and text together leave too little room, the
// text begins below its label.
func labelled(label, text string, width int) []string {
	depth := Of(label)
	if depth+leastFor > width {
		return Wrap(strings.TrimRight(label, " ")+" "+text, width, gap)
	}
	lines := Wrap(text, width-depth, 0)
	for i, line := range lines {
		if i > 0 {
			label = strings.Repeat(" ", depth)
		}
		lines[i] = label + line
	}
	return lines
}

var number = regexp.MustCompile(`^\s*[-+±.]?\d`)

// headed parts the names of the columns from the rows: the first row, or two, if they have names in several cells
// and no number where a later row has one. A table of words alone has no numbers to tell the header by; then the
// first row is a row.
func headed(rows [][]string) (header []string, rest [][]string) {
	// A row of names has no number in any cell but the first, and more than two cells.
	names := func(row []string) bool {
		return len(row) > 2 && !slices.ContainsFunc(row[1:], number.MatchString) && len(strings.Join(row[1:], "")) > 0
	}
	n := 0
	for n < 2 && n < len(rows) && names(rows[n]) {
		n++
	}
	if !slices.ContainsFunc(rows[n:],
		func(row []string) bool { return slices.ContainsFunc(row[1:], number.MatchString) }) {
		return nil, rows
	}
	for _, row := range rows[:n] {
		for i, name := range row {
			if i == len(header) {
				header = append(header, "")
			}
			header[i] = strings.TrimSpace(header[i] + " " + name)
		}
	}
	return header, rows[n:]
}

// Span is an interval in a table's cell: "0.2 to 0.4". Where there is none, so that an end is a dash, it is one dash.
func Span(low, high string) string {
	if low == "–" || high == "–" {
		return "–"
	}
	return low + " to " + high
}
