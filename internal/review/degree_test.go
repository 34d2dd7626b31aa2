package review

import (
	"context"
	"slices"
	"strings"
	"testing"

	"hives/internal/judge"
)

// A level is a button, an order its letters; what is neither is refused and recorded nowhere.
func TestDegreesAreLevelsAndOrders(t *testing.T) {
	b := newBench(t, 2)
	ctx := context.Background()
	var ids []int64
	for i, payload := range []string{
		`{"form":"level","name":"power","definition":"Rank.","levels":["strongly disagree","somewhat disagree","neutral",` +
			`"somewhat agree","strongly agree"]}`,
		`{"form":"order","name":"power","definition":"Rank.","levels":[],"answers":3}`,
	} {
		id, err := b.store.Enqueue(ctx, judge.QueueItem{Kind: judge.KindDegree, Run: "run1",
			ItemID: []string{"text0", "text1"}[i], Theory: "svt/self-enhancement/power", Reason: "which?", Payload: payload})
		must(t, err)
		ids = append(ids, id)
	}
	b.serve(t, func(q judge.QueueItem) bool { return q.Kind == judge.KindDegree })
	_, body := b.get(t, "item?as=ann&id="+idOf(ids[0]))
	wants(t, body, "power", "Rank.", "somewhat disagree", `value="level-2"`, `value="level&#43;2"`)
	_, body = b.get(t, "item?as=ann&id="+idOf(ids[1]))
	wants(t, body, `name="order"`)
	for _, c := range []struct {
		item          int
		choice, order string
		want, said    string
	}{
		{0, "level-2", "", "-2", "level -2"}, {0, "level+1", "", "1", "level &#43;1"}, {0, "level+0", "", "0", "level 0"},
		{0, "level+3", "", "", ""}, {0, "order", "C A B", "", ""}, {0, "levels", "", "", ""}, {0, "1", "", "", ""},
		{1, "order", "c, a b", "C A B", "order C A B"}, {1, "order", "BAC", "B A C", "order B A C"},
		{1, "order", "A B", "", ""}, {1, "order", "A B B", "", ""}, {1, "order", "A B D", "", ""}, {1, "order", "", "", ""},
		{1, "order", "A B C Ä", "", ""}, {1, "level+1", "A B C", "", ""},
	} {
		status, body, _ := b.post(t, "decide", "as", "ann", "id", idOf(ids[c.item]), "show", showAll, "choice", c.choice,
			"order", c.order)
		if (status == 200) != (c.want != "") || !strings.Contains(body, c.said) {
			t.Errorf("%+v: status %d", c, status)
		}
		held, err := b.store.Decisions(ctx)
		must(t, err)
		at := slices.IndexFunc(held, func(d judge.Decision) bool { return d.Queue == ids[c.item] })
		if c.want != "" && (at < 0 || strings.Join(held[at].Path, " ") != c.want) {
			t.Errorf("%+v: decisions %+v", c, held)
		}
	}
}
