package values

import (
	"context"
	"path/filepath"
	"slices"

	"hives/data"
	"hives/data/anchors"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/metrics"
)

// Options of a build; Defaults are those of the command. The same rows, model, seed and options give the same
// bytes.
type Options struct {
	Seed      uint64
	Resamples int   // draws of the spread, of the corpora's weights and of the intervals
	MinSide   int   // rows that each side of a directional vector needs; within corpora in one corpus
	Sides     Sides // empty: Within
	// Theories are those of the rows, each of whose nodes gets an entry; the zero Set is the built-in four. Evaluate
	// takes the same.
	Theories theories.Set
	// Log is told what a user should know of the rows; nil: nobody is.
	Log func(format string, a ...any)
}

// Defaults are what docs/VALUES.md describes.
func Defaults() Options { return Options{Seed: 1, Resamples: 200, MinSide: 20, Sides: Within} }

// Validate refuses options that mean nothing.
func (o Options) Validate() error {
	switch {
	case o.Resamples < 0 || o.MinSide < 1:
		return fault.New(fault.Invalid, "values: %d resamples and %d rows a side; want at least 0 and at least 1",
			o.Resamples, o.MinSide)
	case o.Sides != "" && o.Sides != Within && o.Sides != Pooled:
		return fault.New(fault.Invalid, "values: sides %q; want %s or %s", o.Sides, Within, Pooled)
	}
	return nil
}

// BuildFile makes the vectors of the rows in a file and those of the banks' sentences. held names the file of
// validation rows; empty splits the rows (Build). Everything that can be refused without the model is refused
// before a text is embedded: embedding is what takes the time.
func BuildFile(ctx context.Context, train, held string, banks []*anchors.Bank, enc encoder.Encoder,
	o Options) (*Set, error) {
	// Both files are read and compared before the model sees a text.
	own, source, err := read(train, o)
	if err != nil {
		return nil, err
	}
	var heldRows []data.Row
	var heldSource Source
	if held != "" {
		other, from, err := read(held, o)
		if err != nil {
			return nil, err
		}
		if heldRows, heldSource = other.Rows, from; len(heldRows) == 0 {
			return nil, fault.New(fault.Invalid, "values: %s has no rows to calibrate on", held)
		}
		if err := apart(own.Rows, other, train, held); err != nil {
			return nil, err
		}
	}
	s, err := Build(ctx, own.Rows, heldRows, enc, o)
	if err != nil {
		return nil, err
	}
	s.Source.File, s.Source.SHA256 = source.File, source.SHA256
	if held != "" {
		s.Held.File, s.Held.SHA256 = heldSource.File, heldSource.SHA256
	}
	return s, s.AddAnchors(ctx, enc, banks)
}

// read also says which file the rows are from. Rows that contradict each other are left out: a text that both
// supports and opposes a value belongs to neither side.
func read(path string, o Options) (*data.Settled, Source, error) {
	rows, err := data.ReadConsistent(path, o.Theories, func(note string) {
		if o.Log != nil {
			o.Log("%s", note)
		}
	})
	if err != nil {
		return nil, Source{}, err
	}
	sum, err := fsutil.SHA256(path)
	return rows, Source{File: filepath.Base(path), SHA256: sum}, err
}

// apart refuses validation rows that share a text or a group with training rows: what is measured on them would
// flatter. The message has the row's number in its file, not among those that are left after contradictions.
func apart(train []data.Row, held *data.Settled, trainFile, heldFile string) error {
	texts, groups := map[string]bool{}, map[string]bool{}
	for i := range train {
		texts[train[i].TextID], groups[train[i].Group] = true, true
	}
	for i := range held.Rows {
		if r := &held.Rows[i]; texts[r.TextID] || groups[r.Group] {
			return fault.New(fault.Invalid, "%s: row %d shares its text or its group with a row of %s, so it is not held out; "+
				"split with hives data split, or leave --validation out",
				heldFile, held.Numbers[i], trainFile)
		}
	}
	return nil
}

// heldShare is the share of components that Build holds out where nobody says which rows are held out. A quarter: the
// heads' intervals are of held-out groups, and a tenth would leave most values without one.
const heldShare = .25

// splitSeed sets the split apart from that of hives data split, whose parts would otherwise be hashed again to the
// same points: all rows of a training part would stay in training.
const splitSeed = 0x76616c756573

