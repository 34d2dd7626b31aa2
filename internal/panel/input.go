package panel

import (
	"cmp"
	"errors"
	"path/filepath"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/strictjson"
	"hives/internal/textfile"
)

// input is what shall be labelled: each text once, in the order of first appearance.
type input struct {
	items []judge.Item
	truth map[string][]data.Row // by item: rows of the theory that were labelled already
	known theories.Set          // that rows may be of
}

// readInput reads JSON lines or rows. A file of rows may hold a text many times, once for each of its values: it is
// asked about once, and the rows of the theory that is asked about become what the answers are compared with
// afterwards. Voters never see them.
//
//	row 1  "She kept her word."  svt  conservation     an item, and a truth of it
//	row 2  "She kept her word."  duty fidelity         nothing more: another theory
//	row 3  "She kept her word."  svt  self-direction   a second truth
//
// A file without a text is refused: nothing would be labelled, and the page would say that all went well.
func readInput(path, theory string, known theories.Set) (*input, error) {
	in := &input{truth: map[string][]data.Row{}, known: known}
	seen := map[string]bool{}
	add := func(r *data.Row) error {
		if !seen[r.TextID] {
			seen[r.TextID] = true
			in.items = append(in.items, judge.Item{
				ID: r.TextID, Text: r.Text, Group: r.Group, Corpus: r.Corpus, Licence: r.Licence,
			})
		}
		if r.Theory == theory && r.Level1 != "" {
			in.truth[r.TextID] = append(in.truth[r.TextID], *r)
		}
		return nil
	}
	var err error
	if strings.EqualFold(filepath.Ext(path), ".jsonl") {
		err = scanLines(path, add)
	} else {
		_, err = data.Scan(path, data.ReadOptions{Theories: known}, add)
	}
	if err != nil {
		return nil, err
	}
	if len(in.items) == 0 {
		return nil, fault.New(fault.Invalid, "%s: holds no text", path)
	}
	return in, nil
}

// line is one line of a JSONL file. A key that is none of these is refused, since it may be a "group" that was
// mistyped.
type line struct {
	Text    string `json:"text"`
	Group   string `json:"group"`
	Corpus  string `json:"corpus"`
	Licence string `json:"licence"`
}

// scanLines reads lines {"text": …}; group, corpus and licence are optional. Blank lines are passed over: unlike in a
// file of texts to be embedded, nothing is counted by its place here.
func scanLines(path string, add func(*data.Row) error) error {
	return textfile.EachLine(path, func(n int, raw []byte) error {
		if len(raw) == 0 {
			return nil
		}
		row, err := readLine(raw)
		if err != nil {
			return fault.New(fault.Invalid, "%s: line %d: %w", path, n, err)
		}
		return add(row)
	})
}

// readLine makes a row of a line. The text is cleaned as an importer would, so that its id is that of the same text
// in another file, and an answer about it is found. A text without a group is a group of its own, so that a later
// split may put it on either side.
func readLine(raw []byte) (*data.Row, error) {
	var l line
	if err := strictjson.DecodeOnly(raw, &l); err != nil {
		return nil, err
	}
	text := data.CleanText(l.Text)
	if text == "" {
		return nil, errors.New("has no text")
	}
	id := data.TextID(text)
	return &data.Row{
		Text: text, TextID: id, Licence: l.Licence,
		Group: cmp.Or(l.Group, id), Corpus: cmp.Or(l.Corpus, "unnamed"),
	}, nil
}
