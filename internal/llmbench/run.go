package llmbench

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/llm"
)

// Job is hives llm-bench.
type Job struct {
	Config    judge.Config // voters Model and, for answers that are read, Judge
	Task      string
	Data      string // the user's file
	System    string // system message; "": the model's own
	Number    int    // items, drawn by Seed; 0: all
	Seed      uint64
	MaxTokens int
	Out       string // folder
	DryRun    bool
	Yes       bool // ask although no budget is set
	Stdout    io.Writer
}

// Names of the voters in a configuration.
const (
	Model = "model"
	Judge = "judge"
)

// Files of a run's folder.
const (
	VotesFile   = "votes.db"
	ResultFile  = "result.json"
	FiguresFile = "figures.csv"
	ItemsFile   = "items.jsonl"
)

// Defaults are a configuration without voters.
func Defaults() judge.Config { return judge.Config{Parallel: 8, Attempts: 3} }

// Home is a model and, where one is named, a judge on this machine.
func Home(model, judgeDir string, l llm.Local) judge.Config {
	l.Provider = llm.AtHome
	c := Defaults()
	c.Voters = []judge.Voter{{Name: Model, Model: llm.Model{Name: model, Local: l}}}
	if judgeDir != "" {
		c.Voters = append(c.Voters, judge.Voter{Name: Judge, Choose: judge.Calibrated, Model: llm.Model{Name: judgeDir,
			Local: l}})
	}
	return c
}

// bench asks one run's questions.
type bench struct {
	Job
	task  task
	items []item
	sum   string // SHA-256 of the file
	ways  []way
	read  bool // by a judge
}

// Run asks, and writes the folder. Every answer is in the votes file first: the same job goes on after a stop, asks
// nothing twice and ends with the same bytes.
func Run(ctx context.Context, j Job) (*Result, error) {
	b, err := j.prepare()
	if err != nil {
		return nil, err
	}
	if b.Config, err = b.Config.Open(ctx); err != nil {
		return nil, err
	}
	defer b.Config.Close()
	run, err := judge.NewRun("llm-bench", map[string]any{"voters": b.Config.Identities(), "task": b.task.name})
	if err != nil {
		return nil, err
	}
	if stop, err := b.forecast(ctx, run); err != nil || stop {
		return nil, err
	}
	return b.ask(ctx, run)
}

// prepare reads the file and checks the voters before a model is opened.
func (j Job) prepare() (*bench, error) {
	t, err := find(j.Task)
	if err != nil {
		return nil, err
	}
	b := &bench{Job: j, task: t, read: t.judge && len(j.Config.Voters) == 2}
	if err := b.voters(); err != nil {
		return nil, err
	}
	if b.sum, err = fsutil.SHA256(j.Data); err != nil {
		return nil, fsutil.Classify(err, j.Data)
	}
	if b.items, err = t.load(j.Data); err != nil {
		return nil, err
	}
	if t.turns && !b.read {
		return nil, fault.Usage(fault.New(fault.Invalid, "%s is graded by a judge: name one by --judge-model", t.name))
	}
	if j.Number < 0 || j.MaxTokens < 0 {
		return nil, fault.Usage(fault.New(fault.Invalid, "--number %d, --max-tokens %d: want 0 or more", j.Number,
			j.MaxTokens))
	}
	if len(b.items) == 0 {
		return nil, fault.New(fault.Invalid, "%s holds nothing to ask (%s: %s)", j.Data, t.name, t.about)
	}
	b.items = draw(b.items, j.Number, j.Seed)
	length := cmp.Or(j.MaxTokens, llm.DefaultMaxTokens)
	b.ways = []way{greedy(length)}
	if t.grid {
		b.ways = ways(length, b.Config.Voters[0].AtHome())
		if j.System == "" {
			return nil, fault.Usage(fault.New(fault.Invalid, "%s asks with and without a system message: give one by --system",
				t.name))
		}
	}
	return b, nil
}

// draw takes n of the items, in their order: the same ones for one seed and file, whatever is measured.
func draw(items []item, n int, seed uint64) []item {
	if n == 0 || n >= len(items) {
		return items
	}
	rng := rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "llm-bench items %d", seed))))
	at := rng.Perm(len(items))[:n]
	slices.Sort(at)
	var out []item
	for _, i := range at {
		out = append(out, items[i])
	}
	return out
}

// voters puts the model first and says how it is asked: by log-probabilities of given answers, or in its own words.
func (b *bench) voters() (err error) {
	c := b.Config
	c.Voters = slices.Clone(c.Voters)
	slices.SortStableFunc(c.Voters, func(x, y judge.Voter) int { return cmp.Compare(y.Name, x.Name) })
	names := []string{Model, Judge}
	if len(c.Voters) < 1 || len(c.Voters) > 2 {
		return fault.Usage(fault.New(fault.Invalid, "the configuration has %d [[voters]]: want %s and, if answers are to be "+
			"read, %s", len(c.Voters), Model, Judge))
	}
	for i := range c.Voters {
		v := &c.Voters[i]
		if v.Name != names[i] {
			return fault.Usage(fault.New(fault.Invalid, "voter %q: want %s and, if answers are to be read, %s", v.Name, Model,
				Judge))
		}
		v.Prompt, v.MaxTokens = "bench.v1", cmp.Or(v.MaxTokens, llm.DefaultMaxTokens)
	}
	if c.Voters[0].Ask = judge.AskChoices; b.task.judge {
		c.Voters[0].Ask, c.Voters[0].Choose = judge.AskJSON, ""
	}
	b.Config, err = c.Complete(func(string) error { return nil })
	return err
}

