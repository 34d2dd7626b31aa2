package vidb

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"sync"

	"hives/data/theories"
	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/review"
)

// Triage counts what voters and people made of the scores.
type Triage struct {
	Asked   int      `json:"asked"`   // texts
	Doubted int      `json:"doubted"` // two voters or more found the score implausible
	Thin    int      `json:"thin"`    // fewer than five usable answers
	Decided int      `json:"decided"` // by people
	Voters  []string `json:"voters"`
}

const (
	doubtFrom     = 2 // voters that say "implausible"
	enoughAnswers = 5 // of seven
	kindCheck     = "intensity-check"
	checkPrompt   = "check.v1"
)

// doubted tells whether a checked score waits for people: two of the voters that answered find it implausible, or too
// few answered.
//
//	1 of 7 zeros     stands
//	2 of 7           waits
//	0 of 4           waits: too few were heard
func (s Score) doubted() bool { return s.Zeros >= doubtFrom || s.Answers < enoughAnswers }

// CheckJob is hives vidb check.
type CheckJob struct {
	Path   string
	Values []string
	Known  theories.Set
	Config Config
	Votes  string
	Lambda float64 // weight of people in a blended score
	Yes    bool
	DryRun bool
	Out    io.Writer
	Bar    func(label string, calls int64) Bar
}

// Check has voters look at every score, puts those that they doubt before people (hives review), and blends in what
// people have decided by now. So it is run twice: before the review and after it, when it asks nobody again.
//
//	score 7.2, zeros 3 of 7                  open: final 7.2, and no anchor
//	ann says 4, bob confirms 7.2             blended: final .5 · 7.2 + .5 · 5.6 = 6.4
func Check(ctx context.Context, j CheckJob) ([]Figures, error) {
	if !(j.Lambda >= 0 && j.Lambda <= 1) {
		return nil, invalid("--lambda %v: want 0 to 1", j.Lambda)
	}
	cfg, err := j.voters()
	if err != nil {
		return nil, err
	}
	values, err := open(j.Path, j.Values, j.Known)
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		if v.Report.Fit == nil {
			return nil, fault.New(fault.Invalid, "vidb: %s has no scores to check: build it first", v.ValueID)
		}
	}
	var figures []Figures
	err = sit(ctx, cfg, kindCheck, j.Votes,
		func(c Config, run judge.Run) (bool, error) { return j.forecast(ctx, c, run, values) },
		func(c Config, asked *judge.Judge, store *judge.Store) error {
			for _, v := range values {
				if err := j.value(ctx, asked, store, c, v); err != nil {
					return err
				}
				figures = append(figures, v.Summarise(shownTexts))
			}
			return Save(j.Path, values...)
		})
	return figures, err
}

// voters completes the configuration for this question.
func (j CheckJob) voters() (Config, error) {
	if j.Votes == "" {
		return j.Config, invalid("voters need --db, the votes file that keeps their answers")
	}
	cfg := j.Config
	cfg.Voters = slices.Clone(cfg.Voters)
	for i := range cfg.Voters {
		cfg.Voters[i].Prompt = checkPrompt // what judges are asked by, in a file that both use, is another question
	}
	cfg, err := cfg.Complete()
	if err == nil && len(cfg.Voters) < enoughAnswers {
		err = invalid("%d voters: a score with fewer than %d answers is always doubted; seven are usual", len(cfg.Voters),
			enoughAnswers)
	}
	return cfg, err
}

// plausible is the closed question of a check.
var plausible = judge.Choice{Names: []string{"1", "0"}}

// form renders the question for one score, which stands in it with one decimal. Two texts of one score share a
// prompt, and the votes file holds it once.
func (v *Value) form(score float64) (*judge.Form, error) {
	d, err := define(v.ValueID, v.known)
	if err != nil {
		return nil, err
	}
	t, err := prompts.Load(checkPrompt)
	if err != nil {
		return nil, err
	}
	tree, _ := v.known.Get(d.theory)
	return t.Render("check", struct{ Theory, Value, Definition, Score, Text string }{
		tree.Name, d.name, d.text, strconv.FormatFloat(score, 'f', 1, 64), judge.Mark,
	}, plausible.Schema())
}

