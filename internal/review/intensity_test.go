package review

import (
	"context"
	"strings"
	"testing"

	"hives/internal/judge"
)

// A doubted score is confirmed as it stands, unrounded, or a whole number is given; what is neither is refused.
func TestScoresAreConfirmedOrGiven(t *testing.T) {
	b := newBench(t, 1)
	ctx := context.Background()
	id, err := b.store.Enqueue(ctx, judge.QueueItem{
		Kind: judge.KindIntensity, Run: "run1", ItemID: "text0", Theory: "mft/care-harm", Reason: "2 of 7 voters",
		Payload: `{"value_id":"mft/care-harm","name":"care/harm","definition":"Kindness.","score":3.4567891234}`,
	})
	must(t, err)
	b.serve(t, func(q judge.QueueItem) bool { return q.Kind == judge.KindIntensity })
	_, body := b.get(t, "item?as=ann")
	wants(t, body, "mft/care-harm · 2 of 7 voters", "Kindness.", `id="proposed">3.5<`)
	for _, c := range []struct{ choice, number, want, said string }{
		{"confirm", "", "3.4567891234", "score 3.46"}, {"number", " -4 ", "-4", "score -4"}, {"number", "+10", "10",
			"score 10"},
		{"number", "3.5", "", ""}, {"number", "11", "", ""}, {"number", "", "", ""}, {"number", "many", "", ""},
		{"supports", "", "", ""},
	} {
		status, body, _ := b.post(t, "decide", "as", "ann", "id", idOf(id), "show", showAll, "choice", c.choice,
			"number", c.number)
		if (status == 200) != (c.want != "") || !strings.Contains(body, c.said) {
			t.Errorf("%s %q: status %d", c.choice, c.number, status)
		}
		held, err := b.store.Decisions(ctx)
		must(t, err)
		if c.want != "" && (len(held) != 1 || held[0].Path[0] != c.want) {
			t.Errorf("%s %q: decisions %+v, want %s", c.choice, c.number, held, c.want)
		}
	}
}
