package textfile

import (
	"bytes"
	"strconv"
)

// record takes a row apart, line by line. Its buffers are used again for every row: begin empties them and keeps
// their memory.
type record struct {
	comma   byte
	dialect Dialect
	columns int // of the header; 0 while that is read

	content []byte // of all cells, one behind the other
	ends    []int  // where each cell ends
	quoted  bool   // the last cell is open
	lines   int    // taken so far
	inside  bool   // a line inside a quoted cell looks like a row
	fault   string // why the row cannot be read
}

// begin makes it ready for another row.
func (r *record) begin(comma byte, d Dialect, columns int) {
	*r = record{comma: comma, dialect: d, columns: columns, content: r.content[:0], ends: r.ends[:0]}
}

// size is the bytes of content so far, which its caller bounds.
func (r *record) size() int { return len(r.content) }

// take takes a line with its end and tells whether the row is complete or at fault.
//
//	a,"b ""c""            first line: cell a, then an open cell with  b "c"  and the line's end in it
//	d",e                  second line: the open cell ends with d, then e
//	→ [a] [b "c"⏎d] [e]
//
// Invariant: every cell comes back to the byte, quotes and line ends included (TestCellsComeBackToTheByte).
func (r *record) take(line []byte) (done bool) {
	r.lines++
	if r.quoted && r.looksLikeRow(line) {
		r.inside = true
	}
	for r.fault == "" {
		if r.quoted {
			// The cell goes on in the next line, or its quote was at fault.
			if line, done = r.closeQuote(line); !done {
				return r.fault != ""
			}
		} else if !r.dialect.Plain && len(line) > 0 && line[0] == '"' {
			r.quoted, line = true, line[1:]
			continue
		} else {
			line = r.plainCell(line)
		}
		if line == nil {
			break
		}
	}
	if r.fault == "" && r.inside {
		r.fault = "opens a quote that is closed below, with whole rows in between; is a quote missing?"
	}
	return true
}

// closeQuote takes what is left of a quoted cell. What follows is the rest of the line, nil at its end; not closed
// means that the cell goes on in the next line.
func (r *record) closeQuote(line []byte) (rest []byte, closed bool) {
	for {
		at := bytes.IndexByte(line, '"')
		if at < 0 {
			r.content = append(r.content, line...)
			return nil, false
		}
		r.content = append(r.content, line[:at]...)
		// One quote ends the cell, two are one quote in it.
		if line = line[at+1:]; len(line) == 0 || line[0] != '"' {
			break
		}
		r.content = append(r.content, '"') // a quote is written twice
		line = line[1:]
	}
	r.quoted = false
	r.ends = append(r.ends, len(r.content))
	if len(content(line)) == 0 {
		return nil, true
	}
	if line[0] != r.comma {
		r.fault = "has text behind the quote that closes a cell; inside a quoted cell a quote is written twice"
	}
	return line[1:], true
}

// plainCell takes a cell without quotes; what follows is the rest of the line, nil at its end.
func (r *record) plainCell(line []byte) (rest []byte) {
	cell := content(line)
	if at := bytes.IndexByte(line, r.comma); at >= 0 {
		cell, rest = line[:at], line[at+1:]
	}
	switch {
	case r.dialect.Plain:
	case bytes.IndexByte(cell, '\r') >= 0:
		r.fault = "holds a carriage return outside quotes; do lines end with CR alone?"
	case !r.dialect.Bare && bytes.IndexByte(cell, '"') >= 0:
		r.fault = "has a quote inside a cell that is not quoted; put the cell in quotes and write its own quotes twice"
	}
	r.content = append(r.content, cell...)
	r.ends = append(r.ends, len(r.content))
	return rest
}

// looksLikeRow tells a line that would be a row by itself: as many separators as the header has and none before a
// space, as prose has its commas. A quote that nobody closed swallows whole rows until the next quote in the file:
// the cell it makes is legal CSV and wrong. Such a line inside a cell is what gives it away.
func (r *record) looksLikeRow(line []byte) bool {
	return r.columns > 2 && bytes.IndexByte(line, '"') < 0 && bytes.Count(line, []byte{r.comma}) == r.columns-1 &&
		!bytes.Contains(line, []byte{r.comma, ' '})
}

// strings are the cells, each a string of its own: keeping one must not keep the row.
func (r *record) strings() []string {
	cells, from := make([]string, len(r.ends)), 0
	for i, to := range r.ends {
		cells[i] = string(r.content[from:to])
		from = to
	}
	return cells
}

// plural is a number of things.
func plural(n int, thing string) string {
	if n != 1 && thing != "MiB" {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}
