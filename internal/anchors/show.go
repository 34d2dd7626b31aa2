package anchors

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	bank "hives/data/anchors"
	"hives/data/theories"
)

// shown is what hives anchors show prints: what the bank rests on, then its anchors:
//
//	132  improving one's performance.
//	    35 texts, mean cosine …; mft …, svt …; social-chem …; sentence: medoid
//	    values: …
//	    – wanting to improve your financial situation.
type shown struct {
	Anchors    int             `json:"anchors"`
	Embedder   json.RawMessage `json:"embedder"`
	RowsSHA256 string          `json:"rows_sha256"`
	HeldOut    []string        `json:"held_out"`
	Settings   json.RawMessage `json:"settings"`
	Report     json.RawMessage `json:"report"`
	Examples   []example       `json:"examples"`
}

// example is an anchor without its vector. A vector of 1,024 numbers is nothing to look at.
type example struct {
	Text      string   `json:"text"`
	From      string   `json:"provenance"`
	Count     int32    `json:"count"`
	ValueIDs  []string `json:"value_ids"`
	Exemplars []string `json:"exemplars"` // texts where the rows were given, else text_ids
	Detail    Detail   `json:"cluster"`
}

// add takes an anchor with its exemplars, the medoid first.
func (s *shown) add(a bank.Anchor, d Detail, texts map[string]string) {
	e := example{Text: a.Text, From: a.Provenance, Count: a.Count, ValueIDs: a.ValueIDs, Detail: d}
	for _, id := range a.Exemplars {
		if text, ok := texts[id]; ok {
			id = text
		}
		e.Exemplars = append(e.Exemplars, id)
	}
	s.Examples = append(s.Examples, e)
}

// write prints for people: what the bank rests on, then its anchors with their further exemplars. The first exemplar
// is left out: with the medoid's text as the sentence it would stand there twice. known orders the theories.
func (s *shown) write(w io.Writer, known theories.Set) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d anchors\nembedder  %s\nrows      %s\nsettings  %s\nbuild     %s\n", s.Anchors, s.Embedder,
		s.RowsSHA256, s.Settings, s.Report)
	for _, e := range s.Examples {
		fmt.Fprintf(&b, "\n%d  %s\n    %d texts, mean cosine %.3f; %s; %s; sentence: %s\n", e.Detail.ID, e.Text,
			e.Count, e.Detail.MeanCosine, Mix(known, e.Detail.Theories), Mix(known, e.Detail.Corpora), e.From)
		fmt.Fprintf(&b, "    values: %s\n", strings.Join(e.ValueIDs, ", "))
		for _, x := range e.Exemplars[1:] {
			fmt.Fprintf(&b, "    – %s\n", clip(x))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
