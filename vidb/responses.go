package vidb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/nearest"
	"hives/internal/strictjson"
	"hives/internal/textfile"
)

// Response is a text to be scored, such as what a model answered to a query. The judge sees the text alone. What is
// drawn for a response hangs on its pair, or else its id. So a default answer and a steered one to the same query can
// be compared among the same anchors:
//
//	id q1/default   pair q1     the same anchors at the same places,
//	id q1/steered   pair q1     so their difference holds no luck of the draw
type Response struct {
	ID, Query, Dataset, Text string
	Group                    string // texts of the pool of this group are no anchors
	Pair                     string // responses of one pair meet the same anchors at the same places; "": the ID
	Refused                  bool   // who wrote it declined: it is scored all the same, and marked
}

// pair names what a response's anchors are drawn by.
func (r Response) pair() string {
	if r.Pair != "" {
		return r.Pair
	}
	return r.ID
}

// empty is a response that there is nothing to score in.
func (r Response) empty() bool { return strings.TrimSpace(r.Text) == "" }

// responseColumns are the names that mean something. The first two must be there; the last three change scores or
// marks.
var responseColumns = []string{"id", "response", "query", "dataset", "group", "pair", "refused"}

// ReadResponses reads JSON lines, or a table with a line of names (.csv, .tsv). Other columns are their owner's and are
// returned by name; one that looks like a mistyped "group" or "pair" is refused, since it would change scores.
//
//	{"id": "q1/a", "query": "q1", "dataset": "gpv", "response": "I would help her.", "refused": false}
func ReadResponses(path string) (out []Response, others []string, err error) {
	r := &responseFile{path: path, seen: map[string]int{}}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jsonl":
		err = textfile.EachLine(path, r.line)
	case ".csv", ".tsv":
		err = r.table()
	default:
		return nil, nil, invalid("%s: responses are read from .jsonl, .csv or .tsv", path)
	}
	if err == nil && len(r.out) == 0 {
		err = fault.New(fault.Invalid, "%s: holds no response", path)
	}
	return r.out, r.others, err
}

// CleanResponses is for responses that come from elsewhere than a file: it cleans their texts as ReadResponses does,
// and refuses what that refuses, by the place in the list from 0.
func CleanResponses(in []Response) ([]Response, error) {
	out, seen := slices.Clone(in), map[string]int{}
	for at := range out {
		r := &out[at]
		if err := r.clean(); err != nil {
			return nil, fault.New(fault.Invalid, "response %d %w", at, err)
		}
		if before, twice := seen[r.ID]; twice {
			return nil, fault.New(fault.Invalid, "response %d has the id of response %d: each needs its own", at, before)
		}
		seen[r.ID] = at
	}
	return out, nil
}

// clean cleans a response's text as the pool's texts were: the same text then has the same text_id, and is no anchor of
// itself.
func (r *Response) clean() error {
	for _, cell := range []struct{ name, text string }{{"id", r.ID}, {"query", r.Query}, {"dataset", r.Dataset},
		{"response", r.Text}, {"group", r.Group}, {"pair", r.Pair}} {
		if why := textfile.Unreadable(cell.text); why != "" {
			return fmt.Errorf("column %q: %s", cell.name, why)
		}
	}
	if r.ID == "" {
		return errors.New(`has no "id": each response needs its own`)
	}
	r.Text = data.CleanText(r.Text)
	return nil
}

// responseFile is a file on its way to responses.
type responseFile struct {
	path   string
	out    []Response
	seen   map[string]int // line of each id
	others []string
}

// at says where in the file something is wrong.
func (r *responseFile) at(line int, err error) error {
	return fault.New(fault.Invalid, "%s: line %d: %w", r.path, line, err)
}

