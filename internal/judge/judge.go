package judge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
	"hives/internal/llm"
)

// Judge asks the voters of one run. It is safe for use by several goroutines: each answer is a transaction of its own,
// and the order in which answers are stored does not matter, since they are found by key and read back in order of it.
type Judge struct {
	cfg    Config
	run    string
	store  *Store
	budget *llm.Budget
	seats  []seat

	mu     sync.Mutex
	stored map[string]bool          // items by id and prompts by hash that are known to be in the store
	blanks map[string]*blank        // by voter and form of a question
	asking map[string]chan struct{} // by voter and question: closed when who asks it now is done
	served map[string]string        // by voter: what its endpoint calls the model that answers
}

// seat is a voter ready to be asked. Two seats may share a voice, and with it a rate or a batch.
type seat struct {
	Voter
	voice voice
	can   llm.Abilities
	name  string // of a local model, with the hash of its identity
}

// New prepares a judge with a complete configuration. What earlier starts of the run used counts towards the budget.
// A run that another program is at is refused before anybody is asked. The claim comes first, so that what was used
// cannot grow between being read and being counted on.
func New(ctx context.Context, cfg Config, run Run, store *Store) (*Judge, error) {
	if err := store.Claim(run.ID); err != nil {
		return nil, err
	}
	if err := store.PutRun(ctx, run.ID, run.Kind, run.Config); err != nil {
		return nil, err
	}
	tokens, micro, _, err := store.Used(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	budget := llm.NewBudget(cfg.Budget, tokens, micro)
	j := &Judge{
		cfg: cfg, run: run.ID, store: store, budget: budget, stored: map[string]bool{}, blanks: map[string]*blank{},
		asking: map[string]chan struct{}{},
	}
	if j.served, err = store.Served(ctx, run.ID); err != nil {
		return nil, err
	}
	return j, j.seat()
}

// Run is the id under which the answers stand in the store.
func (j *Judge) Run() string { return j.run }

// Spent is the same after a restart as without one: it says what the run has used, earlier starts included, for a
// line of progress.
//
//	63000 tokens, 0.0143 EUR
func (j *Judge) Spent() string {
	tokens, micro := j.budget.Used()
	return fmt.Sprintf("%d tokens, %.4f %s", tokens, float64(micro)/1e6, j.cfg.Budget.Currency)
}

// Used is Spent in numbers: tokens, and millionths of the currency.
func (j *Judge) Used() (tokens, micro int64) { return j.budget.Used() }

// Put stores items in one go. It need not be called, but a transaction is synced to the disk: ten thousand items are
// one sync with it and ten thousand without.
func (j *Judge) Put(ctx context.Context, items []Item) error {
	if err := j.store.PutItems(ctx, items); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, it := range items {
		j.stored[it.ID] = true
	}
	return nil
}

// putFor stores what the votes on a question refer to. The lock is held over the write, so that a vote never comes
// before its item: the file's foreign keys would refuse it.
func (j *Judge) putFor(ctx context.Context, q Question) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.stored[q.Item.ID] {
		if err := j.store.PutItems(ctx, []Item{q.Item}); err != nil {
			return err
		}
		j.stored[q.Item.ID] = true
	}
	hash := q.Prompt.Hash()
	if !j.stored[hash] {
		if err := j.store.PutPrompt(ctx, q.Prompt); err != nil {
			return err
		}
		j.stored[hash] = true
	}
	return nil
}

// Ask puts a question to one voter, by its place in the configuration. The vote is a usable one, or the last unusable
// one when the attempts are used up; asked tells whether the voter was asked or the answer was stored already.
func (j *Judge) Ask(ctx context.Context, voter int, q Question) (v Vote, asked bool, err error) {
	if err := j.putFor(ctx, q); err != nil {
		return v, false, err
	}
	done, err := j.alone(ctx, fmt.Sprintf("%d %s %s", voter, q.Prompt.Hash(), q.Item.ID))
	if err != nil {
		return v, false, err
	}
	defer done()
	return j.ask(ctx, j.seats[voter], q)
}

