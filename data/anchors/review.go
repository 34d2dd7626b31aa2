package anchors

import (
	"encoding/json"
	"strings"

	"hives/internal/fault"
)

// Provenance of a sentence that a reviewer wrote, and what is put behind that of one that was accepted.
const (
	ByReview     = "review"
	AcceptedMark = "+review" // "medoid+review": what a program wrote and people let stand
)

// Reviewed says whether people have let the sentence stand.
func (a *Anchor) Reviewed() bool {
	return a.Provenance == ByReview || strings.HasSuffix(a.Provenance, AcceptedMark)
}

// Accept marks the sentence as one that people let stand; a second time changes nothing.
func (a *Anchor) Accept() {
	if !a.Reviewed() {
		a.Provenance += AcceptedMark
	}
}

// metaRejected is the key of Meta that Rejected and Reject keep.
const metaRejected = "rejected"

// Rejected is an anchor that a review took out. A bank remembers it, so that a rebuild does not bring it back. It
// is known again by its exemplars: ids are a bank's own, while the texts of a cluster stay.
type Rejected struct {
	ID        int32    `json:"id"`
	Exemplars []string `json:"exemplars"` // text_ids, by which a rebuild knows the cluster again
}

// Rejected lists what reviews took out of the bank and its forerunners. It is a JSON list under one key of Meta,
// handed from bank to bank, so that the newest knows all of them.
func (b *Bank) Rejected() ([]Rejected, error) {
	raw, ok := b.Meta[metaRejected]
	if !ok {
		return nil, nil
	}
	var list []Rejected
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return nil, fault.New(fault.Corrupt, "anchors: the list of rejected anchors cannot be read (%w); "+
			"build or copy the bank again", err)
	}
	return list, nil
}

// Reject adds to that list; the anchors themselves are the caller's to leave out.
func (b *Bank) Reject(more ...Rejected) error {
	list, err := b.Rejected()
	if err != nil || len(more) == 0 {
		return err
	}
	raw, err := json.Marshal(append(list, more...))
	if err != nil {
		return err
	}
	if b.Meta == nil {
		b.Meta = map[string]string{}
	}
	b.Meta[metaRejected] = string(raw)
	return nil
}