// line reads one line of JSON.
// A blank line is passed over: nothing is counted by its place here, since each response has an id.
func (r *responseFile) line(n int, raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	var cells map[string]json.RawMessage
	var known struct{}
	if err := strictjson.Decode(raw, &known); err != nil { // keys that stand twice, bytes that are no text
		return r.at(n, err)
	}
	if err := json.Unmarshal(raw, &cells); err != nil {
		return r.at(n, errors.New("is no JSON object"))
	}
	texts := map[string]string{}
	for name, cell := range cells {
		if !slices.Contains(responseColumns, name) {
			if err := r.other(name); err != nil {
				return r.at(n, err)
			}
			continue
		}
		text, err := plain(name, cell)
		if err != nil {
			return r.at(n, err)
		}
		if text != nil {
			texts[name] = *text
		}
	}
	return r.take(n, texts)
}

// plain is a cell of JSON as a table would have it: a number as an id is its digits, null is no cell.
//
//	{"id": 7}               "7"
//	{"refused": true}       "true"
//	{"response": 7}         refused: a number is no response
//	{"query": ["a"]}        refused
func plain(name string, cell json.RawMessage) (*string, error) {
	var value any
	d := json.NewDecoder(strings.NewReader(string(cell)))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	text := ""
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		text = value
	case bool:
		text = fmt.Sprint(value)
	case json.Number:
		text = value.String()
	default:
		return nil, fmt.Errorf("key %q holds a list or an object: want a text", name)
	}
	if _, isText := value.(string); name == "response" && !isText {
		return nil, fmt.Errorf("key %q holds no text", name)
	}
	return &text, nil
}

// table reads rows below a line of names.
// The columns are looked at before the first row: a table without responses is refused at its first line.
func (r *responseFile) table() error {
	t, err := textfile.OpenTable(r.path, textfile.Dialect{})
	if err != nil {
		return err
	}
	defer t.Close()
	for _, need := range responseColumns[:2] {
		if !slices.Contains(t.Names, need) {
			return r.at(1, fmt.Errorf("there is no column %q; %s", need, t.Seen()))
		}
	}
	for _, name := range t.Names {
		if !slices.Contains(responseColumns, name) {
			if err := r.other(name); err != nil {
				return r.at(1, err)
			}
		}
	}
	for {
		cells, line, err := t.Next()
		if err == io.EOF {
			return nil
		}
		var row *textfile.RowError
		if errors.As(err, &row) {
			return r.at(row.Line, row)
		} else if err != nil {
			return err
		}
		texts := map[string]string{}
		for at, name := range t.Names {
			if slices.Contains(responseColumns, name) {
				texts[name] = cells[at]
			}
		}
		if err := r.take(line, texts); err != nil {
			return err
		}
	}
}

// other notes a column that means nothing here. Why not all unknown columns? Files of responses carry much that is
// their owner's: model, prompt, target. Those names are told, so that nobody believes that they counted.
func (r *responseFile) other(name string) error {
	if meant := nearest.Of(name, responseColumns[4:]); meant != "" {
		return fmt.Errorf("has a column %q: rename it to %q if that is meant, or else to something unlike it", name, meant)
	}
	if !slices.Contains(r.others, name) {
		r.others = append(r.others, name)
	}
	return nil
}

// take makes a response of a row.
func (r *responseFile) take(line int, cells map[string]string) error {
	if _, known := cells["response"]; !known {
		return r.at(line, errors.New(`has no "response"; one that is empty is written as ""`))
	}
	out := Response{
		ID: cells["id"], Query: cells["query"], Dataset: cells["dataset"], Text: cells["response"],
		Group: cells["group"], Pair: cells["pair"],
	}
	switch cells["refused"] {
	case "", "false", "0":
	case "true", "1":
		out.Refused = true
	default:
		return r.at(line, fmt.Errorf(`column "refused" holds neither true nor false`))
	}
	if err := out.clean(); err != nil {
		return r.at(line, err)
	}
	if before, twice := r.seen[out.ID]; twice {
		return r.at(line, fmt.Errorf("has the id of line %d: each response needs its own", before))
	}
	r.seen[out.ID] = line
	r.out = append(r.out, out)
	return nil
}
