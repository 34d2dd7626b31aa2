package vidb

import (
	"context"
	"fmt"
	"slices"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
)

// Three things let a program score that goes on running, such as embedd. They are apart because they change apart: a
// database is replaced while calls go on, judges are seated once, a plan is one call's.
//
//	base, err := vidb.OpenBase("vidb.db", known)              // texts and scores in memory
//	e, err := vidb.OpenEvaluator(ctx, cfg, "votes.db")        // judges seated, votes file claimed
//	v, err := base.Find("mft/care-harm")
//	plan, err := e.Plan([]*vidb.Value{v}, vidb.DefaultScore(), responses)
//	plan.Calls                                                // what it takes at most: nobody was asked yet
//	rows, summaries, err := plan.Score(ctx, bar)              // as hives score would have them

// Base is a database in memory, as scoring needs it: without windows. Nothing of it changes, so any number of calls may
// share one.
type Base struct {
	file   *File
	values map[string]*Value
}

// OpenBase reads all values of the file at path, and refuses one whose definition has changed, as hives score does. A
// file of no value that could be scored is refused: it would fail every call.
func OpenBase(path string, known theories.Set) (*Base, error) {
	file, err := Open(path, known)
	if err != nil {
		return nil, err
	}
	b := &Base{file: file, values: map[string]*Value{}}
	all, err := openWith(path, nil, known, (*File).Value)
	if err != nil {
		return nil, err
	}
	usable := 0
	for _, v := range all {
		b.values[v.ValueID] = v
		if len(v.Anchors(0, "", "")) > 0 {
			usable++
		}
	}
	if usable == 0 {
		return nil, fault.New(fault.Invalid, "vidb %s: no value has texts with a score: run hives vidb build first", path)
	}
	return b, nil
}

// IDs are the values', in order.
func (b *Base) IDs() (ids []string) {
	for _, a := range b.file.Values {
		ids = append(ids, a.ValueID)
	}
	return ids
}

// Find finds a value by its id, in any spelling that the theories know.
func (b *Base) Find(id string) (*Value, error) {
	about, err := b.file.find(id)
	if err != nil {
		return nil, err
	}
	return b.values[about.ValueID], nil
}

// Evaluator has judges seated for as long as a program runs. Several plans may be asked at once. Two of them that need
// the same answer ask for it once.
type Evaluator struct {
	cfg   Config
	judge *judge.Judge
	store *judge.Store
}

// OpenEvaluator opens the judges of cfg and the votes file, which it claims: hives score on the same file and judges is
// refused meanwhile, and finds every answer afterwards. Nobody is there to agree to an estimate, so a budget must be
// set where a judge is behind an endpoint. Who opened owes Close.
func OpenEvaluator(ctx context.Context, cfg Config, votes string) (_ *Evaluator, err error) {
	if cfg, err = cfg.Complete(); err != nil {
		return nil, err
	}
	for _, v := range cfg.Voters {
		if !v.AtHome() && cfg.Budget.Tokens == 0 && cfg.Budget.Money == 0 {
			return nil, invalid("judge %q is behind an endpoint and there is no budget: give [budget] tokens or money, which "+
				"bounds what callers may spend", v.Name)
		}
	}
	if cfg.Config, err = cfg.Open(ctx); err != nil {
		return nil, err
	}
	e := &Evaluator{cfg: cfg}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	run, err := named(KindScore, cfg.Config)
	if err != nil {
		return nil, err
	}
	if e.store, err = judge.Open(votes); err != nil {
		return nil, err
	}
	if e.judge, err = judge.New(ctx, cfg.Config, run, e.store); err != nil {
		return nil, err
	}
	return e, nil
}

// Close frees judges and votes file.
func (e *Evaluator) Close() {
	e.cfg.Close()
	if e.store != nil {
		e.store.Close() //nolint:errcheck // every answer was committed when it came
	}
}

// Judges are their names.
func (e *Evaluator) Judges() (names []string) {
	for _, v := range e.cfg.Voters {
		names = append(names, v.Name)
	}
	return names
}

// Budget is what the judges have used so far, earlier starts included, in tokens and millionths of the currency, and
// what they may use; 0 sets no bound.
func (e *Evaluator) Budget() (tokens, micro int64, limits llm.Limits) {
	tokens, micro = e.judge.Used()
	return tokens, micro, e.cfg.Budget
}

// Plan is what a call will ask, before anybody is asked.
type Plan struct {
	Calls  int   // questions to judges, each perhaps answered already
	Tokens int64 // that they read and write at most, by estimate

	e    *Evaluator
	work []*scoring
}

// Plan draws the windows of responses, which CleanResponses has cleaned. What cannot be drawn is Invalid.
func (e *Evaluator) Plan(values []*Value, o ScoreOptions, responses []Response) (*Plan, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	work, err := draw(values, o, responses)
	if err != nil {
		return nil, err
	}
	p := &Plan{e: e, work: work}
	for _, s := range work {
		a, err := newAsker(s.v, o.K, o.Format, WordingOurs, e.cfg.Voters)
		if err != nil {
			return nil, err
		}
		p.Calls += len(s.shown) * len(e.cfg.Voters)
		for _, shown := range s.shown {
			texts := s.texts(shown)
			for at, voter := range e.cfg.Voters {
				q := a.question(at, texts)
				p.Tokens += llm.EstimateTokens(q.System) + llm.EstimateTokens(q.User) + int64(voter.MaxTokens)
			}
		}
	}
	return p, nil
}

// Score asks and scores. bar, which may be nil, is told of every answer. An error leaves every answer that came in the
// votes file: the same call asks for the others alone.
//
//	Canceled, or a context's error   the caller went away, or its time is over
//	Exhausted                        the budget is spent
//	Unavailable                      a judge does not answer, or cannot keep to the form
func (p *Plan) Score(ctx context.Context, bar Bar) ([]ResponseScore, []ScoreSummary, error) {
	show := func(string, int64) Bar { return bar }
	if bar == nil {
		show = nil
	}
	rows, summaries, err := scoreAll(ctx, newJury(p.e.judge, p.e.cfg.Config, show), p.work)
	if rows == nil { // a stop; that no answer about a value can be used is told by its rows' status
		return nil, nil, fmt.Errorf("vidb: %w", err)
	}
	return slices.Concat(rows...), summaries, nil
}