// Build makes a vector for every node of every theory of train, holds them to held and calibrates on it what is
// said of a text. Without held rows a quarter of train's groups is held out, unless sides are pooled: then
// nothing is measured or calibrated. Each distinct text is embedded once.
//
// The rows are laid end to end, training first, so that one numbering of texts, groups and corpora serves both
// parts, and "held out" is a comparison of two numbers (i ≥ train).
//
// Invariant: no vector, weight, mean or regression depends on a held-out row. What does is whether a vector is
// kept, the figures, calibrations, thresholds and the background.
func Build(ctx context.Context, train, held []data.Row, enc encoder.Encoder, o Options) (*Set, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Sides == "" {
		o.Sides = Within
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	// The rows that calibrate must be none of those that train; where nobody gave any, they are taken from the
	// data.
	s := &Set{Seed: o.Seed, Resamples: o.Resamples, MinSide: o.MinSide, Sides: o.Sides}
	if held == nil && o.Sides == Within {
		parts, err := data.Split(train, data.SplitOptions{Fractions: [data.NumParts]float64{1 - heldShare, heldShare, 0},
			Seed: o.Seed ^ splitSeed})
		if err != nil {
			return nil, err
		}
		if s.OwnSplit = len(parts[0]) > 0 && len(parts[1]) > 0; s.OwnSplit {
			o.Log("values: no validation rows were given: of %d rows %d are held out, by group", len(train), len(parts[1]))
			train, held = parts[0], parts[1]
		} else {
			o.Log("values: no validation rows were given, and %d rows are too few groups to hold any out: "+
				"no vector can be borne out, and every answer will be \"unsure\"", len(train))
		}
	}
	if len(train) == 0 {
		return nil, fault.New(fault.Invalid, "values: no rows to make vectors from")
	}
	// From here on "held out" means a row number of b.train or more.
	b := &builder{set: s, rows: append(slices.Clone(train), held...), train: len(train), options: o}
	b.labels = data.NewLabels(b.rows, o.Theories)
	if err := b.collect(); err != nil {
		return nil, err
	}
	vectors, id, err := embedRows(ctx, b.rows, b.labels, enc)
	if err != nil {
		return nil, err
	}
	// The engine changes no vector beyond rounding, and a file made here must open there.
	id.Engine = ""
	s.Model = id
	// Texts are numbered in order of appearance: the training texts first, then those that only held-out rows
	// have.
	texts := distinct(b.labels.Text[:len(train)])
	s.Source.Rows, s.Source.Texts = len(train), texts
	if len(held) > 0 {
		s.Held = &Source{Rows: len(held), Texts: distinct(b.labels.Text) - texts}
	}
	if b.vectors, err = metrics.NewVectors(vectors); err != nil {
		return nil, err
	}
	return s, b.run(ctx, enc)
}

// run does the steps of a build in their order, which each step relies on. collect has handed the rows to the nodes.
//
//	fill         a kind and a vector for each node
//	weigh        corpora by how much their differences vary, and the signed vectors again
//	hold         vectors against held-out rows; those not borne out are given up
//	publish      what the set shows, rounded to float32
//	spread       every vector again under redrawn groups
//	pair … background   with held-out rows only: heads, guards, quantiles
func (b *builder) run(ctx context.Context, enc encoder.Encoder) error {
	b.fill()
	if err := b.weigh(ctx); err != nil {
		return err
	}
	b.hold()
	b.publish()
	if err := b.spread(ctx); err != nil {
		return err
	}
	if b.set.Held != nil {
		b.pair()
		b.standardise()
		if err := b.answerable(ctx); err != nil {
			return err
		}
		if err := b.guards(ctx, enc); err != nil {
			return err
		}
		b.background()
	}
	b.set.index()
	return nil
}

// embedRows returns one vector a row, [N][D]; rows of one text share theirs, by reference.
func embedRows(ctx context.Context, rows []data.Row, labels *data.Labels, enc encoder.Encoder) ([][]float32,
	encoder.Identity, error) {
	first := firsts(labels.Text)
	byText := make([][]float32, len(first))
	var id encoder.Identity
	err := encoder.Chunks(ctx, enc, len(first), func(i int) string { return rows[first[i]].Text },
		func(from int, vectors [][]float32, who encoder.Identity) error {
			copy(byText[from:], vectors)
			id = who
			return nil
		})
	if err != nil {
		return nil, id, fault.New(fault.Of(err), "values: %w", err)
	}
	out := make([][]float32, len(rows))
	for i, text := range labels.Text {
		out[i] = byText[text]
	}
	return out, id, nil
}

// firsts returns the first row of every text; texts are numbered in order of appearance, so a number that equals
// how many were seen is a new text: of 0 0 1 0 2 the rows 0, 2 and 4.
func firsts(text []int32) []int {
	var rows []int
	for i, id := range text {
		if int(id) == len(rows) {
			rows = append(rows, i)
		}
	}
	return rows
}

// distinct counts ids that were given from 0 on without a gap.
func distinct(ids []int32) int {
	most := -1
	for _, id := range ids {
		most = max(most, int(id))
	}
	return most + 1
}
