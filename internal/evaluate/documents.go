package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"hives/encoder"
)

// Format is the version of both documents.
const Format = 1

// Kinds of documents.
const (
	KindEvaluation = "hives.evaluation"
	KindDemo       = "hives.demo"
)

// Common stands at the end of both documents.
type Common struct {
	Controls   map[string]*System     `json:"controls"`    // null where skipped
	Compared   map[string]*Difference `json:"differences"` // paired, by "x_minus_y"
	N          Counts                 `json:"n"`
	Settings   Settings               `json:"settings"`
	Definition map[string]string      `json:"definition"`
	Skipped    map[string]string      `json:"skipped"` // why a figure is null, by its path in this document
}

// Evaluation is the document of `hives evaluate`.
type Evaluation struct {
	Format int    `json:"format"`
	Kind   string `json:"kind"`
	*System
	Common
}

// Demo is the document of `hives report demo`.
type Demo struct {
	Format   int       `json:"format"`
	Kind     string    `json:"kind"`
	Before   *System   `json:"before"`
	After    *System   `json:"after"`
	Control  *System   `json:"control"`
	Findings []Finding `json:"findings"`
	Common

	Examples []Example `json:"-"` // for the report; texts stay out of the document
}

// Counts say how much data stands behind the figures.
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

// Named is a model that can be opened, with the name it bears in a document. Models are opened one at a
// time, since a large one fills the memory.
type Named struct {
	Name string
	// Open returns the encoder and what frees it.
	Open func(context.Context) (encoder.Encoder, func() error, error)
}

// Fixed is an encoder that is open already and that the caller closes.
func Fixed(name string, enc encoder.Encoder) Named {
	return Named{name, func(context.Context) (encoder.Encoder, func() error, error) {
		return enc, func() error { return nil }, nil
	}}
}

// Model opens, embeds with, closes and scores one model.
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

func (b *Bench) embedOnce(ctx context.Context, m Named) (vectors [][]float32, id encoder.Identity, err error) {
	enc, free, err := m.Open(ctx)
	if err != nil {
		return nil, id, err
	}
	defer func() { err = errors.Join(err, free()) }()
	return b.Embed(ctx, m.Name, enc)
}

