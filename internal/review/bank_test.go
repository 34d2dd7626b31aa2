package review

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data/anchors"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// testBank writes four cluster sentences, the first hostile.
func testBank(t *testing.T) string {
	t.Helper()
	b := &anchors.Bank{Meta: map[string]string{"seed": "1"}}
	for i, text := range []string{hostile, "People keep promises.", "Rules bind everyone.", "Nobody goes hungry."} {
		b.Anchors = append(b.Anchors, anchors.Anchor{ID: int32(2 * i), Bank: anchors.Theory, Kind: anchors.KindCluster,
			Text: text, ValueIDs: []string{"svt/conservation"}, Exemplars: []string{"t1", "t2"}, Count: 9, Provenance: "medoid"})
	}
	path := filepath.Join(t.TempDir(), "anchors.parquet")
	must(t, anchors.Write(path, b))
	return path
}

// anchorBench serves a bank.
func anchorBench(t *testing.T, bank, db string) *bench {
	t.Helper()
	store, keep, err := Job{DB: db, Anchors: bank}.open(context.Background())
	must(t, err)
	t.Cleanup(func() { store.Close() })
	b := &bench{store: store}
	queue, err := store.Queue(context.Background())
	must(t, err)
	for _, q := range queue {
		b.ids = append(b.ids, q.ID)
	}
	b.serve(t, keep)
	return b
}