// ask answers all items and writes the files.
func (b *bench) ask(ctx context.Context, run judge.Run) (*Result, error) {
	if err := fsutil.MakeFolders(b.Out); err != nil {
		return nil, fsutil.Classify(err, b.Out)
	}
	store, err := judge.Open(filepath.Join(b.Out, VotesFile))
	if err != nil {
		return nil, err
	}
	defer store.Close()
	asked, err := judge.New(ctx, b.Config, run, store)
	if err != nil {
		return nil, err
	}
	out := make([]outcome, len(b.items))
	bar := cli.NewProgress(b.task.name, "items", int64(len(b.items)), 0)
	err = asked.Each(len(b.items), func(i int, turn *judge.Turn) (err error) {
		if out[i], err = b.one(ctx, turn, &b.items[i]); err != nil {
			err = fmt.Errorf("item %s: %w", b.items[i].id, err)
		}
		return err
	}, func(new bool) {
		bar.Suffix(asked.Spent())
		if new {
			bar.Add(1)
		} else {
			bar.Replay(1)
		}
	})
	bar.Close()
	if err != nil {
		return nil, judge.Resumable(err)
	}
	r := b.result(out, run.ID)
	return r, b.write(r, out)
}

// outcome is what came of an item. Why says why it is in no figure.
type outcome struct {
	ID    string    `json:"id"`
	Group string    `json:"group,omitempty"`
	Total []float64 `json:"total,omitempty"` // of each option, mean over its forms
	Bytes []int     `json:"bytes,omitempty"`
	Blind []float64 `json:"blind,omitempty"` // the same without the question
	Right *int      `json:"right,omitempty"`
	Said  []string  `json:"said,omitempty"` // of each turn, or of each way of drawing: a grade, or what the answer does
	Why   string    `json:"why,omitempty"`
}

// errUnusable ends an item that cannot be asked, such as a prompt longer than the model's positions.
var errUnusable = errors.New("unusable")

func (b *bench) one(ctx context.Context, turn *judge.Turn, it *item) (o outcome, err error) {
	o = outcome{ID: it.id, Group: it.group}
	if len(it.forms) > 0 {
		o.Right = &it.right
		err = b.weigh(ctx, turn, it, &o)
	} else {
		err = b.hear(ctx, turn, it, &o)
	}
	if errors.Is(err, errUnusable) {
		o.Why, err = err.Error(), nil
	}
	return o, err
}

// weigh scores all forms of a choice, then the same without the question where every form can leave it out.
func (b *bench) weigh(ctx context.Context, turn *judge.Turn, it *item, o *outcome) (err error) {
	o.Bytes = make([]int, it.options)
	if o.Total, err = b.scores(ctx, turn, it, false, o.Bytes); err != nil {
		return err
	}
	if !slices.ContainsFunc(it.forms, func(f form) bool { return f.blind == "" }) {
		o.Blind, err = b.scores(ctx, turn, it, true, o.Bytes)
	}
	return err
}

// scores are the mean log-probability of each option over the forms that have it.
func (b *bench) scores(ctx context.Context, turn *judge.Turn, it *item, blind bool, bytes []int) ([]float64, error) {
	sum, n := make([]float64, it.options), make([]float64, it.options)
	for i := range it.forms {
		f := &it.forms[i]
		vote, err := turn.Ask(ctx, 0, f.scored(&b.task, b.System, blind))
		if err != nil {
			return nil, err
		}
		s, ok := vote.Scored()
		if !ok || len(s.Total) != len(f.options) {
			return nil, fmt.Errorf("%w: %s", errUnusable, cmp.Or(vote.Error, "no log-probabilities"))
		}
		for k, at := range f.places {
			sum[at], n[at], bytes[at] = sum[at]+s.Total[k], n[at]+1, s.Bytes[k]
		}
	}
	for k := range sum {
		sum[k] /= n[k]
	}
	return sum, nil
}

// hear has every turn answered in every way of drawing, and each answer read.
func (b *bench) hear(ctx context.Context, turn *judge.Turn, it *item, o *outcome) error {
	for _, w := range b.ways {
		var before []llm.Message
		system := b.System
		if b.task.grid && !w.System {
			system = ""
		}
		for _, asked := range it.turns {
			vote, err := turn.Ask(ctx, 0, written(&b.task, system, before, asked, w))
			if err != nil {
				return err
			}
			var said struct{ Text string }
			if vote.Parsed == "" || json.Unmarshal([]byte(vote.Parsed), &said) != nil {
				return fmt.Errorf("%w: %s", errUnusable, cmp.Or(vote.Error, "no answer"))
			}
			verdict, err := b.verdict(ctx, turn, asked, said.Text)
			if err != nil {
				return err
			}
			o.Said = append(o.Said, verdict)
			before = append(before, llm.Message{Role: llm.User, Content: asked},
				llm.Message{Role: llm.Assistant, Content: said.Text})
		}
	}
	return nil
}

// verdict reads an answer: by the judge, else by phrases, which tell refusals alone.
func (b *bench) verdict(ctx context.Context, turn *judge.Turn, asked, said string) (string, error) {
	q, _ := reading(asked, said)
	if b.task.turns {
		q, _ = grade(asked, said)
	}
	if !b.read {
		return byPhrases(said), nil
	}
	vote, err := turn.Ask(ctx, 1, q)
	if err != nil {
		return "", err
	}
	if vote.Choice() == "" {
		return "", fmt.Errorf("%w: the judge: %s", errUnusable, cmp.Or(vote.Error, "no option"))
	}
	return vote.Choice(), nil
}
