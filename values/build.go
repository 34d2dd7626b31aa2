package values

import (
	"context"
	"path/filepath"

	"hives/data"
	"hives/data/anchors"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/metrics"
)

// Options of a build; Defaults are those of the command.
type Options struct {
	Seed      uint64
	Resamples int // draws of the spread
	MinSide   int // rows that each side of a directional vector needs
}

// Defaults call a vector directional as soon as each side has a row; the spread tells what it is worth.
func Defaults() Options { return Options{Seed: 1, Resamples: 200, MinSide: 1} }

func (o Options) validate() error {
	if o.Resamples < 0 || o.MinSide < 1 {
		return fault.New(fault.Invalid, "values: %d resamples and %d rows a side; want at least 0 and at least 1", o.Resamples, o.MinSide)
	}
	return nil
}

// BuildFile makes the vectors of the rows in a file and those of the banks' sentences.
func BuildFile(ctx context.Context, path string, banks []*anchors.Bank, enc encoder.Encoder, o Options) (*Set, error) {
	rows, err := data.Read(path)
	if err != nil {
		return nil, err
	}
	sum, err := fsutil.SHA256(path)
	if err != nil {
		return nil, err
	}
	s, err := Build(ctx, rows, enc, o)
	if err != nil {
		return nil, err
	}
	s.Source.File, s.Source.SHA256 = filepath.Base(path), sum
	return s, s.AddAnchors(ctx, enc, banks)
}

// Build makes a vector for every node of every theory. Each distinct text is embedded once.
func Build(ctx context.Context, rows []data.Row, enc encoder.Encoder, o Options) (*Set, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.New(fault.Invalid, "values: no rows to make vectors from")
	}
	labels := data.NewLabels(rows)
	vectors, id, err := embedRows(ctx, rows, labels, enc)
	if err != nil {
		return nil, err
	}
	id.Engine = ""
	s := &Set{Model: id, Seed: o.Seed, Resamples: o.Resamples, MinSide: o.MinSide}
	s.Source.Rows, s.Source.Texts = len(rows), distinct(labels.Text)
	b := &builder{set: s, rows: rows, labels: labels, options: o}
	if b.vectors, err = metrics.NewVectors(vectors); err != nil {
		return nil, err
	}
	b.collect()
	b.fill()
	if err := b.spread(ctx); err != nil {
		return nil, err
	}
	s.index()
	return s, nil
}

// embedRows returns one vector a row, [N][D]; rows of one text share theirs.
func embedRows(ctx context.Context, rows []data.Row, labels *data.Labels, enc encoder.Encoder) ([][]float32, encoder.Identity, error) {
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

// firsts returns the first row of every text; texts are numbered in order of appearance.
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
