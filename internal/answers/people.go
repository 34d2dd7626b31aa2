package answers

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/review"
	"hives/ranking"
)

// peopleRun is the run that people's decisions belong to: they are about answers, whoever else has judged these.
const peopleRun = "vcai people"

// poster is one question to people about a set: the level of one answer, or the order of all.
type poster struct {
	set  *set
	row  int // −1: the order
	item judge.Item
}

// posters are all that can be asked about a set. People read a text, so they are shown one and no list of JSON.
func (s *set) posters() (out []poster) {
	r := &s.rows[0]
	about := &Question{Group: r.Group, Corpus: r.Corpus, Licence: r.Licence}
	for k := range s.rows {
		text := fmt.Sprintf("%s\n\n%s", s.rows[k].Question, s.rows[k].Answer)
		out = append(out, poster{s, k, item(text, about)})
	}
	if s.shown != nil {
		text := s.rows[0].Question
		for i, at := range s.shown {
			text += fmt.Sprintf("\n\n%s  %s", labels(len(s.shown))[i], s.rows[at].Answer)
		}
		out = append(out, poster{s, -1, item(text, about)})
	}
	return out
}

// enqueue puts questions up for hives review, drawn by seed. The level that was asked for is nowhere in what people
// see.
func (g *grader) enqueue(ctx context.Context, store *judge.Store) error {
	perm := ranking.Stream("vcai people", g.job.Seed).Perm(len(g.sets))
	for _, at := range perm[:min(g.job.People, len(perm))] {
		s := &g.sets[at]
		for _, p := range s.posters() {
			form, reason := review.FormLevel, "which level?"
			if p.row < 0 {
				form, reason = review.FormOrder, "in which order?"
			}
			payload := compact(review.Degrees{Form: form, Name: s.value.Name, Definition: s.value.Definition,
				Levels: levelNames(), Answers: len(s.shown)})
			if err := store.PutItems(ctx, []judge.Item{p.item}); err != nil {
				return err
			}
			_, err := store.Enqueue(ctx, judge.QueueItem{Kind: judge.KindDegree, Run: peopleRun, ItemID: p.item.ID,
				Theory: s.value.ID, Reason: reason, Payload: payload})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// said is what people have decided by now.
type said struct {
	reviewers int
	levels    []graded
	orders    []ordered
	pairs     [][2]Level // people's level and the judge's
}

// people reads the decisions on the answers that are measured; nil where there are none. Who skipped an answer, or
// found that it is none, has said nothing of its level.
func (g *grader) people(ctx context.Context, store *judge.Store) (*said, error) {
	known := map[string]poster{}
	for i := range g.sets {
		for _, p := range g.sets[i].posters() {
			known[g.sets[i].value.ID+" "+p.item.ID] = p
		}
	}
	queue, err := store.Queue(ctx)
	if err != nil {
		return nil, err
	}
	at := map[int64]poster{}
	for _, q := range queue {
		if p, ours := known[q.Theory+" "+q.ItemID]; ours && q.Kind == judge.KindDegree && q.Run == peopleRun {
			at[q.ID] = p
		}
	}
	held, err := store.Decisions(ctx)
	if err != nil {
		return nil, err
	}
	out, who := &said{}, map[string]bool{}
	for _, d := range held {
		p, ours := at[d.Queue]
		if !ours || d.Verdict != judge.VerdictValue {
			continue
		}
		who[d.Reviewer] = true
		if err := out.take(p, d); err != nil {
			return nil, fault.New(fault.Corrupt, "decision %d in the votes file: %w", d.ID, err)
		}
	}
	if out.reviewers = len(who); out.reviewers == 0 {
		return nil, nil
	}
	return out, nil
}

// take counts one decision.
func (o *said) take(p poster, d judge.Decision) error {
	group := p.set.rows[0].Group
	if p.row < 0 {
		var letters []any
		for _, l := range d.Path {
			letters = append(letters, l)
		}
		places, err := placesOf(letters, len(p.set.shown))
		if err != nil {
			return err
		}
		order, err := p.set.ordered(places)
		o.orders = append(o.orders, ordered{group, order})
		return err
	}
	n, err := strconv.Atoi(strings.TrimPrefix(d.Path[0], "+"))
	if err != nil || n < -2 || n > 2 {
		return fmt.Errorf("is no level from −2 to 2")
	}
	o.levels = append(o.levels, graded{group, Level(p.set.rows[p.row].Level), Level(n)})
	if found := p.set.found[p.row]; found != nil {
		o.pairs = append(o.pairs, [2]Level{Level(n), *found})
	}
	return nil
}
