package interview

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/questionnaire"
)

//go:embed prompts/*.tmpl
var files embed.FS

var prompts = judge.Prompts{Files: files}

// The two voters, by their place in the configuration.
const (
	respondent = iota
	reader
	voters
)

// Names of the voters in a configuration.
const (
	Respondent = "respondent"
	Judge      = "judge"
)

// Answer is one persona's answer to one item, as it was read.
type Answer struct {
	Persona int       `parquet:"persona" json:"persona"`
	Item    string    `parquet:"item" json:"item"`
	Text    string    `parquet:"text" json:"text"`
	Shares  []float64 `parquet:"shares,list" json:"shares"` // of the options, both orders together; none where unusable
	Vote    float64   `parquet:"vote" json:"vote"`          // 1 … K, 0 where unusable; of options that tie their mean
	Why     string    `parquet:"why" json:"why,omitempty"`  // unusable
}

// interviewer asks one run's questions.
type interviewer struct {
	cfg       judge.Config
	inventory *Inventory
	personas  []Persona
	answer    *judge.Template
	read      *judge.Template
}

func newInterviewer(cfg judge.Config, v *Inventory, personas []Persona) (*interviewer, error) {
	t := &interviewer{cfg: cfg, inventory: v, personas: personas}
	var err error
	if t.answer, err = prompts.Load(cfg.Voters[respondent].Prompt); err == nil {
		t.read, err = prompts.Load(cfg.Voters[reader].Prompt)
	}
	return t, err
}

// question is what a persona is asked. The preamble is part of the prompt and not of the item, so that in the votes
// file an item is one text, and each persona has a prompt of its own.
func (t *interviewer) question(p *Persona, it *Item) (judge.Question, error) {
	form, err := t.answer.Render("answer", struct{ Persona, Text string }{p.Preamble, judge.Mark}, nil)
	if err != nil {
		return judge.Question{}, err
	}
	q := form.Question(judge.Item{ID: it.ID, Text: it.Text, Licence: "own"}, it.Text)
	q.About, q.Parse = it.Scale, spoken
	return q, nil
}

// spoken keeps a free text as JSON. An empty one is kept too: it is an answer that nobody can read, and asking again in
// the same words would not help.
func spoken(raw string) (string, error) {
	out, err := json.Marshal(map[string]string{"text": strings.TrimSpace(raw)})
	return string(out), err
}

// reading is what the judge is asked of an answer, its options in one of two orders. Equal answers of two personas to
// one question are one item: the judge reads them once.
func (t *interviewer) reading(it *Item, text string, reversed bool) (judge.Question, judge.Choice, error) {
	options := slices.Clone(t.inventory.Options)
	if reversed {
		slices.Reverse(options)
	}
	choice := judge.Choice{Names: options}
	form, err := t.read.Render("read", struct {
		Question, About, Text string
		Options               []string
	}{it.Text, t.inventory.Scales[it.Scale].About, judge.Mark, options}, choice.Schema())
	if err != nil {
		return judge.Question{}, choice, err
	}
	q := form.Question(judge.Item{ID: judge.Hash(text)[:32], Text: text, Licence: "own"}, text)
	q.About, q.Parse = it.Scale, choice.Parse
	q.Prefix, q.Choices = choice.Answers()
	return q, choice, nil
}

// one has a persona answer an item and the answer read: three questions, of which the second and third need the first's
// answer.
func (t *interviewer) one(ctx context.Context, turn *judge.Turn, p *Persona, it *Item) (Answer, error) {
	a := Answer{Persona: p.ID, Item: it.ID}
	q, err := t.question(p, it)
	if err != nil {
		return a, err
	}
	vote, err := turn.Ask(ctx, respondent, q)
	if err != nil {
		return a, err
	}
	var said struct{ Text string }
	if err := json.Unmarshal([]byte(cmp.Or(vote.Parsed, "{}")), &said); err != nil {
		return a, fault.New(fault.Corrupt, "votes file: an answer of item %s: %w", it.ID, err)
	}
	a.Text = said.Text
	switch {
	case a.Text == "":
		a.Why = cmp.Or(vote.Error, "empty")
		return a, nil
	case a.Text == it.Text:
		a.Why = "repeats the question"
		return a, nil
	}
	return a, t.weigh(ctx, turn, it, &a)
}

// weigh has an answer read twice and takes the mean of the shares: small models favour the option that stands first, or
// last, and in the mean that favour is shared out.
func (t *interviewer) weigh(ctx context.Context, turn *judge.Turn, it *Item, a *Answer) error {
	shares := make([]float64, len(t.inventory.Options))
	for _, reversed := range []bool{false, true} {
		q, choice, err := t.reading(it, a.Text, reversed)
		if err != nil {
			return err
		}
		vote, err := turn.Ask(ctx, reader, q)
		if err != nil {
			return err
		}
		p, err := sharesOf(vote, choice, t.cfg.Voters[reader].Choose)
		if err != nil {
			a.Why = err.Error()
			return nil
		}
		if reversed {
			slices.Reverse(p)
		}
		for k := range shares {
			shares[k] += p[k] / 2
		}
	}
	if it.Reverse {
		slices.Reverse(shares)
	}
	a.Shares, a.Vote = shares, 0
	places := tied(shares)
	for _, k := range places {
		a.Vote += float64(k+1) / float64(len(places))
	}
	return nil
}

// tied are the options of the largest share. Of a judge that writes one option in each order there are often two: one
// that took the first option both times is then read as the middle of the scale and not as its lower end.
func tied(shares []float64) (at []int) {
	const same = 1e-12
	most := slices.Max(shares)
	for k, p := range shares {
		if most-p < same {
			at = append(at, k)
		}
	}
	return at
}

// sharesOf reads a judge's vote: by log-probabilities where the options were compared, else the whole share for the
// option that it wrote.
func sharesOf(v judge.Vote, choice judge.Choice, choose string) ([]float64, error) {
	if s, ok := v.Scored(); ok && len(s.Options) == len(choice.Names) {
		return questionnaire.Probabilities(s.By(choose), nil), nil
	}
	at := slices.Index(choice.Names, v.Choice())
	if at < 0 {
		return nil, errors.New(cmp.Or(v.Error, "no option"))
	}
	p := make([]float64, len(choice.Names))
	p[at] = 1
	return p, nil
}

// all asks everything, persona by persona, and returns the answers in that order. After an error the votes file has
// what came, and the same call goes on from there.
func (t *interviewer) all(ctx context.Context, j *judge.Judge, done func(asked bool)) ([]Answer, error) {
	items := t.inventory.Items
	out := make([]Answer, len(t.personas)*len(items))
	err := j.Each(len(out), func(i int, turn *judge.Turn) (err error) {
		out[i], err = t.one(ctx, turn, &t.personas[i/len(items)], &items[i%len(items)])
		if err != nil {
			err = fmt.Errorf("persona %d, item %s: %w", i/len(items)+1, items[i%len(items)].ID, err)
		}
		return err
	}, done)
	return out, err
}
