package panel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"hives/data/theories"
	"hives/internal/llm"
)

// Panel asks the voters about texts.
type Panel struct {
	cfg    Config
	tree   *theories.Tree
	define Define
	run    string
	store  *llm.Store
	budget *llm.Budget
	voters []member

	mu      sync.Mutex
	prompts map[string]*rendered // by voter and query
	failure error                // the first: no new question after it, but answers under way are waited for
}

// member is a voter ready to be asked.
type member struct {
	Voter
	client *llm.Client
	prompt *prompt
}

// errHalted ends work that another's error has made pointless.
var errHalted = errors.New("panel: halted")

// New prepares a panel; what earlier starts of the same run used counts towards the budget. A run that another
// program is at is refused.
func New(ctx context.Context, cfg Config, tree *theories.Tree, define Define, store *llm.Store) (*Panel, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	p := &Panel{cfg: cfg, tree: tree, define: define, store: store, prompts: map[string]*rendered{}}
	run, config := cfg.identity(tree)
	p.run = run
	if err := store.Claim(run); err != nil {
		return nil, err
	}
	if err := store.PutRun(ctx, run, llm.KindLabel, config); err != nil {
		return nil, err
	}
	tokens, micro, _, err := store.Used(ctx, run)
	if err != nil {
		return nil, err
	}
	p.budget = llm.NewBudget(cfg.Budget, tokens, micro)
	return p, p.seat()
}

// seat makes one client for each endpoint, which its voters share with its rate.
func (p *Panel) seat() error {
	clients := map[string]*llm.Client{}
	for _, v := range p.cfg.Voters {
		if clients[v.Endpoint] == nil {
			c, err := llm.NewClient(p.cfg.endpoint(v.Endpoint), p.budget)
			if err != nil {
				return err
			}
			clients[v.Endpoint] = c
		}
		pr, err := loadPrompt(v.Prompt)
		if err != nil {
			return err
		}
		p.voters = append(p.voters, member{Voter: v, client: clients[v.Endpoint], prompt: pr})
	}
	return nil
}

// Run is the id of the panel's run.
func (p *Panel) Run() string { return p.run }

// Label labels items, several at once, and calls done after each, with whether anybody was asked about it or every
// answer was stored already. Results are in the items' order. On an error the answers that came are in the store,
// and the same call goes on from there.
func (p *Panel) Label(ctx context.Context, items []llm.Item, done func(asked bool)) ([]Result, error) {
	if err := p.store.PutItems(ctx, items); err != nil {
		return nil, err
	}
	results := make([]Result, len(items))
	var g errgroup.Group
	g.SetLimit(p.cfg.Parallel)
	for i, item := range items {
		g.Go(func() (err error) {
			var asked atomic.Bool
			if results[i], err = p.label(ctx, item, &asked); err != nil {
				return p.fail(err)
			}
			done(asked.Load())
			return nil
		})
		if p.failed() != nil {
			break
		}
	}
	if g.Wait(); p.failed() != nil {
		return nil, fmt.Errorf("label: %w", p.failed())
	}
	return results, nil
}

// fail keeps the first error, which is the one to tell: those after it only follow from it.
func (p *Panel) fail(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure == nil {
		p.failure = err
	}
	return err
}

func (p *Panel) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// label labels one item and puts it up for review if the panel cannot agree.
func (p *Panel) label(ctx context.Context, item llm.Item, asked *atomic.Bool) (Result, error) {
	r, err := descend(ctx, p.tree, p.cfg.Rules, func(ctx context.Context, q query) ([]string, error) {
		return p.round(ctx, item, q, asked)
	})
	if err != nil {
		return r, err
	}
	if r.Status != Open {
		return r, p.store.Dequeue(ctx, llm.KindLabel, p.run, item.ID, p.tree.Theory)
	}
	_, err = p.store.Enqueue(ctx, llm.QueueItem{
		Kind: llm.KindLabel, Run: p.run, ItemID: item.ID, Theory: p.tree.Theory, PathSoFar: r.Path, Level: r.Level, Reason: r.Reason,
	})
	return r, err
}

// round asks every voter at once. An error of one does not break off the others' answers: they are paid for.
func (p *Panel) round(ctx context.Context, item llm.Item, q query, asked *atomic.Bool) ([]string, error) {
	choices := make([]string, len(p.voters))
	var g errgroup.Group
	for i := range p.voters {
		g.Go(func() error {
			v, fresh, err := p.vote(ctx, i, item, q)
			if err != nil {
				return p.fail(err)
			}
			if fresh {
				asked.Store(true)
			}
			choices[i] = choiceOf(v)
			return nil
		})
	}
	return choices, g.Wait()
}

func (p *Panel) vote(ctx context.Context, voter int, item llm.Item, q query) (v llm.Vote, asked bool, err error) {
	if p.failed() != nil {
		return v, false, errHalted
	}
	m := p.voters[voter]
	r, err := p.prompt(ctx, voter, q)
	if err != nil {
		return v, false, err
	}
	return llm.Ask(ctx, p.store, m.client, llm.Question{
		Run: p.run, Prompt: r.stored, Item: item.ID, Voter: m.Name, About: q.about(p.tree.Theory),
		Request:     r.request(m.Model, item.Text),
		Parse:       func(raw string) (string, error) { return readAnswer(raw, q.choices()) },
		MaxAttempts: p.cfg.Attempts,
	})
}

// prompt renders a voter's query once and stores it.
func (p *Panel) prompt(ctx context.Context, voter int, q query) (*rendered, error) {
	key := p.voters[voter].Name + "\x00" + q.about(p.tree.Theory)
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.prompts[key]; r != nil {
		return r, nil
	}
	r, err := p.voters[voter].prompt.render(p.tree, p.define, q, voter, len(p.voters))
	if err != nil {
		return nil, err
	}
	if err := p.store.PutPrompt(ctx, r.stored); err != nil {
		return nil, err
	}
	p.prompts[key] = r
	return r, nil
}
