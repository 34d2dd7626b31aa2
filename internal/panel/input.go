package panel

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/llm"
)

// input is what shall be labelled: each text once, in the order of first appearance.
type input struct {
	items []llm.Item
	truth map[string][]data.Row // by item: rows of the theory that were labelled already
}

// readInput reads JSON lines or rows.
func readInput(path, theory string) (*input, error) {
	in := &input{truth: map[string][]data.Row{}}
	seen := map[string]bool{}
	add := func(r *data.Row) error {
		if !seen[r.TextID] {
			seen[r.TextID] = true
			in.items = append(in.items, llm.Item{ID: r.TextID, Text: r.Text, Group: r.Group, Corpus: r.Corpus, Licence: r.Licence})
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
		_, err = data.Scan(path, data.ReadOptions{}, add)
	}
	if err != nil {
		return nil, err
	}
	if len(in.items) == 0 {
		return nil, fault.New(fault.Invalid, "%s: holds no text", path)
	}
	return in, nil
}

// line is one line of a JSONL file.
type line struct {
	Text    string `json:"text"`
	Group   string `json:"group"`
	Corpus  string `json:"corpus"`
	Licence string `json:"licence"`
}

// maxLine bounds a line in bytes.
const maxLine = 4 << 20

// scanLines reads lines {"text": …}; group, corpus and licence are optional.
func scanLines(path string, add func(*data.Row) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fsutil.Classify(err, path)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		row, reason := readLine(lines.Bytes())
		if reason != "" {
			return fault.New(fault.Invalid, "%s: line %d: %s", path, n, reason)
		}
		if err := add(row); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fault.New(fault.Invalid, "%s: line %d: longer than %d bytes", path, n+1, maxLine)
	}
	return fsutil.Classify(lines.Err(), path)
}

// readLine makes a row of a line, or gives the reason why it cannot; the decoder's own words may quote the text.
func readLine(raw []byte) (*data.Row, string) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var l line
	if err := dec.Decode(&l); err != nil {
		return nil, `is no object {"text": …} with at most group, corpus and licence beside the text`
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, "has more than one JSON value"
	}
	text := data.CleanText(l.Text)
	if text == "" {
		return nil, "has no text"
	}
	id := data.TextID(text)
	if l.Group == "" {
		l.Group = id
	}
	if l.Corpus == "" {
		l.Corpus = "unnamed"
	}
	return &data.Row{Text: text, TextID: id, Group: l.Group, Corpus: l.Corpus, Licence: l.Licence}, ""
}