// alone waits until nobody else of this program asks the same. Two items may come to one question at the same moment,
// such as two equal answers that are to be judged, or two calls of a server. The second waits and finds the first's
// answer in the store; it would else ask as well, and have no place to put its answer.
//
//	A asks, B comes with the same question     B waits, and reads what A has stored
//	A goes away before the answer              B asks: it is not told of A's end
func (j *Judge) alone(ctx context.Context, question string) (done func(), err error) {
	for {
		j.mu.Lock()
		other, taken := j.asking[question]
		if !taken {
			mine := make(chan struct{})
			j.asking[question] = mine
			j.mu.Unlock()
			return func() {
				j.mu.Lock()
				delete(j.asking, question)
				j.mu.Unlock()
				close(mine)
			}, nil
		}
		j.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Each works on n items, several at once, and calls done after each, with whether anybody was asked about it. The
// first error ends the work: no new question is asked, answers under way are waited for, since they are paid for. The
// same call goes on from there.
//
// The configuration's Parallel bounds the items under way, each with a request for every voter; how many requests an
// endpoint sees at once is the endpoint's own setting. A local model makes more items be under way: enough to fill its
// batches.
//
// done may be called by several goroutines at once; do is called once for each item, in order of their beginning.
func (j *Judge) Each(n int, do func(i int, t *Turn) error, done func(asked bool)) error {
	w := &work{}
	var g errgroup.Group
	g.SetLimit(j.cfg.underWay())
	for i := range n {
		if w.failed() != nil {
			break
		}
		g.Go(func() error {
			t := &Turn{judge: j, work: w}
			if err := do(i, t); err != nil {
				return w.fail(err)
			}
			done(t.asked.Load())
			return nil
		})
	}
	g.Wait() //nolint:errcheck // the first error is kept in w; errgroup's may be one that follows from it
	return w.failed()
}

// errHalted ends work that another's error has made pointless. No caller sees it: the failure that came before it is
// told.
var errHalted = errors.New("judge: halted")

// work is one call of Each. Its failure is not the judge's: the same judge may be asked again, once the endpoint is
// back.
type work struct {
	mu      sync.Mutex
	failure error
}

// fail keeps the first error, which is the one to tell: those after it only follow from it.
func (w *work) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == nil {
		w.failure = err
	}
	return err
}

// failed is asked before each question, so that work ends with what is under way.
func (w *work) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failure
}

// Turn is the work on one item. It knows whether anybody was asked, so that progress can tell work from replay: time
// left is a matter of the items that are asked about, and stored answers pass in no time.
type Turn struct {
	judge *Judge
	work  *work
	asked atomic.Bool
}

// Ask is Judge.Ask within the work: it asks nothing once another item has failed.
func (t *Turn) Ask(ctx context.Context, voter int, q Question) (Vote, error) {
	if t.work.failed() != nil {
		return Vote{}, errHalted
	}
	v, asked, err := t.judge.Ask(ctx, voter, q)
	if err != nil {
		return v, t.work.fail(err)
	}
	if asked {
		t.asked.Store(true)
	}
	return v, nil
}

// Round asks every voter at once and returns their votes in the configuration's order. An error of one does not break
// off the others' answers: they are paid for. With an error the votes are those that came; the others are empty.
func (t *Turn) Round(ctx context.Context, question func(voter int) (Question, error)) ([]Vote, error) {
	votes := make([]Vote, len(t.judge.seats))
	var g errgroup.Group
	for i := range votes {
		g.Go(func() error {
			q, err := question(i)
			if err != nil {
				return t.work.fail(err)
			}
			votes[i], err = t.Ask(ctx, i, q)
			return err
		})
	}
	return votes, g.Wait()
}

// Resumable marks the errors after which the same command goes on: a signal, an endpoint that is away, a budget that is
// spent. Their exit code is 75. Any other error would come back, so it is left as it is.
//
//	Ctrl-C, or an endpoint that is away for long     75, and the same command goes on
//	the budget is spent                              75, once the budget is raised
//	the key is refused                               75, with another key
//	a damaged votes file                             as it is
func Resumable(err error) error {
	switch fault.Of(err) {
	case fault.Canceled, fault.Unavailable, fault.Exhausted:
		return fault.Saved(fmt.Errorf("%w (every answer so far is kept)", err))
	}
	return err
}
