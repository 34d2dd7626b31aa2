package profiles

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/fsutil"
	"hives/ranking"
	"hives/vidb"
)

// relevanceTexts is how many texts of the rows of a theory relevance is fitted on. Three weights need no more.
const relevanceTexts = 4000

// TextJob is hives profile fit.
type TextJob struct {
	Known  theories.Set
	VIDB   string
	Values []string // ids; none: all of the file
	Rows   []string // annotated rows, which say what texts are about
	Rules  TextRules
	Log    func(format string, args ...any)
}

// scored is a value on its way to a fit: its decided texts, as places in the fitter's texts.
type scored struct {
	id, theory string
	path       theories.Path
	hash       string
	neutral    float64 // score; NaN where nothing tells
	text       []int
	y          []float64
	corpus     []string
	part       []part
	groups     int
}

// labelled is a text of the rows of one theory.
type labelled struct {
	text  int
	part  part
	about []bool // of each scored value of the theory, by its place in fitter.values
}

// part says what a group is for. It is drawn from the seed and the group's name alone, so a group has one part for all
// values, and no further text moves it.
//
//	fold 3                 held out with all groups of fold 3, where the model is measured
//	inner 1                held out with all groups of inner 1, where λ is chosen
//	calibrates             its texts make the width of intervals, and no weights
type part struct {
	fold, inner int
	calibrates  bool
}

// folds is how many parts groups are dealt to, for measuring and for choosing λ.
const folds = 5

func (r TextRules) partOf(group string) part {
	random := ranking.Stream("profile text part", r.Seed, group)
	return part{random.IntN(folds), random.IntN(folds), random.Float64() < r.Calibrates}
}

// fitter gathers texts before they are embedded once.
type fitter struct {
	job    TextJob
	model  *TextModel
	texts  []string // distinct
	ids    []string
	place  map[string]int // by text_id
	values []*scored
	rows   map[string][]*labelled // by theory
	x      [][]float64            // [len(texts)][D]
	last   *vicinity              // of the value before: databases often have the same texts for all values
}

// FitTextModel fits every value of a database: the model itself on all texts, and once more without each fifth of the
// groups, which says how good it is.
func FitTextModel(ctx context.Context, j TextJob, enc encoder.Encoder) (*TextModel, error) {
	if err := j.Rules.Validate(); err != nil {
		return nil, err
	}
	f := &fitter{job: j, model: &TextModel{Rules: j.Rules}, place: map[string]int{}, rows: map[string][]*labelled{}}
	for _, step := range []func() error{f.readValues, f.readRows, f.sources} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	j.Log("%d values, %d texts to embed", len(f.values), len(f.texts))
	if err := f.embed(ctx, enc); err != nil {
		return nil, err
	}
	if err := f.defineNodes(ctx, enc); err != nil {
		return nil, err
	}
	return f.model, f.fit(ctx)
}

// add notes a text, and returns its place.
func (f *fitter) add(id, text string) int {
	at, known := f.place[id]
	if !known {
		at = len(f.texts)
		f.place[id], f.texts, f.ids = at, append(f.texts, text), append(f.ids, id)
	}
	return at
}

// readValues takes the texts whose scores are decided.
func (f *fitter) readValues() error {
	file, err := vidb.Open(f.job.VIDB, f.job.Known)
	if err != nil {
		return err
	}
	ids := f.job.Values
	if len(ids) == 0 {
		for _, a := range file.Values {
			ids = append(ids, a.ValueID)
		}
	}
	for _, id := range ids {
		v, err := file.Value(id)
		if err == nil {
			err = v.Current()
		}
		if err != nil {
			return err
		}
		if slices.ContainsFunc(f.values, func(s *scored) bool { return s.id == v.ValueID }) {
			continue
		}
		theory, path, err := f.job.Known.ParseID(v.ValueID)
		if err != nil {
			return err
		}
		s := &scored{id: v.ValueID, theory: theory, path: path, hash: v.Hash(), neutral: math.NaN()}
		if scale, err := v.Map(); err == nil && !math.IsNaN(v.Neutral) {
			s.neutral = scale.Score(v.Neutral)
		}
		groups := map[string]bool{}
		for i, score := range v.Scores {
			if score.Status != vidb.Accepted && score.Status != vidb.Blended || math.IsNaN(score.Final) {
				continue
			}
			t := v.Texts[i]
			group := cmp.Or(t.Group, t.ID)
			groups[group] = true
			s.text, s.y = append(s.text, f.add(t.ID, t.Text)), append(s.y, score.Final)
			s.part, s.corpus = append(s.part, f.job.Rules.partOf(group)), append(s.corpus, t.Corpus)
		}
		s.groups = len(groups)
		f.values = append(f.values, s)
	}
	slices.SortFunc(f.values, func(a, b *scored) int { return strings.Compare(a.id, b.id) })
	if len(f.values) == 0 {
		return fault.New(fault.Invalid, "%s holds no value", f.job.VIDB)
	}
	return nil
}

