package evaluate

import (
	"context"
	"errors"
	"fmt"

	"hives/data"
	"hives/encoder"
)

// Format is the version of both documents.
const Format = 1

// Kinds of documents.
const (
	KindEvaluation = "hives.evaluation"
	KindDemo       = "hives.demo"
)

// Common stands at the end of both documents. Whoever reads a figure finds here what it stands beside (Controls),
// what it is of (N), how it was made (Settings, Definition) and why another is missing (Skipped).
type Common struct {
	Controls   map[string]*System     `json:"controls"`    // null where skipped
	Compared   map[string]*Difference `json:"differences"` // paired, by "x_minus_y"
	N          Counts                 `json:"n"`
	Settings   Settings               `json:"settings"`
	TrainedOn  *data.Shared           `json:"trained_on,omitempty"` // of the rows, where the model was trained on some
	Definition map[string]string      `json:"definition"`
	Skipped    map[string]string      `json:"skipped"` // why a figure is null, by its path in this document
}

// Evaluation is the document of `hives evaluate`.
//
//	{"format": 1, "kind": "hives.evaluation", "name": "model", "model": {…},
//	 "ranking_accuracy": {"all": …, "within_theory": …, "within_corpus": …}, …, "intervals": {…},
//	 "controls": {"random": {…}, "truth": {…}, "untrained": null, …},
//	 "differences": {"model_minus_random": {…}, …},
//	 "n": {…}, "settings": {…}, "definition": {…}, "skipped": {"controls.untrained": "give its model folder …"}}
type Evaluation struct {
	Format int    `json:"format"`
	Kind   string `json:"kind"`
	*System
	Common
}

// Demo is the document of `hives report demo`. Its differences:
//
//	after_minus_before            what training changed
//	after_minus_control           what of that needs labels that mean something
//	after_minus_stage_1           what Stage 2 added, where there is one
//	random_minus_random_before    the same training from random weights
//	after_minus_random            what a pretrained base gives beyond them
type Demo struct {
	Format  int     `json:"format"`
	Kind    string  `json:"kind"`
	Before  *System `json:"before"`
	After   *System `json:"after"`
	Control *System `json:"control"`
	Stage1  *System `json:"stage_1,omitempty"` // the model between the stages, where after is that of Stage 2
	// A model from random weights on the same rows, before and after training, where Before is pretrained.
	RandomBefore *System   `json:"random_before,omitempty"`
	Random       *System   `json:"random,omitempty"`
	Findings     []Finding `json:"findings"`
	// Scores of a database of people's grades, told by vectors alone; none where there is no database.
	Intensities []*ValueIntensity `json:"intensities,omitempty"`
	Common

	Examples []Example `json:"-"` // for the report; texts stay out of the document

	after, control Trained
}

// Counts say how much data stands behind the figures. Groups matter more than rows: a group is one piece of
// evidence, and intervals are drawn over groups.
type Counts struct {
	Rows       int            `json:"rows"`
	Texts      int            `json:"texts"`
	Groups     int            `json:"groups"`
	JudgedRows int            `json:"judged_rows"` // somebody judged their direction
	TrainRows  int            `json:"train_rows"`  // given to fitted controls
	Theories   map[string]int `json:"theories"`    // rows
	Corpora    map[string]int `json:"corpora"`     // rows
}

// Settings make the figures reproducible.
type Settings struct {
	Seed      uint64 `json:"seed"`
	Resamples int    `json:"resamples"`
	MinSide   int    `json:"rows_a_side"`
	Ties      string `json:"ties"`
}

// Named is a model that can be opened, with the name it bears in a document. Models are opened one at a time, since a
// large one fills the memory. Trained says how long it was trained, for claims that ask whether its control was trained
// alike.
type Named struct {
	Name string
	// Open returns the encoder and what frees it.
	Open func(context.Context) (encoder.Encoder, func() error, error)

	Trained Trained
}

// Fixed is an encoder that is open already and that the caller closes.
func Fixed(name string, enc encoder.Encoder) Named {
	return Named{Name: name, Open: func(context.Context) (encoder.Encoder, func() error, error) {
		return enc, func() error { return nil }, nil
	}}
}

// Model opens, embeds with, closes and scores one model. Errors name the model, since a demo has six.
func (b *Bench) Model(ctx context.Context, m Named) (*System, error) {
	vectors, identity, err := b.embedOnce(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("embed with %s: %w", m.Name, err)
	}
	s, err := b.Score(ctx, m.Name, vectors)
	if err != nil {
		return nil, err
	}
	s.Model = &identity
	return s, nil
}

