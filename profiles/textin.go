package profiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/nearest"
	"hives/internal/strictjson"
	"hives/internal/textfile"
)

// authorColumn is where an author stands if nobody says otherwise.
const authorColumn = "author"

// TextFile is a file of texts: lines of text (.txt), lines of JSON (.jsonl), or a table (.csv, .parquet) with a column
// "text", perhaps one of authors, and perhaps one "id".
type TextFile struct {
	Path   string
	Author string // column of authors; empty: "author" where there is one, else all texts are of one author
}

// EachText gives the texts in their order. It holds no more than a few hundred of them.
//
//	{"author": "anna", "id": "p7", "text": "We should share."}
func (f TextFile) EachText(use func(AuthorText) error) error {
	switch strings.ToLower(filepath.Ext(f.Path)) {
	case ".txt":
		return textfile.EachLine(f.Path, func(n int, line []byte) error {
			if why := textfile.Unreadable(string(line)); why != "" {
				return f.at(n, errors.New(why))
			}
			return use(AuthorText{Row: n, Text: data.CleanText(string(line))})
		})
	case ".jsonl":
		return f.eachLine(use)
	case ".csv", ".parquet":
		return f.eachRow(use)
	}
	return fault.Usage(fault.New(fault.Invalid, "%s: texts are read from .txt (a text a line), .jsonl, .csv or .parquet",
		f.Path))
}

// at says where in the file something is wrong.
func (f TextFile) at(line int, err error) error {
	return fault.New(fault.Invalid, "%s: line %d: %w", f.Path, line, err)
}

// column is the name of the column of authors, and whether it must be there.
func (f TextFile) column() (string, bool) {
	if f.Author == "" {
		return authorColumn, false
	}
	return f.Author, true
}

func (f TextFile) eachLine(use func(AuthorText) error) error {
	author, must := f.column()
	row := 0
	return textfile.EachLine(f.Path, func(n int, line []byte) error {
		if len(line) == 0 {
			return nil
		}
		row++
		var cells map[string]json.RawMessage
		var none struct{}
		if err := strictjson.Decode(line, &none); err != nil { // keys that stand twice, bytes that are no text
			return f.at(n, err)
		}
		if err := json.Unmarshal(line, &cells); err != nil {
			return f.at(n, errors.New("is no JSON object"))
		}
		t := AuthorText{Row: row}
		for _, c := range []struct {
			name string
			into *string
			must bool
		}{{"text", &t.Text, true}, {author, &t.Author, must}, {"id", &t.ID, false}} {
			raw, there := cells[c.name]
			switch {
			case !there && c.must:
				return f.at(n, fmt.Errorf("has no key %q", c.name))
			case !there:
				continue
			}
			if err := words(raw, c.into, c.name != "text"); err != nil {
				return f.at(n, fmt.Errorf("key %q: %w", c.name, err))
			}
		}
		if meant := mistyped(author, cells); meant != "" {
			return f.at(n, fmt.Errorf("has a key %q: rename it to %q, or name it with --author-column", meant, author))
		}
		t.Text = data.CleanText(t.Text)
		return use(t)
	})
}

// mistyped is a key that looks like the authors' where there is none.
func mistyped(author string, cells map[string]json.RawMessage) string {
	if _, there := cells[author]; there {
		return ""
	}
	for name := range cells {
		if nearest.Of(name, []string{author}) != "" {
			return name
		}
	}
	return ""
}

// words reads a string; a number too where it names something.
func words(raw json.RawMessage, into *string, number bool) error {
	if err := json.Unmarshal(raw, into); err == nil && string(raw) != "null" {
		return nil
	}
	var n json.Number
	if number && json.Unmarshal(raw, &n) == nil {
		*into = n.String()
		return nil
	}
	return errors.New("holds no text")
}

func (f TextFile) eachRow(use func(AuthorText) error) error {
	author, must := f.column()
	var text, by, id int
	choose := func(names []string) ([]int, error) {
		text, by, id = slices.Index(names, "text"), slices.Index(names, author), slices.Index(names, "id")
		switch {
		case text < 0:
			return nil, fault.New(fault.Invalid, "%s: there is no column \"text\"; it has %s", f.Path,
				strings.Join(names, ", "))
		case by < 0 && must:
			return nil, fault.New(fault.Invalid, "%s: there is no column %q; it has %s", f.Path, author,
				strings.Join(names, ", "))
		case by < 0:
			for _, name := range names {
				if nearest.Of(name, []string{author}) != "" {
					return nil, fault.New(fault.Invalid, "%s: has a column %q: rename it to %q, or name it with "+
						"--author-column", f.Path, name, author)
				}
			}
		}
		// Columns that are not there are read as text's, and not looked at.
		return []int{text, max(by, 0), max(id, 0)}, nil
	}
	return data.EachCells(f.Path, choose, func(row int, cells []string) error {
		t := AuthorText{Row: row, Text: data.CleanText(cells[0])}
		if by >= 0 {
			t.Author = cells[1]
		}
		if id >= 0 {
			t.ID = cells[2]
		}
		return use(t)
	})
}
