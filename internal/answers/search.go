package answers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"hives/internal/interview"
	"hives/internal/judge"
	"hives/ranking"
	"hives/vcai"
)

// search looks for an answer to one question at one level.
type search struct {
	b     *builder
	turn  *judge.Turn
	q     *Question
	level Level
	roles []interview.Persona

	loop     *vcai.Loop
	attempts []*attempt
}

// attempt is one text with what was judged of it so far.
type attempt struct {
	text string
	asks string // the hash of the request that it answers
	why  string // it is no answer; "" where it can be judged

	value  [][]float64 // [role][part], NaN where missing or open
	open   [][]bool
	order  []int // of judgements, role · n + part
	asked  int   // of them
	missed int
}

// run goes from attempt to attempt until one is accepted or all are used up. What it keeps is what a search that judges
// everything would keep (TestEarlyRejectionChangesNothing).
func (s *search) run(ctx context.Context) (*Row, *Failure, error) {
	s.loop = vcai.NewLoop(float64(s.level), s.b.job.Near, s.b.job.Rewrites)
	for ended := false; !ended; {
		a, err := s.try(ctx)
		if err == nil && a.why == "" {
			err = s.judge(ctx, a, s.loop.Near)
		}
		if err != nil {
			return nil, nil, err
		}
		ended = s.loop.Offer(s.degree(a))
	}
	if s.loop.End != vcai.Accepted {
		if err := s.nearest(ctx); err != nil {
			return nil, nil, err
		}
	}
	if s.loop.Chosen < 0 {
		return nil, s.failure(), nil
	}
	return s.row(), nil, nil
}

// nearest judges the rest of attempts that were given up, as none was accepted, and offers all of them anew. Those that
// may come nearest are judged first. One that can no longer come as near as another already is stays as it is: it
// would not be kept.
//
//	wanted 2; reach of attempt 0: at most 1.2, of 1: at most .4     0 is judged to its end, D′ .9, gap 1.1
//	                                                                1 has a gap of 1.6 or more and is left alone
func (s *search) nearest(ctx context.Context) error {
	order := make([]int, len(s.attempts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, k int) int {
		return cmp.Compare(s.least(s.attempts[i]), s.least(s.attempts[k]))
	})
	best := math.Inf(1)
	for _, i := range order {
		a := s.attempts[i]
		if a.why != "" {
			continue
		}
		if err := s.judge(ctx, a, best); err != nil {
			return err
		}
		if gap := math.Abs(s.degree(a) - s.loop.Wanted); gap < best { // false of NaN
			best = gap
		}
	}
	s.loop = vcai.NewLoop(s.loop.Wanted, s.loop.Near, s.loop.Rewrites)
	for _, a := range s.attempts {
		s.loop.Offer(s.degree(a))
	}
	return nil
}

// least is the smallest gap that an attempt can still come to.
func (s *search) least(a *attempt) float64 {
	all, touched := vcai.Reach(a.value, a.open)
	if s.b.job.Aggregate == Touched {
		return s.loop.Least(touched)
	}
	return s.loop.Least(all)
}

// try asks for one more text: the answer, its rewriting, or, with --retry resample and after texts that are none, the
// answer again.
func (s *search) try(ctx context.Context) (*attempt, error) {
	before := ""
	if s.b.job.Retry == Rewrite {
		for _, a := range s.attempts {
			if a.why == "" {
				before = a.text
			}
		}
	}
	n := len(s.attempts)
	asked, err := s.b.answering(s.q, s.level, n, before)
	if err != nil {
		return nil, err
	}
	vote, err := s.turn.Ask(ctx, writer, asked)
	if err != nil {
		return nil, err
	}
	a := &attempt{asks: asked.Prompt.Hash()}
	if a.text, err = s.b.spoken(vote); err != nil {
		return nil, err
	}
	if a.why = unfit(a.text, asked, s.q); vote.Parsed == "" { // the request itself was refused, as too long for the model
		a.why = "no answer came"
	}
	s.attempts = append(s.attempts, a)
	// A seeded order, since a fixed one would always ask the same role and part first, and judge the rest only of answers
	// that these like.
	parts := len(s.q.value.Parts)
	a.order = ranking.Stream("vcai judgements", s.b.job.Seed, s.q.ID, s.level.String(), fmt.Sprint(n)).
		Perm(len(s.roles) * parts)
	for range s.roles {
		a.value, a.open = append(a.value, make([]float64, parts)), append(a.open, make([]bool, parts))
	}
	for at := range a.order {
		a.value[at/parts][at%parts], a.open[at/parts][at%parts] = math.NaN(), true
	}
	return a, nil
}