// value asks about one value's texts, and sees to the queue. The order matters: votes, then the queue, then what
// people have said of it, then the blend.
func (j CheckJob) value(ctx context.Context, asked *judge.Judge, store *judge.Store, cfg Config, v *Value) error {
	scored := v.scored()
	if err := j.ask(ctx, asked, v, scored, int64(len(cfg.Voters))); err != nil {
		return judge.Resumable(err)
	}
	report := &Triage{Asked: len(scored)}
	for _, voter := range cfg.Voters {
		report.Voters = append(report.Voters, voter.Name)
	}
	v.Report.Check, v.Settings.Lambda = report, &j.Lambda
	// Before decisions are read: a text that is doubted for the first time has none, and one that people decided on is
	// found again by the item that this brings up to date.
	queued, err := v.enqueue(ctx, store, asked.Run(), scored)
	if err != nil {
		return err
	}
	if err := v.decided(ctx, store, queued); err != nil {
		return err
	}
	return v.blend()
}

// scored are the texts that have a score.
func (v *Value) scored() (out []int) {
	for i, s := range v.Scores {
		if s.Status != Unseen && !math.IsNaN(s.Score) {
			out = append(out, i)
		}
	}
	return out
}

// ask puts every score to every voter, and counts.
//
//	votes 1 1 0 1 0 1 and one unusable     zeros 2, answers 6: doubted
func (j CheckJob) ask(ctx context.Context, asked *judge.Judge, v *Value, scored []int, voters int64) error {
	forms := map[string]*judge.Form{} // by score as it is shown: 201 at the most
	var items []judge.Item
	for _, i := range scored {
		t, shown := v.Texts[i], fmt.Sprintf("%.1f", v.Scores[i].Score)
		items = append(items, judge.Item{ID: t.ID, Text: t.Text, Group: t.Group, Corpus: t.Corpus, Licence: t.Licence})
		if forms[shown] == nil {
			form, err := v.form(v.Scores[i].Score)
			if err != nil {
				return err
			}
			forms[shown] = form
		}
	}
	if err := asked.Put(ctx, items); err != nil {
		return err
	}
	bar := Bar(noBar{})
	if j.Bar != nil {
		bar = j.Bar("check "+v.ValueID, voters*int64(len(scored)))
	}
	defer bar.Close()
	// A closed question: a local model compares 1 and 0 and never writes prose.
	prefix, answers := plausible.Answers()
	var mu sync.Mutex
	return asked.Each(len(scored), func(at int, t *judge.Turn) error {
		s := &v.Scores[scored[at]]
		votes, err := t.Round(ctx, func(int) (judge.Question, error) {
			q := forms[fmt.Sprintf("%.1f", s.Score)].Question(items[at], items[at].Text)
			q.About, q.Parse, q.Prefix, q.Choices = review.CheckOf(v.ValueID), plausible.Parse, prefix, answers
			return q, nil
		})
		s.Zeros, s.Answers = 0, 0
		for _, vote := range votes {
			switch vote.Choice() {
			case "0":
				s.Zeros, s.Answers = s.Zeros+1, s.Answers+1
			case "1":
				s.Answers++
			}
		}
		return err
	}, func(anybody bool) {
		mu.Lock()
		defer mu.Unlock()
		bar.Suffix(asked.Spent())
		if anybody {
			bar.Add(voters)
		} else {
			bar.Replay(voters)
		}
	})
}

// The queue is the meeting place: check puts texts in, the page of hives review takes decisions, check reads them. An
// item is found by run, text and value, so a second check brings it up to date and keeps what was decided.

