package inventory

import (
	"fmt"
	"io"
	"strings"

	"hives/data/anchors"
	"hives/data/theories"
	"hives/internal/fault"
)

// Sentence is one entry as a listing shows it.
type Sentence struct {
	ID       int32    `json:"id"`
	Kind     string   `json:"kind"`
	ValueIDs []string `json:"value_ids"`
	Text     string   `json:"text"`
}

// Listing is the inventory, or a part of it, as one JSON object.
type Listing struct {
	Format    int        `json:"format"`  // 1
	Version   int        `json:"version"` // of the inventory
	Sentences []Sentence `json:"sentences"`
}

// List returns the sentences of a kind (all where empty) whose node is at or below a value_id (any where empty).
// For "mft/care-harm" these are the sentences of care/harm and of the virtues below it, and for a value of a further
// theory that is known none.
func List(kind, valueID string, known theories.Set) (*Listing, error) {
	if _, ok := theoriesOf[kind]; kind != "" && !ok {
		return nil, fault.New(fault.Invalid, "inventory: kind %q is not value, duty or right", kind)
	}
	var theory string
	var within theories.Path
	if valueID != "" {
		var err error
		if theory, within, err = known.ParseID(valueID); err != nil {
			return nil, err
		}
	}
	out := &Listing{Format: 1, Version: Version, Sentences: []Sentence{}}
	for _, a := range loaded() {
		if (kind == "" || a.Kind == kind) && (valueID == "" || below(&a, theory, within)) {
			out.Sentences = append(out.Sentences, Sentence{ID: a.ID, Kind: a.Kind, ValueIDs: a.ValueIDs, Text: a.Text})
		}
	}
	return out, nil
}

// below says whether one of the sentence's nodes is the node p or under it, on any of its paths.
func below(a *anchors.Anchor, theory string, p theories.Path) bool {
	for _, id := range a.ValueIDs {
		t, node, err := theories.Builtin().ParseID(id)
		if err == nil && t == theory && node.Len() >= p.Len() && related(t, node, p) {
			return true
		}
	}
	return false
}

// WriteText prints the sentences below the node that each is mainly tied to. Sentences of one node stand together
// in the list, so a node's name is printed where it changes.
func (l *Listing) WriteText(w io.Writer) error {
	var b strings.Builder
	last := ""
	for _, s := range l.Sentences {
		if s.ValueIDs[0] != last {
			last = s.ValueIDs[0]
			fmt.Fprintf(&b, "%s\n", last)
		}
		fmt.Fprintf(&b, "  %3d  %s", s.ID, s.Text)
		if more := s.ValueIDs[1:]; len(more) > 0 {
			fmt.Fprintf(&b, "  (also %s)", strings.Join(more, ", "))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d sentences, version %d\n", len(l.Sentences), l.Version)
	_, err := io.WriteString(w, b.String())
	return err
}
