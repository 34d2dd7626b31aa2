package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hives/data"
	"hives/data/anchors"
	"hives/internal/llm"
)

// anchorInfo is the payload of an anchor's queue item.
type anchorInfo struct {
	ID         int32    `json:"id"`
	Kind       string   `json:"kind"`
	ValueIDs   []string `json:"value_ids"`
	Exemplars  []string `json:"exemplars"` // texts where the rows were given, else text_ids
	Count      int32    `json:"count"`
	Provenance string   `json:"provenance"`
}

// itemID names a sentence of a bank. The sentence is part of it: a decision outlives a rebuild of the bank
// that keeps id and sentence, and never passes to another sentence.
func itemID(a anchors.Anchor) string {
	return "anchor:" + a.Bank + ":" + strconv.Itoa(int(a.ID)) + ":" + llm.Hash(a.Text)[:16]
}

// runOf is the run under which a bank's sentences wait.
func runOf(b *anchors.Bank) string { return "anchors:" + b.Anchors[0].Bank }

// enqueue puts every sentence of a bank up for review and returns their item ids. texts holds those of the
// exemplars by text_id and may be nil.
func enqueue(ctx context.Context, store *llm.Store, b *anchors.Bank, texts map[string]string) (map[string]bool, error) {
	items := make([]llm.Item, len(b.Anchors))
	ids := make(map[string]bool, len(b.Anchors))
	for i, a := range b.Anchors {
		items[i] = llm.Item{ID: itemID(a), Text: a.Text}
		ids[items[i].ID] = true
	}
	if err := store.PutItems(ctx, items); err != nil {
		return nil, err
	}
	for i, a := range b.Anchors {
		payload, err := json.Marshal(anchorInfo{a.ID, a.Kind, a.ValueIDs, exemplars(a, texts), a.Count, a.Provenance})
		if err != nil {
			return nil, err
		}
		q := llm.QueueItem{Kind: llm.KindAnchor, Run: runOf(b), ItemID: items[i].ID, Reason: "review of the bank", Payload: string(payload)}
		if _, err := store.Enqueue(ctx, q); err != nil {
			return nil, fmt.Errorf("anchor %d: %w", a.ID, err)
		}
	}
	return ids, nil
}

func exemplars(a anchors.Anchor, texts map[string]string) []string {
	out := slices.Clone(a.Exemplars)
	for i, id := range out {
		if text, ok := texts[id]; ok {
			out[i] = text
		}
	}
	return out
}

// exemplarTexts reads the texts of a bank's exemplars from the rows it was made from; no rows give none.
func exemplarTexts(path string, b *anchors.Bank) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	wanted := map[string]string{}
	for _, a := range b.Anchors {
		for _, id := range a.Exemplars {
			wanted[id] = id // stays as it is where the rows lack it
		}
	}
	_, err := data.Scan(path, data.ReadOptions{}, func(r *data.Row) error {
		if _, ok := wanted[r.TextID]; ok {
			wanted[r.TextID] = r.Text
		}
		return nil
	})
	return wanted, err
}

// Applied accounts for what a review made of a bank.
type Applied struct {
	Anchors   int `json:"anchors"` // before
	Accepted  int `json:"accepted"`
	Edited    int `json:"edited"`
	Rejected  int `json:"rejected"`
	Split     int `json:"disagreed"` // kept as they were
	Undecided int `json:"undecided"` // kept as they were
}

func (a Applied) String() string {
	return fmt.Sprintf("anchors     %d\naccepted    %d\nedited      %d\nrejected    %d\ndisagreed   %d, kept as they were\nundecided   %d, kept as they were\n",
		a.Anchors, a.Accepted, a.Edited, a.Rejected, a.Split, a.Undecided)
}

// Provenance of a sentence that a review changed, and what it appends to that of one it left as it was.
const (
	editedBy   = "review"
	acceptedBy = "+review"
)

// ReviewKey is the key of a bank's Meta under which Apply accounts for the review, as JSON.
const ReviewKey = "review"

// apply returns the bank as its reviewers want it: rejected anchors are gone and leave gaps between ids,
// edited ones have their new sentence, all others stay.
func apply(b *anchors.Bank, byItem map[string][]llm.Decision) (*anchors.Bank, Applied) {
	out := &anchors.Bank{Meta: maps.Clone(b.Meta)}
	account := Applied{Anchors: len(b.Anchors)}
	for _, a := range b.Anchors {
		how, d := standing(byItem[itemID(a)])
		switch {
		case how == split:
			account.Split++
		case how == undecided:
			account.Undecided++
		case d.Verdict == llm.VerdictNone:
			account.Rejected++
			continue
		case d.Path[0] == a.Text:
			account.Accepted++
			a.Provenance = strings.TrimSuffix(a.Provenance, acceptedBy) + acceptedBy // once, however often applied
		default:
			account.Edited++
			a.Text, a.Provenance = d.Path[0], editedBy
		}
		out.Anchors = append(out.Anchors, a)
	}
	return out, account
}

// Apply writes the bank in the file in to out, which may be the same, with what all who reviewed a sentence
// agree on. The same bank and decisions give the same bytes.
func Apply(ctx context.Context, in, db, out string) (Applied, error) {
	var none Applied
	b, err := anchors.Read(in)
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
	reviewed, account := apply(b, byItem)
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

// decided returns what was decided on the sentences of a bank, by item.
func decided(ctx context.Context, store *llm.Store, run string) (map[string][]llm.Decision, error) {
	b := &board{store: store, keep: func(q llm.QueueItem) bool { return q.Kind == llm.KindAnchor && q.Run == run }}
	s, err := b.state(ctx)
	out := map[string][]llm.Decision{}
	if err != nil {
		return nil, err
	}
	for _, q := range s.items {
		out[q.ItemID] = s.held[q.ID]
	}
	return out, nil
}

// readInfo reads an item's payload.
func readInfo(q llm.QueueItem) (info anchorInfo, err error) {
	if q.Payload == "" {
		return info, errors.New("the item has no payload")
	}
	err = json.Unmarshal([]byte(q.Payload), &info)
	return info, err
}
