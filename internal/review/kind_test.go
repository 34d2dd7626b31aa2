package review

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// score is a kind as a later judge may add it: a text's number is confirmed, or another one given.
type score struct{}

func (score) name() string                                                     { return "score" }
func (score) waits(judge.QueueItem) bool                                       { return true }
func (score) open(*state, judge.QueueItem, string) (at theories.Path, ok bool) { return at, true }
func (score) show(*itemView, *state, judge.QueueItem, judge.Decision, func(string) string, theories.Path) {
}

func (score) read(d judge.Decision, _ *state, _ int, choice string, _ url.Values) (judge.Decision, error) {
	if choice != "confirm" {
		return d, fault.New(fault.Invalid, "no such button")
	}
	d.Verdict, d.Path = judge.VerdictValue, []string{"3.5"}
	return d, nil
}

func (score) say(_ string, d judge.Decision) string { return "confirmed: " + d.Path[0] }

// A third kind goes through page, decision, words and undo without a change to what the kinds share. Without its line
// in kinds it is shown as a label, which knows no button "confirm".
func TestAFurtherKindIsAFileAndALine(t *testing.T) {
	before := kinds
	t.Cleanup(func() { kinds = before })
	for _, known := range []bool{false, true} {
		if kinds = before; known {
			kinds = append(slices.Clone(before), score{})
		}
		b := newBench(t, 1)
		ctx := context.Background()
		id, err := b.store.Enqueue(ctx, judge.QueueItem{Kind: "score", Run: "run1", ItemID: "text0",
			Reason: "two say implausible"})
		must(t, err)
		b.serve(t, func(q judge.QueueItem) bool { return q.Kind == "score" })
		if _, body := b.get(t, "item?as=ann"); known {
			wants(t, body, "Text 1 · two say implausible", "He said &#34;keep")
		}
		status, body, _ := b.post(t, "decide", "as", "ann", "id", idOf(id), "show", showAll, "choice", "confirm")
		if ok := status == 200 && strings.Contains(body, "confirmed: 3.5"); ok != known {
			t.Errorf("kind known: %v, status %d: %s", known, status, body)
		}
		held, err := b.store.Decisions(ctx)
		must(t, err)
		if (len(held) == 1) != known {
			t.Errorf("kind known: %v, decisions %+v", known, held)
		}
		if known {
			_, body, _ = b.post(t, "undo", "as", "ann", "show", showAll)
			lacks(t, body, "confirmed")
		}
	}
}