func TestAnchorsAreReviewedAndApplied(t *testing.T) {
	bank, db := testBank(t), filepath.Join(t.TempDir(), "votes.db")
	b := anchorBench(t, bank, db)
	_, body := b.get(t, "item?as=ann")
	wants(t, body, "Anchor 0", "from medoid", "9 training texts", "svt/conservation", `data-key="a"`, `data-key="e"`)
	lacks(t, body, "<script>window", "<img", "</textarea><")
	b.post(t, "decide", "as", "ann", "id", b.id(0), "choice", "none")
	b.post(t, "decide", "as", "ann", "id", b.id(1), "choice", "accept")
	b.post(t, "decide", "as", "ann", "id", b.id(2), "choice", "edit", "sentence", "  Rules bind\n those who made them. ")
	b.post(t, "decide", "as", "ann", "id", b.id(3), "choice", "accept")
	b.post(t, "decide", "as", "bob", "id", b.id(3), "choice", "none")
	b.post(t, "decide", "as", "bob", "id", b.id(1), "choice", "skip")

	out := filepath.Join(t.TempDir(), "out.parquet")
	account, err := Apply(context.Background(), bank, db, out, theories.Builtin())
	must(t, err)
	if want := (Applied{Anchors: 4, Accepted: 1, Edited: 1, Rejected: 1, Split: 1}); account != want {
		t.Errorf("account %+v, want %+v", account, want)
	}
	got, err := anchors.Read(out, theories.Builtin())
	must(t, err)
	var said []string
	for _, a := range got.Anchors {
		said = append(said, a.Text+"|"+a.Provenance)
	}
	if want := "People keep promises.|medoid+review;Rules bind those who made them.|review;Nobody goes " +
		"hungry.|medoid"; strings.Join(said, ";") != want {
		t.Errorf("bank %q, want %q", strings.Join(said, ";"), want)
	}
	if got.Anchors[0].ID != 2 || got.Meta["seed"] != "1" || !strings.Contains(got.Meta[ReviewKey], `"rejected":1`) {
		t.Errorf("ids or meta lost: %d, %v", got.Anchors[0].ID, got.Meta)
	}
	again := filepath.Join(t.TempDir(), "again.parquet")
	_, err = Apply(context.Background(), bank, db, again, theories.Builtin())
	must(t, err)
	if first, second := read(t, out), read(t, again); !bytes.Equal(first, second) {
		t.Error("the same decisions gave other bytes")
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	return raw
}

// A decision belongs to a sentence: it outlives a rebuild that keeps the sentence and no other.
func TestDecisionsFollowTheSentence(t *testing.T) {
	bank, db := testBank(t), filepath.Join(t.TempDir(), "votes.db")
	b := anchorBench(t, bank, db)
	b.post(t, "decide", "as", "ann", "id", b.id(1), "choice", "none")
	b.post(t, "decide", "as", "ann", "id", b.id(2), "choice", "none")
	rebuilt, err := anchors.Read(bank, theories.Builtin())
	must(t, err)
	rebuilt.Anchors[2].Text = "Rules bind the strong as well."
	must(t, anchors.Write(bank, rebuilt))
	account, err := Apply(context.Background(), bank, db, bank, theories.Builtin())
	must(t, err)
	if account.Rejected != 1 || account.Undecided != 3 {
		t.Errorf("account %+v, want one rejected", account)
	}
	// The latest decision is on a sentence that this bank no longer has: undo leaves it alone.
	later := anchorBench(t, bank, db)
	_, body, _ := later.post(t, "undo", "as", "ann")
	wants(t, body, "nothing was taken back")
	if held, err := later.store.Decisions(context.Background()); err != nil || len(held) != 2 {
		t.Errorf("%d decisions hold, %v", len(held), err)
	}
}

func TestRefusedSentences(t *testing.T) {
	b := anchorBench(t, testBank(t), filepath.Join(t.TempDir(), "votes.db"))
	for name, sentence := range map[string]string{
		"empty":              " \n ",
		"another's sentence": "Rules bind everyone.",
		"long":               strings.Repeat("x", maxSentence+1),
		"unprintable":        "a\u202eb",
		"no UTF-8":           "a\xffb",
	} {
		if status, body, _ := b.post(t, "decide", "as", "ann", "id", b.id(1), "choice", "edit", "sentence",
			sentence); status != 400 {
			t.Errorf("%s: status %d: %.80s", name, status, body)
		}
	}
	if status, _, _ := b.post(t, "decide", "as", "ann", "id", b.id(1), "choice", "supports", "at",
		"svt/conservation"); status != 400 {
		t.Errorf("a label's decision on an anchor: status %d", status)
	}
	if h, err := b.store.History(context.Background()); err != nil || len(h) != 0 {
		t.Errorf("%d decisions recorded, %v", len(h), err)
	}
}

func TestApplyRefusals(t *testing.T) {
	bank, db := testBank(t), filepath.Join(t.TempDir(), "votes.db")
	if _, err := Apply(context.Background(), bank, db, bank, theories.Builtin()); fault.Of(err) != fault.NotFound {
		t.Errorf("no votes file: %v", err)
	}
	b := anchorBench(t, bank, db)
	for i := range b.ids {
		b.post(t, "decide", "as", "ann", "id", b.id(i), "choice", "none")
	}
	before := read(t, bank)
	if _, err := Apply(context.Background(), bank, db, bank, theories.Builtin()); fault.Of(err) != fault.Invalid {
		t.Errorf("everything rejected: %v", err)
	}
	if !bytes.Equal(before, read(t, bank)) {
		t.Error("a refused bank was written")
	}
}

func TestStanding(t *testing.T) {
	value := func(direction int32, path ...string) judge.Decision {
		return judge.Decision{ID: 1, Verdict: judge.VerdictValue, Path: path, Direction: direction}
	}
	none, skip := judge.Decision{ID: 2, Verdict: judge.VerdictNone}, judge.Decision{ID: 3, Verdict: judge.VerdictSkip}
	cases := []struct {
		name string
		held []judge.Decision
		want string
	}{
		{"nobody", nil, undecided},
		{"only skipped", []judge.Decision{skip, skip}, undecided},
		{"one", []judge.Decision{value(1, "a")}, agreed},
		{"who skips has no say", []judge.Decision{skip, value(1, "a"), skip}, agreed},
		{"the same", []judge.Decision{value(1, "a", "b"), value(1, "a", "b")}, agreed},
		{"finer and coarser", []judge.Decision{value(1, "a", "b"), value(1, "a")}, split},
		{"directions differ", []judge.Decision{value(1, "a"), value(-1, "a")}, split},
		{"value and none", []judge.Decision{value(1, "a"), none}, split},
		{"none twice", []judge.Decision{none, none}, agreed},
	}
	for _, c := range cases {
		if got, _ := standing(c.held); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
