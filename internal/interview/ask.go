package interview

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
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

// Answer is one of a persona's answers to one item, as it was read.
type Answer struct {
	Persona int       `parquet:"persona" json:"persona"`
	Item    string    `parquet:"item" json:"item"`
	Repeat  int       `parquet:"repeat" json:"repeat"` // from 1
	Text    string    `parquet:"text" json:"text"`
	Shares  []float64 `parquet:"shares,list" json:"shares"` // of the options, both orders together; none where unusable
	Vote    float64   `parquet:"vote" json:"vote"`          // 1 … K, the option with the largest share; 0 where unusable
	Why     string    `parquet:"why" json:"why,omitempty"`  // unusable
}

// Refused is Answer.Why of an answer that speaks of the model and not as the persona: it is no neutral answer.
const Refused = "refused"

// asMachine are words by which a model leaves its part. The list is short on purpose: "I cannot stand it" is an answer.
var asMachine = []string{"as an ai", "as a language model", "i am an ai", "i'm an ai", "i cannot answer",
	"i can't answer",
	"i'm sorry, but i", "i am sorry, but i"}

// interviewer asks one run's questions.
type interviewer struct {
	cfg       judge.Config
	inventory *Inventory
	personas  []Persona
	answer    *judge.Template
	read      *judge.Template
	repeats   int
	ties      string
}

func newInterviewer(cfg judge.Config, v *Inventory, personas []Persona, repeats int) (*interviewer, error) {
	t := &interviewer{cfg: cfg, inventory: v, personas: personas, repeats: repeats}
	var err error
	if t.answer, err = prompts.Load(cfg.Voters[respondent].Prompt); err == nil {
		t.read, err = prompts.Load(cfg.Voters[reader].Prompt)
	}
	return t, err
}

// question is what a persona is asked. The preamble is part of the prompt and not of the item, so that in the votes
// file an item is one text, and each persona has a prompt of its own. A repeat has a draw of its
// own: else the answer that is stored would be taken for it.
func (t *interviewer) question(p *Persona, it *Item, repeat int) (judge.Question, error) {
	form, err := t.answer.Render("answer", struct{ Persona, Text string }{p.Preamble, judge.Mark}, nil)
	if err != nil {
		return judge.Question{}, err
	}
	q := form.Question(judge.Item{ID: it.ID, Text: it.Text, Licence: "own"}, it.Text)
	q.About, q.Parse = it.Scale, spoken
	if repeat > 1 {
		q = q.Drawn(fmt.Sprintf("repeat %d", repeat))
	}
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
func (t *interviewer) one(ctx context.Context, turn *judge.Turn, p *Persona, it *Item, repeat int) (Answer, error) {
	a := Answer{Persona: p.ID, Item: it.ID, Repeat: repeat}
	q, err := t.question(p, it, repeat)
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
	case slices.ContainsFunc(asMachine, func(words string) bool {
		return strings.Contains(strings.ToLower(a.Text),
			words)
	}):
		a.Why = Refused
		return a, nil
	}
	if a.Shares, a.Why, err = t.weigh(ctx, turn, it, a.Text); a.Shares != nil {
		a.Vote = float64(questionnaire.Count([][]float64{a.Shares}, len(a.Shares)).Lowest + 1)
	}
	return a, err
}

// weigh has a text read twice and takes the mean of the shares: small models favour the option that stands first, or
// last, and in the mean that favour is shared out. why says why there are none.
func (t *interviewer) weigh(ctx context.Context, turn *judge.Turn, it *Item, text string) (shares []float64, why string,
	err error) {
	shares = make([]float64, len(t.inventory.Options))
	for _, reversed := range []bool{false, true} {
		q, choice, err := t.reading(it, text, reversed)
		if err != nil {
			return nil, "", err
		}
		vote, err := turn.Ask(ctx, reader, q)
		if err != nil {
			return nil, "", err
		}
		p, err := sharesOf(vote, choice, t.cfg.Voters[reader].Choose)
		if err != nil {
			return nil, err.Error(), nil
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
	return shares, "", nil
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

// all asks everything, persona by persona, and returns the answers in that order: of each item all its repeats. Behind
// them each item's empty answer is read: what the judge says of it is what it says of any text. After an error the
// votes file has what came, and the same call goes on from there.
func (t *interviewer) all(ctx context.Context, j *judge.Judge, done func(asked bool)) (out []Answer, empty []float64,
	err error) {
	items := t.inventory.Items
	out, empty = make([]Answer, len(t.personas)*len(items)*t.repeats), make([]float64, len(items))
	err = j.Each(len(out)+len(empty), func(i int, turn *judge.Turn) (err error) {
		if at := i - len(out); at >= 0 {
			empty[at], err = t.ofNothing(ctx, turn, &items[at])
			return err
		}
		at := i / t.repeats
		p, it := &t.personas[at/len(items)], &items[at%len(items)]
		if out[i], err = t.one(ctx, turn, p, it, i%t.repeats+1); err != nil {
			err = fmt.Errorf("persona %d, item %s: %w", p.ID, it.ID, err)
		}
		return err
	}, done)
	return out, empty, err
}

// ofNothing is the mean place on the scale, by shares, that the judge gives an empty answer; NaN where it gives none.
func (t *interviewer) ofNothing(ctx context.Context, turn *judge.Turn, it *Item) (float64, error) {
	shares, _, err := t.weigh(ctx, turn, it, "")
	if err != nil || shares == nil {
		return math.NaN(), err
	}
	return questionnaire.Count([][]float64{shares}, len(shares)).Expected, nil
}