// Evaluate measures a model, the given control models (untrained, trained on permuted labels) and the
// controls that need none, and compares the model with each of them.
func (b *Bench) Evaluate(ctx context.Context, model Named, controls []Named) (*Evaluation, error) {
	e := &Evaluation{Format: Format, Kind: KindEvaluation}
	var err error
	if e.System, err = b.Model(ctx, model); err != nil {
		return nil, err
	}
	if e.Common, err = b.common(ctx); err != nil {
		return nil, err
	}
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

// Demo measures a model before and after training, the control trained on permuted labels, and the
// controls that need no model.
func (b *Bench) Demo(ctx context.Context, before, after, control Named) (*Demo, error) {
	d := &Demo{Format: Format, Kind: KindDemo}
	var err error
	for _, m := range []struct {
		into **System
		Named
	}{{&d.Before, before}, {&d.After, after}, {&d.Control, control}} {
		if *m.into, err = b.Model(ctx, m.Named); err != nil {
			return nil, err
		}
	}
	if d.Common, err = b.common(ctx); err != nil {
		return nil, err
	}
	d.Compared["after_minus_before"] = b.Compare(d.After, d.Before)
	d.Compared["after_minus_control"] = b.Compare(d.After, d.Control)
	d.Findings = findings(d)
	d.Examples = b.examples(d.Before.vectors, d.After.vectors)
	return d, explain(d, &d.Common, map[string]*System{"before": d.Before, "after": d.After, "control": d.Control})
}

func (b *Bench) common(ctx context.Context) (Common, error) {
	controls, skipped, err := b.Controls(ctx)
	if err != nil {
		return Common{}, err
	}
	c := Common{
		Controls: controls, Compared: map[string]*Difference{}, N: b.counts(), Definition: definitions, Skipped: map[string]string{},
		Settings: Settings{b.options.Seed, b.options.Resamples, b.options.MinSide, "wrong"},
	}
	for name, reason := range skipped {
		c.Skipped["controls."+name] = reason
	}
	return c, nil
}

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

// definitions say in one line what each figure is.
var definitions = map[string]string{
	"ranking_accuracy":       "expected share of right bin pairs when one candidate is drawn from each of five bins of closeness in the value tree; exact over all candidates, mean over anchors, a tie is wrong, rows of the anchor's own text are never candidates",
	"similarity_correlation": "Pearson correlation over row pairs of the cosine with the number of equal levels plus half for an equal direction; pairs of one text left out",
	"direction_accuracy":     "share of candidate pairs of the anchor's path in which the one of the anchor's direction is closer; rows with a judged direction only",
	"orthogonality":          "mean of 1 − |cosine| between the value vectors of a theory (svt and right level 2, mft and duty level 1); it describes a space and proves nothing: random vectors score near the top",
	"text_level":             "the same ranking over whole texts, two texts being as close as their closest labels; and the correlation of the cosine with the Jaccard overlap of label sets",
	"bin_pairs":              "mean over anchors of the probability that a candidate of bin p is closer than one of bin q; bins: 0 same path and direction, 1 same path and other direction, 2 levels 1–2 equal, 3 level 1 equal, 4 level 1 unlike",
	"neighbours":             "share of rows whose label the k nearest rows vote for, among rows that have the label",
	"mean_cosine_distance":   "mean of 1 − cosine over row pairs, by how deep their paths agree",
	"scopes":                 "all: every candidate; within_theory and within_corpus: candidates and pairs of the anchor's own theory or corpus; claims rest on within_corpus",
	"intervals":              "95 % percentile bootstrap over groups, first order in the weights; differences are paired, on the same draws",
}

// explain gives every null of the document a reason under skipped.
func explain(document any, c *Common, systems map[string]*System) error {
	raw, err := json.Marshal(document)
	if err != nil {
		return err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return err
	}
	for name, s := range c.Controls {
		systems["controls."+name] = s
	}
	for path := range nulls(tree, "") {
		if _, ok := c.Skipped[path]; !ok {
			c.Skipped[path] = reason(path, systems)
		}
	}
	return nil
}

// nulls returns the paths of null members; nulls within an array count for the array.
func nulls(tree any, path string) map[string]bool {
	out := map[string]bool{}
	add := func(more map[string]bool) {
		for p := range more {
			out[p] = true
		}
	}
	switch t := tree.(type) {
	case nil:
		out[path] = true
	case map[string]any:
		for key, child := range t {
			add(nulls(child, strings.TrimPrefix(path+"."+key, ".")))
		}
	case []any:
		for _, child := range t {
			if len(nulls(child, path)) > 0 {
				out[path] = true
			}
		}
	}
	return out
}

// generic reasons by the first part of a figure's path that matches.
var generic = []struct{ part, reason string }{
	{"model", "this control is not a model"},
	{"bin_pairs", "only pairs p < q exist, and only where an anchor has candidates in both bins"},
	{"heat_maps", "two values have no pair of rows from different texts"},
	{"orthogonality", "fewer than two values of this theory have enough rows on both sides"},
	{"interval", "the figure is undefined, or there are fewer than five groups to resample"},
	{"direction_accuracy", "no row has a candidate of the same path and direction and one of the other direction, both judged"},
	{"jaccard_correlation", "all cosines or all overlaps are equal, so there is no correlation"},
	{"spearman", "all cosines or all affinities are equal, or there are too many pairs to rank"},
	{"correlation", "all cosines or all affinities are equal, so there is no correlation"},
	{"ranking_accuracy", "no anchor has candidates in two bins"},
	{"neighbours", "no row has this label and a neighbour in this scope"},
	{"mean_cosine_distance", "there is no such pair of rows"},
}

// reason prefers what the system itself noted.
func reason(path string, systems map[string]*System) string {
	names := make([]string, 0, len(systems))
	for name := range systems {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		rest, ok := strings.CutPrefix(path, name)
		if s := systems[name]; ok && s != nil {
			rest = strings.TrimPrefix(rest, ".")
			if r, ok := s.reasons[rest]; ok {
				return r
			}
			if r, ok := s.reasons[strings.TrimPrefix(rest, "intervals.")]; ok {
				return r
			}
		}
	}
	for _, g := range generic {
		if strings.Contains(path, g.part) {
			return g.reason
		}
	}
	return "the data does not define it"
}