// embedOnce frees the model before anything is measured, so that its memory is free for the next one.
func (b *Bench) embedOnce(ctx context.Context, m Named) (vectors [][]float32, id encoder.Identity, err error) {
	enc, free, err := m.Open(ctx)
	if err != nil {
		return nil, id, err
	}
	defer func() { err = errors.Join(err, free()) }()
	return b.Embed(ctx, m.Name, enc)
}

// Evaluate measures a model, the given control models (untrained, trained on permuted labels) and the controls
// that need none, and compares the model with each of them. Controls that were not given stand in the document as
// null, with the flag that would give them.
func (b *Bench) Evaluate(ctx context.Context, model Named, controls []Named) (*Evaluation, error) {
	e := &Evaluation{Format: Format, Kind: KindEvaluation}
	var err error
	if e.System, err = b.Model(ctx, model); err != nil {
		return nil, err
	}
	if e.Common, err = b.common(ctx); err != nil {
		return nil, err
	}
	// Two controls need models, which somebody must have trained: the document says how to give them.
	for _, name := range []string{"untrained", "permuted"} {
		e.Controls[name] = nil
		e.Skipped["controls."+name] = "give its model folder with --control " + name + "=DIR"
	}
	for _, c := range controls {
		if e.Controls[c.Name], err = b.Model(ctx, c); err != nil {
			return nil, err
		}
		delete(e.Skipped, "controls."+c.Name)
	}
	for name, c := range e.Controls {
		if c != nil {
			e.Compared["model_minus_"+name] = b.Compare(e.System, c)
		}
	}
	return e, explain(e, &e.Common, map[string]*System{"": e.System})
}

// DemoModels are the models of a demo. Stage1 may be left out (Open nil), and so may the random ones, both.
type DemoModels struct{ Before, After, Control, Stage1, RandomBefore, Random Named }

// Demo measures a model before and after training, between the stages where that is asked for, the control
// trained on permuted labels, and the controls that need no model. Findings are drawn here, from the same numbers
// that the document holds, so page and document cannot differ.
func (b *Bench) Demo(ctx context.Context, models DemoModels) (*Demo, error) {
	d := &Demo{Format: Format, Kind: KindDemo, after: models.After.Trained, control: models.Control.Trained}
	systems := map[string]*System{}
	var err error
	for _, m := range []struct {
		key  string
		into **System
		Named
	}{{"before", &d.Before, models.Before}, {"after", &d.After, models.After}, {"control", &d.Control, models.Control},
		{"stage_1", &d.Stage1, models.Stage1},
		{"random_before", &d.RandomBefore, models.RandomBefore}, {"random", &d.Random, models.Random}} {
		if m.Open == nil {
			continue
		}
		if *m.into, err = b.Model(ctx, m.Named); err != nil {
			return nil, err
		}
		systems[m.key] = *m.into
	}
	if d.Common, err = b.common(ctx); err != nil {
		return nil, err
	}
	// What is subtracted from what says the key; the claims ask for these by name.
	d.Compared["after_minus_before"] = b.Compare(d.After, d.Before)
	d.Compared["after_minus_control"] = b.Compare(d.After, d.Control)
	if d.Stage1 != nil {
		d.Compared["after_minus_stage_1"] = b.Compare(d.After, d.Stage1)
	}
	if d.Random != nil && d.RandomBefore != nil {
		d.Compared["after_minus_random"] = b.Compare(d.After, d.Random)
		d.Compared["random_minus_random_before"] = b.Compare(d.Random, d.RandomBefore)
	}
	d.Findings = findings(d)
	d.Examples = b.examples(d.Before.vectors, d.After.vectors)
	return d, explain(d, &d.Common, systems)
}

// common measures the model-free controls once for the whole document. Ties are wrong in the figures; what
// differences from controls make of them stands in the definition of ranking_accuracy.
func (b *Bench) common(ctx context.Context) (Common, error) {
	controls, skipped, err := b.Controls(ctx)
	if err != nil {
		return Common{}, err
	}
	c := Common{
		Controls: controls, Compared: map[string]*Difference{}, N: b.counts(), Definition: definitions,
		Skipped:  map[string]string{},
		Settings: Settings{b.options.Seed, b.options.Resamples, b.options.MinSide, "wrong"},
	}
	for name, reason := range skipped {
		c.Skipped["controls."+name] = reason
	}
	return c, nil
}

// counts says how much data stands behind the figures; a reader judges intervals by the groups.
func (b *Bench) counts() Counts {
	n := Counts{
		Rows: len(b.rows), Texts: b.texts.Len(), Groups: b.columns.Groups(), TrainRows: len(b.options.TrainRows),
		Theories: map[string]int{}, Corpora: map[string]int{},
	}
	for i := range b.rows {
		n.Theories[b.rows[i].Theory]++
		n.Corpora[b.rows[i].Corpus]++
		if b.labels.Judged[i] {
			n.JudgedRows++
		}
	}
	return n
}
