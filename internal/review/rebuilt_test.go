package review

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"hives/data/anchors"
	"hives/data/theories"
	"hives/internal/judge"
)

// editedBank reviews the bank's second sentence as ann does, applies it and returns the new bank's path.
func editedBank(t *testing.T, bank, db string) string {
	t.Helper()
	b := anchorBench(t, bank, db)
	b.post(t, "decide", "as", "ann", "id", b.id(1), "choice", "edit", "sentence", "People keep their word.")
	out := filepath.Join(t.TempDir(), "reviewed.parquet")
	account, err := Apply(context.Background(), bank, db, out, theories.Builtin())
	must(t, err)
	if account.Edited != 1 {
		t.Fatalf("account %+v", account)
	}
	return out
}

// place finds the item of a sentence among those that wait.
func place(t *testing.T, store *judge.Store, text string) judge.QueueItem {
	t.Helper()
	all, err := store.Queue(context.Background())
	must(t, err)
	for _, q := range all {
		if q.Text == text {
			return q
		}
	}
	t.Fatalf("no item has the sentence %q", text)
	return judge.QueueItem{}
}

func TestWhoWroteASentenceHasAcceptedIt(t *testing.T) {
	bank, db := testBank(t), filepath.Join(t.TempDir(), "votes.db")
	edited := editedBank(t, bank, db)
	b := anchorBench(t, edited, db)
	_, ann := b.get(t, "item?as=ann")
	wants(t, ann, `<b id="done">1</b> of 4`)
	_, bob := b.get(t, "item?as=bob")
	wants(t, bob, `<b id="done">0</b> of 4`)

	account, err := Apply(context.Background(), edited, db, edited, theories.Builtin())
	must(t, err)
	again, err := anchors.Read(edited, theories.Builtin())
	must(t, err)
	if account.Accepted != 1 || account.Undecided != 3 || again.Anchors[1].Provenance != anchors.ByReview {
		t.Errorf("account %+v, provenance %q", account, again.Anchors[1].Provenance)
	}
	// Bob rejects it: the writer's word stands against his, until ann decides on the new item herself.
	id := place(t, b.store, "People keep their word.").ID
	b.post(t, "decide", "as", "bob", "id", idOf(id), "choice", "none")
	if account, err = Apply(context.Background(), edited, db, edited, theories.Builtin()); err != nil ||
		account.Split != 1 {
		t.Errorf("account %+v, %v, want a disagreement", account, err)
	}
	b.post(t, "decide", "as", "ann", "id", idOf(id), "choice", "none")
	if account, err = Apply(context.Background(), edited, db, edited, theories.Builtin()); err != nil ||
		account.Rejected != 1 {
		t.Errorf("account %+v, %v, want it rejected", account, err)
	}
	if again, err = anchors.Read(edited, theories.Builtin()); err != nil {
		t.Fatal(err)
	}
	if gone, err := again.Rejected(); err != nil || len(gone) != 1 || gone[0].ID != 2 || len(gone[0].Exemplars) != 2 {
		t.Errorf("remembered as rejected: %+v, %v", gone, err)
	}
}

// Without --anchors the page takes what the latest bank put up, and texts before anchors.
func TestQueueWithoutABank(t *testing.T) {
	ctx := context.Background()
	bank, db := testBank(t), filepath.Join(t.TempDir(), "votes.db")
	edited := editedBank(t, bank, db)
	b, err := anchors.Read(edited, theories.Builtin())
	must(t, err)
	b.Anchors[3].Text = "Nobody freezes."
	was := anchorBench(t, bank, db) // a decision that was taken back leaves its item in the file, and not on the page
	was.post(t, "decide", "as", "bob", "id", was.id(3), "choice", "accept")
	was.post(t, "undo", "as", "bob")
	store, err := judge.Open(db)
	must(t, err)
	defer store.Close()
	open, err := Enqueue(ctx, store, b, map[string]string{"t1": "An exemplar's own words."})
	must(t, err)
	if open != 3 {
		t.Errorf("%d sentences are open, want 3 beside the edited one", open)
	}
	shown := func() (texts []string) {
		other, keep, err := Job{DB: db}.open(ctx)
		must(t, err)
		defer other.Close()
		items, _, err := (&board{store: other, keep: keep}).queue(ctx)
		must(t, err)
		for _, q := range items {
			texts = append(texts, q.Text)
		}
		return texts
	}
	if got := shown(); len(got) != 4 || strings.Contains(strings.Join(got, "|"), "People keep promises.") ||
		strings.Contains(strings.Join(got, "|"), "hungry") {
		t.Errorf("shown %q, want the four sentences of the latest bank", got)
	}
	// The exemplars' texts stay, though this bank comes without rows.
	must(t, anchors.Write(edited, b))
	again := anchorBench(t, edited, db)
	_, page := again.get(t, "item?as=bob")
	wants(t, page, "An exemplar&#39;s own words.", "t2")

	must(t, store.PutItems(ctx, []judge.Item{{ID: "text", Text: "A text."}}))
	_, err = store.Enqueue(ctx, judge.QueueItem{Kind: judge.KindLabel, Run: "r", ItemID: "text", Theory: "svt", Level: 1,
		Reason: "split vote"})
	must(t, err)
	if got := shown(); len(got) != 1 || got[0] != "A text." {
		t.Errorf("shown %q, want the text that waits", got)
	}
}
