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
	"hives/internal/judge"
)

// anchorInfo is the payload of an anchor's queue item: what the page shows of it beside its sentence. It stands in
// the votes file, so that a review needs no bank.
//
// Names of the JSON are fixed: votes files of earlier versions hold it.
type anchorInfo struct {
	ID         int32    `json:"id"`
	Kind       string   `json:"kind"`
	ValueIDs   []string `json:"value_ids"`
	Exemplars  []string `json:"exemplars"` // texts where the rows were given, else text_ids
	Count      int32    `json:"count"`
	Provenance string   `json:"provenance"`
}

// itemID names a sentence of a bank, such as anchor:theory:12:9f86d081884c7d65. The sentence is part of it: a
// decision outlives a rebuild of the bank that keeps id and sentence, and never passes to another sentence.
func itemID(a anchors.Anchor) string {
	return "anchor:" + a.Bank + ":" + strconv.Itoa(int(a.ID)) + ":" + judge.Hash(a.Text)[:16]
}

// runOf is the run under which a bank's sentences wait. A rebuilt bank of the same kind has the same, so what was
// decided on a sentence that stays is found.
func runOf(b *anchors.Bank) string { return "anchors:" + b.Anchors[0].Bank }

// anchorOf is what the item ids of all sentences that an anchor ever had begin with.
//
//	anchor:theory:12:9f86d081884c7d65     anchor:theory:12:
func anchorOf(item string) string { return item[:strings.LastIndexByte(item, ':')+1] }

// superseded is the reason of items whose sentence the latest bank no longer has.
const superseded = "no longer in the bank"

// Enqueue puts every sentence of a bank up for review and takes those of an earlier bank back. texts holds
// those of the exemplars by text_id; the votes file keeps them, so that later calls may lack them. It returns
// how many sentences nobody has decided on.
//
//	bank 1   3 "One should keep a word."     decided
//	bank 2   3 "One should keep a word."     the same item, still decided
//	bank 2   4 "Elders come first."          new: waits
//	bank 1   5 "Promises bind."              gone from bank 2: superseded
func Enqueue(ctx context.Context, store *judge.Store, b *anchors.Bank, texts map[string]string) (open int, err error) {
	ids, err := enqueue(ctx, store, b, texts)
	if err != nil {
		return 0, err
	}
	s, err := bankBoard(store, runOf(b)).state(ctx)
	if err != nil {
		return 0, err
	}
	for _, q := range s.items {
		if how, _ := standing(s.held[q.ID]); ids[q.ItemID] && how == undecided {
			open++
		}
	}
	return open, nil
}

// enqueue does Enqueue's work and returns the sentences' item ids. Texts first, then the queue: an item whose text is
// not in the file would be refused.
func enqueue(
	ctx context.Context, store *judge.Store, b *anchors.Bank, texts map[string]string,
) (map[string]bool, error) {
	items := make([]judge.Item, len(b.Anchors))
	ids := make(map[string]bool, len(b.Anchors))
	var central []string
	for i, a := range b.Anchors {
		items[i] = judge.Item{ID: itemID(a), Text: a.Text}
		ids[items[i].ID] = true
		central = append(central, a.Exemplars...)
	}
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		items = append(items, judge.Item{ID: id, Text: texts[id]})
	}
	if err := store.PutItems(ctx, items); err != nil {
		return nil, err
	}
	texts, err := store.Texts(ctx, central)
	if err != nil {
		return nil, err
	}
	if err := supersede(ctx, store, runOf(b), ids); err != nil {
		return nil, err
	}
	for i, a := range b.Anchors {
		payload, err := json.Marshal(anchorInfo{a.ID, a.Kind, a.ValueIDs, exemplars(a, texts), a.Count, a.Provenance})
		if err != nil {
			return nil, err
		}
		q := judge.QueueItem{
			Kind: judge.KindAnchor, Run: runOf(b), ItemID: items[i].ID,
			Reason: "review of the bank", Payload: string(payload),
		}
		if _, err := store.Enqueue(ctx, q); err != nil {
			return nil, fmt.Errorf("anchor %d: %w", a.ID, err)
		}
	}
	return ids, nil
}

// supersede takes back what waits of an earlier bank; what somebody decided on stays, for undo and the record. The
// reason is written first and the item taken back after: a kill between leaves it marked, and it is not shown.
func supersede(ctx context.Context, store *judge.Store, run string, ids map[string]bool) error {
	s, err := bankBoard(store, run).state(ctx)
	if err != nil {
		return err
	}
	for _, q := range s.items {
		if ids[q.ItemID] || q.Reason == superseded {
			continue
		}
		q.Reason = superseded
		if _, err := store.Enqueue(ctx, q); err != nil {
			return err
		}
		if err := store.Dequeue(ctx, q.Kind, q.Run, q.ItemID, q.Theory); err != nil {
			return err
		}
	}
	return nil
}

// bankBoard holds every sentence that was ever up for review under a run. It is made anew for each question, so its
// queue is never an old one.
func bankBoard(store *judge.Store, run string) *board {
	keep := func(q judge.QueueItem) bool { return q.Kind == judge.KindAnchor && q.Run == run }
	return &board{store: store, keep: keep}
}

// exemplars shows a text where it is known and its id where it is not: the page is of use without rows.
func exemplars(a anchors.Anchor, texts map[string]string) []string {
	out := slices.Clone(a.Exemplars)
	for i, id := range out {
		if text, ok := texts[id]; ok {
			out[i] = text
		}
	}
	return out
}

// exemplarTexts reads the texts of a bank's exemplars from the rows it was made from; no rows give none. The rows are
// read once and not kept; of a bank they are some thousand texts.
func exemplarTexts(path string, b *anchors.Bank) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	wanted, texts := map[string]bool{}, map[string]string{}
	for _, a := range b.Anchors {
		for _, id := range a.Exemplars {
			wanted[id] = true
		}
	}
	_, err := data.Scan(path, data.ReadOptions{Theories: b.Theories}, func(r *data.Row) error {
		for _, id := range []string{r.TextID, data.EarlierTextID(r.Text)} { // a bank may be older than the present ids
			if wanted[id] {
				texts[id] = r.Text
			}
		}
		return nil
	})
	return texts, err
}

// readInfo reads an item's payload. A reader of the page may do without; apply never reads it. An older program's
// payload may lack fields, which are then empty.
func readInfo(q judge.QueueItem) (info anchorInfo, err error) {
	if q.Payload == "" {
		return info, errors.New("the item has no payload")
	}
	err = json.Unmarshal([]byte(q.Payload), &info)
	return info, err
}