// readRows takes texts of the values' theories, at most relevanceTexts of each. Only those count whose annotators had
// the theory before them: that a text was not called a duty by people who were asked for feelings says nothing.
func (f *fitter) readRows() error {
	type text struct {
		labelled
		id, words, group string
	}
	known := map[string]map[string]*text{} // by theory and text_id
	for _, v := range f.values {
		known[v.theory] = map[string]*text{}
	}
	for _, path := range f.job.Rows {
		_, err := data.Scan(path, data.ReadOptions{Theories: f.job.Known}, func(r *data.Row) error {
			of, wanted := known[r.Theory]
			if !wanted {
				return nil
			}
			t := of[r.TextID]
			if t == nil {
				t = &text{id: r.TextID, words: r.Text, group: cmp.Or(r.Group, r.TextID)}
				t.about = make([]bool, len(f.values))
				of[r.TextID] = t
			}
			for at, v := range f.values {
				t.about[at] = t.about[at] || v.theory == r.Theory && vidb.Passes(r, v.path, f.job.Known)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for theory, of := range known {
		if len(of) == 0 {
			return fault.New(fault.Invalid, "profiles: no row of --rows is of the theory %s: name rows that say which "+
				"texts its values are in", theory)
		}
		all := make([]*text, 0, len(of))
		for _, t := range of {
			all = append(all, t)
		}
		slices.SortFunc(all, func(a, b *text) int { return strings.Compare(a.id, b.id) })
		random := ranking.Stream("profile text rows", f.job.Rules.Seed, theory)
		random.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		chosen := all[:min(len(all), relevanceTexts)]
		slices.SortFunc(chosen, func(a, b *text) int { return strings.Compare(a.id, b.id) })
		for _, t := range chosen {
			t.text, t.part = f.add(t.id, t.words), f.job.Rules.partOf(t.group)
			f.rows[theory] = append(f.rows[theory], &t.labelled)
		}
	}
	return nil
}

// sources names the files by their hashes.
func (f *fitter) sources() (err error) {
	of := func(path string) TextSource {
		sum, failed := fsutil.SHA256(path)
		err = cmp.Or(err, failed)
		return TextSource{filepath.Base(path), sum}
	}
	f.model.VIDB = of(f.job.VIDB)
	for _, path := range f.job.Rows {
		f.model.Rows = append(f.model.Rows, of(path))
	}
	return err
}

// embed makes the vectors of all texts, in the order of their ids: then no order of files or values is in the model.
func (f *fitter) embed(ctx context.Context, enc encoder.Encoder) error {
	f.x = make([][]float64, len(f.texts))
	return encoder.Chunks(ctx, enc, len(f.texts), func(i int) string { return f.texts[i] },
		func(from int, vectors [][]float32, id encoder.Identity) error {
			for i, v := range vectors {
				f.x[from+i] = wide(v)
			}
			f.model.Model, f.model.Model.Engine = id, ""
			return nil
		})
}

// defineNodes places every value of the theories that stands on a level of a fitted one.
func (f *fitter) defineNodes(ctx context.Context, enc encoder.Encoder) error {
	var words []string
	for _, theory := range f.theories() {
		tree, _ := f.job.Known.Get(theory)
		for _, p := range tree.Nodes() {
			wanted := func(v *scored) bool { return v.theory == theory && v.path.Len() == p.Len() }
			if tree.Canonical(p) != p || !slices.ContainsFunc(f.values, wanted) {
				continue
			}
			d, _ := tree.Definition(p)
			words = append(words, p.Name(), d.Text)
			f.model.Nodes = append(f.model.Nodes, TextNode{ID: theories.ValueID(theory, p), Theory: theory, Level: p.Len()})
		}
	}
	return encoder.Chunks(ctx, enc, len(words), func(i int) string { return words[i] },
		func(from int, vectors [][]float32, _ encoder.Identity) error {
			if from%2 != 0 {
				return fmt.Errorf("profiles: a name without its definition")
			}
			for i := 0; i < len(vectors); i += 2 {
				f.model.Nodes[(from+i)/2].Vector = unit(sum(wide(vectors[i]), wide(vectors[i+1])))
			}
			return nil
		})
}

// theories are those of the values, in the order of their names.
func (f *fitter) theories() (out []string) {
	for _, v := range f.values {
		if !slices.Contains(out, v.theory) {
			out = append(out, v.theory)
		}
	}
	return out
}

func sum(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for d := range a {
		out[d] = a[d] + b[d]
	}
	return out
}

// unit has length one; a vector of zeros stays.
func unit(x []float64) []float64 {
	length := math.Sqrt(Products([][]float64{x}, x)[0])
	for d := range x {
		if length > 0 {
			x[d] /= length
		}
	}
	return x
}

// fit fits and measures value after value: a value's result depends on its own texts alone.
func (f *fitter) fit(ctx context.Context) error {
	f.model.Values = make([]TextValue, len(f.values))
	for at, s := range f.values {
		f.model.Values[at] = TextValue{ID: s.id, Name: s.path.Name(), Hash: s.hash, Texts: len(s.text), Groups: s.groups,
			Neutral: figure.Number(s.neutral)}
	}
	if err := f.model.index(); err != nil {
		return err
	}
	for at := range f.values {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.fitValue(at); err != nil {
			return err
		}
		f.job.Log("%s: fitted", f.values[at].id)
	}
	f.keepTexts()
	return nil
}

// keepTexts leaves in the model the texts that doubts are taken from, each once, by their ids.
func (f *fitter) keepTexts() {
	needed := map[int]bool{}
	for i := range f.model.Values {
		for _, text := range f.model.Values[i].Rows {
			needed[text] = true
		}
	}
	order := make([]int, 0, len(needed))
	for text := range needed {
		order = append(order, text)
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(f.ids[a], f.ids[b]) })
	place := map[int]int{}
	for at, text := range order {
		place[text] = at
		f.model.Texts, f.model.IDs = append(f.model.Texts, f.x[text]), append(f.model.IDs, f.ids[text])
	}
	for i := range f.model.Values {
		rows := f.model.Values[i].Rows
		for k := range rows {
			rows[k] = place[rows[k]]
		}
	}
}