// enqueue puts what is doubted before people, and takes back what no longer is. It returns the texts by queue item:
// also those that people have decided on before, whatever the voters say now.
func (v *Value) enqueue(ctx context.Context, store *judge.Store, run string, scored []int) (map[int64]int, error) {
	d, err := define(v.ValueID, v.known)
	if err != nil {
		return nil, err
	}
	place := map[string]int{}
	for _, i := range scored {
		s, t := v.Scores[i], v.Texts[i]
		place[t.ID] = i
		// No longer doubted: taken back, unless somebody has decided on it already.
		if !s.doubted() {
			if err := store.Dequeue(ctx, judge.KindIntensity, run, t.ID, v.ValueID); err != nil {
				return nil, err
			}
			continue
		}
		reason := fmt.Sprintf("%d of %d voters find the score implausible", s.Zeros, s.Answers)
		if s.Zeros < doubtFrom {
			v.Report.Check.Thin++
			reason = fmt.Sprintf("thin: %d usable answers", s.Answers)
		} else {
			v.Report.Check.Doubted++
		}
		payload, _ := json.Marshal(review.Proposal{ValueID: v.ValueID, Name: d.name, Definition: d.text, Score: s.Score})
		_, err := store.Enqueue(ctx, judge.QueueItem{
			Kind: judge.KindIntensity, Run: run, ItemID: t.ID, Theory: v.ValueID, Reason: reason, Payload: string(payload),
		})
		if err != nil {
			return nil, err
		}
	}
	queue, err := store.Queue(ctx)
	out := map[int64]int{}
	for _, q := range queue {
		if i, ours := place[q.ItemID]; ours && q.Kind == judge.KindIntensity && q.Run == run && q.Theory == v.ValueID {
			out[q.ID] = i
		}
	}
	return out, err
}

// decided takes over what people said. Who skipped a text, or found that no score fits, has given no number. The mean
// is made anew each time, so a decision that was undone leaves no trace.
//
//	ann 4, bob confirms 7.2, eve skips     mean 5.6 of two people
func (v *Value) decided(ctx context.Context, store *judge.Store, queued map[int64]int) error {
	held, err := store.Decisions(ctx)
	if err != nil {
		return err
	}
	for _, i := range v.scored() {
		v.Scores[i].Humans, v.Scores[i].HumanMean = 0, math.NaN()
	}
	for _, d := range held {
		i, ours := queued[d.Queue]
		if !ours || d.Verdict != judge.VerdictValue {
			continue
		}
		n, err := strconv.ParseFloat(d.Path[0], 64)
		if err != nil || !(math.Abs(n) <= intensity.Limit) {
			return fault.New(fault.Corrupt, "decision %d in the votes file is no score from -10 to 10", d.ID)
		}
		s := &v.Scores[i]
		if s.Humans == 0 {
			s.HumanMean = 0
			v.Report.Check.Decided++
		}
		// The running mean: ann 4, bob 7, cleo 1 are 4, 5.5, 4.
		s.Humans++
		s.HumanMean += (n - s.HumanMean) / float64(s.Humans)
	}
	return nil
}

// forecast prints what the calls would take, as a build's does.
func (j CheckJob) forecast(ctx context.Context, cfg Config, run judge.Run, values []*Value) (stop bool, err error) {
	b := bill{cfg: cfg, noun: "texts", course: judge.Course{Name: "check"}}
	for _, v := range values {
		form, err := v.form(0)
		if err != nil {
			return true, err
		}
		scored := v.scored()
		b.course.Questions += int64(len(scored))
		for _, i := range scored {
			b.here = append(b.here, judge.Item{ID: v.Texts[i].ID})
		}
		for _, voter := range cfg.Voters {
			b.add(voter, int64(len(scored)), llm.EstimateTokens(form.System+form.User)+v.meanTokens(), briefAnswer)
		}
	}
	return b.agree(ctx, j.Votes, run, j.Out, j.Yes, j.DryRun)
}
