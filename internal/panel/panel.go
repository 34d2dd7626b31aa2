package panel

import (
	"context"
	"fmt"
	"sync"

	"hives/data/theories"
	"hives/internal/judge"
)

// Panel asks the voters about texts. What is its own are the tree, the rules and the queue of texts that they leave
// open; asking, storing and counting are the judge's.
type Panel struct {
	cfg     Config
	tree    *theories.Tree
	define  Define
	store   *judge.Store
	judge   *judge.Judge
	prompts []*judge.Template // by voter

	mu    sync.Mutex
	forms map[string]*judge.Form // by voter and query
}

// New prepares a panel; what earlier starts of the same run used counts towards the budget. It reads every prompt
// before it claims the run: a name that is wrong stops nobody else. A run that another program is at is refused.
func New(ctx context.Context, cfg Config, tree *theories.Tree, define Define, store *judge.Store) (*Panel, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	p := &Panel{cfg: cfg, tree: tree, define: define, store: store, forms: map[string]*judge.Form{}}
	for _, v := range cfg.Voters {
		t, err := prompts.Load(v.Prompt)
		if err != nil {
			return nil, err
		}
		p.prompts = append(p.prompts, t)
	}
	run, err := cfg.run(tree)
	if err != nil {
		return nil, err
	}
	p.judge, err = judge.New(ctx, cfg.Config, run, store)
	return p, err
}

// Run is the id of the panel's run.
func (p *Panel) Run() string { return p.judge.Run() }

// Label labels items, several at once, and calls done after each, with whether anybody was asked about it or every
// answer was stored already. Results are in the items' order. On an error the answers that came are in the store,
// and the same call goes on from there.
func (p *Panel) Label(ctx context.Context, items []judge.Item, done func(asked bool)) ([]Result, error) {
	if err := p.judge.Put(ctx, items); err != nil {
		return nil, err
	}
	results := make([]Result, len(items))
	err := p.judge.Each(len(items), func(i int, t *judge.Turn) (err error) {
		results[i], err = p.label(ctx, items[i], t)
		return err
	}, done)
	if err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	return results, nil
}

// label labels one item and puts it up for review if the panel cannot agree. A text that waited and is agreed on now,
// by other rules or by an answer that came, is taken back from the queue.
//
//	before: open, queued     now: labelled     Dequeue; a decision that somebody took stays in the file
func (p *Panel) label(ctx context.Context, item judge.Item, t *judge.Turn) (Result, error) {
	r, err := descend(ctx, p.tree, p.cfg.Rules, func(ctx context.Context, q query) ([]string, error) {
		return p.round(ctx, item, q, t)
	})
	if err != nil {
		return r, err
	}
	if r.Status != Open {
		return r, p.store.Dequeue(ctx, judge.KindLabel, p.Run(), item.ID, p.tree.Theory)
	}
	_, err = p.store.Enqueue(ctx, judge.QueueItem{
		Kind: judge.KindLabel, Run: p.Run(), ItemID: item.ID, Theory: p.tree.Theory,
		PathSoFar: r.Path, Level: r.Level, Reason: r.Reason,
	})
	return r, err
}

// round puts a query to every voter and returns their choices in the voters' order, "" where all attempts were
// unusable.
func (p *Panel) round(ctx context.Context, item judge.Item, q query, t *judge.Turn) ([]string, error) {
	votes, err := t.Round(ctx, func(voter int) (judge.Question, error) { return p.question(voter, item, q) })
	choices := make([]string, len(votes))
	for i, v := range votes {
		choices[i] = v.Choice()
	}
	return choices, err
}

// question is a query about an item as one voter is asked it: the prompt for the node, the choices that may be named,
// the text.
func (p *Panel) question(voter int, item judge.Item, q query) (judge.Question, error) {
	f, err := p.form(voter, q)
	if err != nil {
		return judge.Question{}, err
	}
	out := f.Question(item, item.Text)
	answer := q.answer(p.prompts[voter].Has("because"))
	out.About, out.Parse = q.about(p.tree.Theory), answer.Parse
	out.Prefix, out.Choices = answer.Answers()
	return out, nil
}

// form renders a voter's query once: a tree of 60 nodes and seven voters make about a thousand of them, and ten
// thousand texts use each again and again. The key is what the prompt depends on beside the run.
//
// Invariant: about names all of a query that a prompt hangs on, so two queries of one key have one form.
func (p *Panel) form(voter int, q query) (*judge.Form, error) {
	key := p.cfg.Voters[voter].Name + "\x00" + q.about(p.tree.Theory)
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.forms[key]; f != nil {
		return f, nil
	}
	f, err := render(p.prompts[voter], p.tree, p.define, q, voter, len(p.prompts))
	if err == nil {
		p.forms[key] = f
	}
	return f, err
}
