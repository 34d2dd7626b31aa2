package review

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"hives/data/anchors"
	"hives/data/theories"
	"hives/internal/judge"
)

// Applied accounts for what a review made of a bank. It adds up to the bank: every anchor is in one of its counts but
// the first.
//
// Invariant: Anchors = Accepted + Edited + Rejected + Split + Undecided.
type Applied struct {
	Anchors   int `json:"anchors"` // before
	Accepted  int `json:"accepted"`
	Edited    int `json:"edited"`
	Rejected  int `json:"rejected"`
	Split     int `json:"disagreed"` // kept as they were
	Undecided int `json:"undecided"` // kept as they were
}

// String is what hives review apply prints.
func (a Applied) String() string {
	return fmt.Sprintf("anchors     %d\naccepted    %d\nedited      %d\nrejected    %d\n"+
		"disagreed   %d, kept as they were\nundecided   %d, kept as they were\n",
		a.Anchors, a.Accepted, a.Edited, a.Rejected, a.Split, a.Undecided)
}

// ReviewKey is the key of a bank's Meta under which Apply accounts for the review, as JSON.
const ReviewKey = "review"

// apply returns the bank as its reviewers want it: rejected anchors are remembered only and leave gaps between ids,
// edited ones have their new sentence, all others stay. Ids are left alone: rows that were assigned to an anchor name
// it by id, and numbers that moved up would name another. What is in doubt stays as it was; a bank is not the place
// to settle a quarrel.
//
//	reviewers said              the anchor
//	accept, accept              stays, marked as accepted
//	edit "X", edit "X"          reads X, provenance review
//	reject                      goes, remembered for the next build
//	accept, reject              stays
//	nobody, or only skips       stays
func apply(b *anchors.Bank, byItem map[string][]judge.Decision) (*anchors.Bank, Applied, error) {
	out := &anchors.Bank{Meta: maps.Clone(b.Meta), Theories: b.Theories}
	account := Applied{Anchors: len(b.Anchors)}
	var gone []anchors.Rejected
	for _, a := range b.Anchors {
		how, d := standing(byItem[itemID(a)])
		switch {
		case how == split:
			account.Split++
		case how == undecided:
			account.Undecided++
		case d.Verdict == judge.VerdictNone:
			account.Rejected++
			gone = append(gone, anchors.Rejected{ID: a.ID, Exemplars: a.Exemplars})
			continue
		case d.Path[0] == a.Text:
			account.Accepted++
			a.Accept()
		default:
			account.Edited++
			a.Text, a.Provenance = d.Path[0], anchors.ByReview
		}
		out.Anchors = append(out.Anchors, a)
	}
	return out, account, out.Reject(gone...)
}

// Apply writes the bank in the file in to out, which may be the same, with what all who reviewed a sentence agree on.
// The same bank and decisions give the same bytes. Nothing is written before all of it is known; a bank of which
// every sentence was rejected is refused by its writer. known are the theories that its anchors stand for.
func Apply(ctx context.Context, in, db, out string, known theories.Set) (Applied, error) {
	var none Applied
	b, err := anchors.Read(in, known)
	if err != nil {
		return none, err
	}
	store, err := openExisting(db)
	if err != nil {
		return none, err
	}
	defer store.Close()
	byItem, err := decided(ctx, store, runOf(b))
	if err != nil {
		return none, err
	}
	reviewed, account, err := apply(b, byItem)
	if err != nil {
		return none, fmt.Errorf("%s: %w", in, err)
	}
	note, err := json.Marshal(account)
	if err != nil {
		return none, err
	}
	if reviewed.Meta == nil {
		reviewed.Meta = map[string]string{}
	}
	reviewed.Meta[ReviewKey] = string(note)
	if err := anchors.Write(out, reviewed); err != nil {
		return none, fmt.Errorf("after review: %w", err)
	}
	return account, nil
}

// decided returns what was decided on the sentences of a bank, by item. It goes by the item, which holds bank, id and
// sentence: a decision on another sentence of the same anchor does not count here. What was credited (board.credit)
// is among it.
func decided(ctx context.Context, store *judge.Store, run string) (map[string][]judge.Decision, error) {
	s, err := bankBoard(store, run).state(ctx)
	out := map[string][]judge.Decision{}
	if err != nil {
		return nil, err
	}
	for _, q := range s.items {
		out[q.ItemID] = s.held[q.ID]
	}
	return out, nil
}