// judge asks for the judgements of an attempt that are still open, as long as its gap can be limit or less. More than a
// quarter missing is unusable for good, and ends it too. Those that are needed whatever the others say are asked at
// once: a local model answers eight of them in the time of one.
func (s *search) judge(ctx context.Context, a *attempt, limit float64) error {
	for a.asked < len(a.order) {
		if s.ends(a, limit) {
			return nil
		}
		var g errgroup.Group
		wave := a.order[a.asked : a.asked+s.due(a, limit)]
		said := make([]judge.Vote, len(wave))
		for i, at := range wave {
			g.Go(func() (err error) {
				said[i], err = s.ask(ctx, a, at)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for i, at := range wave {
			j, ok := judged(said[i])
			a.put(at, j, ok)
		}
	}
	return nil
}

// ask puts one judgement to the judge.
func (s *search) ask(ctx context.Context, a *attempt, at int) (judge.Vote, error) {
	v := s.q.value
	q, err := s.b.judging(&s.roles[at/len(v.Parts)], v, &v.Parts[at%len(v.Parts)], a.text, s.q)
	if err != nil {
		return judge.Vote{}, err
	}
	return s.turn.Ask(ctx, reader, q)
}

// ends tells whether no rest of the judgements can bring an attempt to a gap of limit or less.
func (s *search) ends(a *attempt, limit float64) bool {
	const rounding = 1e-9 // sums of the same judgements in another order
	return s.missing(a) || !s.b.job.full && !(s.least(a) <= limit+rounding)
}

// due is how many of the open judgements are needed whatever they turn out to be. An attempt is given up soonest where
// all of them are −1, all 1 or all missing, so these three are tried on a copy.
//
//	wanted 2, near .5, 16 judgements    their sum must be 12 or more: three times −1 leave 10 at the most, so 3 are due
//	three asked, all neutral            13 at the most, and one −1 leaves 11: 1 is due
func (s *search) due(a *attempt, limit float64) int {
	left := len(a.order) - a.asked
	soonest := left
	for _, j := range []float64{-1, 1, math.NaN()} {
		trial := a.clone()
		for n := 1; n < soonest; n++ {
			trial.put(a.order[a.asked+n-1], j, !math.IsNaN(j))
			if s.ends(trial, limit) {
				soonest = n
			}
		}
	}
	return soonest
}

// put enters the next judgement in order.
func (a *attempt) put(at int, j float64, usable bool) {
	parts := len(a.value[0])
	a.asked++
	a.open[at/parts][at%parts] = false
	if usable {
		a.value[at/parts][at%parts] = j
	} else {
		a.missed++
	}
}

// clone is a copy whose judgements may be changed.
func (a *attempt) clone() *attempt {
	b := *a
	b.value, b.open = slices.Clone(a.value), slices.Clone(a.open)
	for i := range a.value {
		b.value[i], b.open[i] = slices.Clone(a.value[i]), slices.Clone(a.open[i])
	}
	return &b
}

// missing tells whether too few judgements of an attempt can be used.
func (s *search) missing(a *attempt) bool {
	return float64(a.missed) > vcai.MostMissing*float64(len(a.order))
}

// degree is NaN of an attempt that is no answer, was given up early, or misses too much.
func (s *search) degree(a *attempt) float64 {
	d := vcai.DegreeOf(a.value)
	switch {
	case a.why != "" || a.asked < len(a.order) || !d.Usable():
		return math.NaN()
	case s.b.job.Aggregate == Touched:
		return d.Touched
	}
	return d.All
}

// row is the attempt that was chosen.
func (s *search) row() *Row {
	a := s.attempts[s.loop.Chosen]
	d := vcai.DegreeOf(a.value)
	r := &Row{
		QuestionID: s.q.ID, TextID: s.q.TextID, Group: s.q.Group, ValueID: s.q.value.ID, Level: int32(s.level),
		Question: s.q.Text, Answer: a.text, Degree: d.All, Gap: s.loop.Gaps[s.loop.Chosen], Attempts: int32(len(s.attempts)),
		Stop: s.loop.End, Judgements: asJSON(a.value), AnswerPrompt: a.asks, WritePrompt: promptHash(s.b.write.Name),
		JudgePrompt: promptHash(s.b.judge.Name), Writer: s.b.identities[writer], Judge: s.b.identities[reader],
		Seed: int64(s.b.job.Seed), Corpus: s.q.Corpus, Licence: s.q.Licence,
	}
	if !math.IsNaN(d.Touched) {
		r.Touched = &d.Touched
	}
	for _, a := range s.attempts {
		if a.why == refused {
			r.Refused++
		}
	}
	for _, role := range s.roles {
		r.Roles = append(r.Roles, role.Preamble)
	}
	for _, p := range s.q.value.Parts {
		r.Parts = append(r.Parts, p.Name)
	}
	return r
}

// failure says why no attempt can be kept, by reason.
func (s *search) failure() *Failure {
	f := &Failure{QuestionID: s.q.ID, ValueID: s.q.value.ID, Level: &s.level, Attempts: len(s.attempts),
		Why: map[string]int{}}
	for _, a := range s.attempts {
		switch {
		case a.why != "":
			f.Why[a.why]++
		case s.missing(a):
			f.Why["too few judgements"]++
		default:
			f.Why["touches no part"]++
		}
	}
	return f
}

// asJSON writes judgements with null where one is missing.
//
//	[[1,0,null],[1,-1,0]]
func asJSON(judged [][]float64) string {
	out := make([][]*float64, len(judged))
	for i, row := range judged {
		out[i] = make([]*float64, len(row))
		for k := range row {
			if !math.IsNaN(row[k]) {
				out[i][k] = &row[k]
			}
		}
	}
	raw, _ := json.Marshal(out) // finite numbers and nulls always marshal
	return string(raw)
}
