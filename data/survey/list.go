package survey

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/strictjson"
)

// listed is a row of the list. What else it holds (id, pred_distribution) is not used.
//
//	{"question": "Question: Are you content?\nOptions: A. Yes B. No\nAnswer:", "options": ["Yes", "No"],
//	 "attribute": "POLPARTY_Democrat", "gold_distribution": [0.6, 0.4], "id": 7}
type listed struct {
	Question  string    `json:"question"`
	Options   []string  `json:"options"`
	Attribute string    `json:"attribute"`
	Gold      []float64 `json:"gold_distribution"`
}

// readList reads the list row by row.
func (b *builder) readList(path string) error {
	f, err := fsutil.OpenRegular(path)
	if err != nil {
		return err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	torn := func(row int, err error) error {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return fault.New(fault.Corrupt, "%s: ends within row %d: fetch it again", path, row)
		}
		return fault.New(fault.Corrupt, "%s: row %d: %w", path, row, err)
	}
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return fault.New(fault.Invalid, "%s: is no JSON list of rows; Pew's layout is given by its folder", path)
	}
	row := 0
	for d.More() {
		row++
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return torn(row, err)
		}
		var l listed
		if err := strictjson.Decode(raw, &l); err != nil {
			return torn(row, err)
		}
		b.addListed(l, fmt.Sprintf("row %d", row))
	}
	if _, err := d.Token(); err != nil {
		return torn(row+1, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.Corrupt, "%s: goes on behind its list", path)
	}
	return nil
}

// addListed takes the question's words out of what a model would be asked, and holds the letters there to the list of
// options: with another order a letter would mean another option.
func (b *builder) addListed(l listed, where string) {
	words, rest, found := strings.Cut(l.Question, "\nOptions:")
	words, begins := strings.CutPrefix(words, "Question: ")
	q := Question{Text: data.CleanText(words)}
	for i, option := range l.Options {
		q.Options = append(q.Options, data.CleanText(option))
		q.Ordinal = append(q.Ordinal, float64(i+1))
	}
	asked := Question{Options: l.Options}.Asked(nil)
	_, want, _ := strings.Cut(asked, "\nOptions:")
	switch {
	case !found || !begins || q.Text == "":
		b.skip(`the question has not the form "Question: …\nOptions: …\nAnswer:"`, where)
	case rest != want:
		b.skip("the options in the question are not those of the list", where)
	default:
		b.add(q, l.Attribute, l.Gold, where)
	}
}
