package evaluate

import (
	"context"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/metrics"
)

// Options of an evaluation; zero values take the defaults.
type Options struct {
	Seed      uint64
	Resamples int // bootstrap draws, 1,000
	MinSide   int // rows a side of a value vector, 20
	Batch     int // texts a call to the encoder, 256

	TrainRows []data.Row // what fitted controls learn from; without them those are skipped

	// Theories are those that the rows were read with: they say which paths are one value, and at which level a theory
	// is shown. The zero Set is the built-in four.
	Theories theories.Set

	// Progress, if set, hears how many of a model's texts are embedded.
	Progress func(model string, done, total int)
	// Stage, if set, hears which system is measured next.
	Stage func(system string)
}

// withDefaults fills in what was left out. What is below 1 counts as left out: none of the three has a meaning there.
func (o Options) withDefaults() Options {
	fill := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	fill(&o.Resamples, 1000)
	fill(&o.MinSide, 20)
	fill(&o.Batch, 256)
	return o
}

// Bench is a set of rows made ready for measuring any number of systems. What depends on the rows alone is made
// once: relations between all texts, and above all the draws, which must be the same for systems whose difference
// is asked for.
//
// Invariant: two systems that are scored on one bench have the same draws of the same groups, so differences are
// paired.
type Bench struct {
	options Options
	rows    []data.Row
	labels  *data.Labels

	columns  *metrics.RowPairs // headline affinity
	prefixes *metrics.RowPairs // affinity up to the first unlike or missing level
	texts    *metrics.TextPairs
	parts    []part
	corpora  []metrics.Corpus
	views    []metrics.View // all of the above
	draws    *metrics.Resamples
}

// part is the text level of one theory: its rows as if there were no others. A text with labels of two theories stands
// in both parts, each time with the labels of that theory.
type part struct {
	theory string
	rows   []int // of the bench
	texts  *metrics.TextPairs
}

// NewBench numbers the labels and relates all rows and texts. Rows without text_id or group are refused: own
// texts could not be left out, and intervals would take rows of one group for independent.
func NewBench(rows []data.Row, options Options) (*Bench, error) {
	if len(rows) == 0 {
		return nil, fault.New(fault.Invalid, "evaluate: no rows")
	}
	for i := range rows {
		if rows[i].TextID == "" || rows[i].Group == "" {
			return nil, fault.New(fault.Invalid, "evaluate: row %d has no text_id or group; make the file with `hives import` "+
				"or `hives data merge`", i)
		}
	}
	b := &Bench{options: options.withDefaults(), rows: rows, labels: data.NewLabels(rows, options.Theories)}
	b.columns = metrics.NewRowPairs(b.labels)
	// The second affinity is for one further figure; relations and groups are the same.
	b.prefixes = metrics.NewRowPairs(b.labels, metrics.WithAffinity(metrics.PrefixPresent))
	b.split()
	b.views = b.lookFrom()
	b.draws = metrics.NewResamples(b.columns.Groups(), b.options.Resamples, b.options.Seed)
	return b, nil
}

// split relates whole texts, of all rows and of each theory alone, and the rows of each corpus alone.
//
//	rows 0 mft, 1 svt, 2 mft     part mft: rows 0 2, part svt: row 1
func (b *Bench) split() {
	rows := b.rows
	alternatives := b.labels.Alternatives(rows)
	b.texts = metrics.NewTextPairs(b.labels, alternatives)
	// A theory's rows keep their ids, so groups, and with them draws, are those of the whole bench. Numbered anew, group 3
	// of a theory would be another than group 3 of all, and differences of the two would not be paired.
	for id, theory := range b.labels.TheoryNames {
		p := part{theory: theory}
		var paths [][][3]int32
		for i := range rows {
			if b.labels.Theory[i] == int32(id) {
				p.rows = append(p.rows, i)
				paths = append(paths, alternatives[i])
			}
		}
		p.texts = metrics.NewTextPairs(metrics.Subset(b.labels, p.rows), paths)
		b.parts = append(b.parts, p)
	}
	b.corpora = metrics.Corpora(b.labels)
}

// Embed asks the encoder for every text once and returns one vector a row, shape [N][D]. Of several spellings of
// a text the first row's is embedded: spellings of one text share an id, and one text has one place in the space.
func (b *Bench) Embed(ctx context.Context, name string, enc encoder.Encoder) ([][]float32, encoder.Identity, error) {
	vectors, identity, err := embedTexts(ctx, enc, b.rows, b.texts.First(), b.options.Batch, func(done, total int) {
		if b.options.Progress != nil {
			b.options.Progress(name, done, total)
		}
	})
	if err != nil {
		return nil, identity, err
	}
	byText := map[int32][]float32{}
	for at, i := range b.texts.First() {
		byText[b.labels.Text[i]] = vectors[at]
	}
	out := make([][]float32, len(b.rows))
	for i := range out {
		out[i] = byText[b.labels.Text[i]]
	}
	return out, identity, nil
}

// embedTexts encodes rows[index[k]].Text in batches; an answer of the wrong size is refused. The identity returned is
// that of the last answer.
func embedTexts(ctx context.Context, enc encoder.Encoder, rows []data.Row, index []int, batch int,
	progress func(done, total int)) ([][]float32, encoder.Identity, error) {
	var out [][]float32
	var identity encoder.Identity
	for lo := 0; lo < len(index); lo += batch {
		// index names rows; a batch is the next so many of them.
		hi := min(lo+batch, len(index))
		inputs := make([]encoder.Input, 0, batch)
		for _, i := range index[lo:hi] {
			inputs = append(inputs, encoder.Input{Text: rows[i].Text})
		}
		vectors, id, err := enc.Encode(ctx, inputs)
		if err != nil {
			return nil, id, err
		}
		if len(vectors) != len(inputs) {
			return nil, id, fault.New(fault.Mismatch, "evaluate: encoder answered %d vectors for %d texts", len(vectors),
				len(inputs))
		}
		for at, vector := range vectors {
			if err := checkVector(vector, index[lo+at]); err != nil {
				return nil, id, err
			}
		}
		out, identity = append(out, vectors...), id
		progress(hi, len(index))
	}
	return out, identity, nil
}

// checkVector refuses what a broken model gives, naming the data row. Package metrics would refuse it as well, but
// knows neither the row's number in the file nor that a model made it. The bounds leave room for float16, and for
// nothing that is not of length one on purpose.
func checkVector(vector []float32, row int) error {
	var squares float64
	for k, x := range vector {
		squares += float64(x) * float64(x)
		if !Number(x).Known() {
			return fault.New(fault.Invalid, "evaluate: the model's vector of row %d is not finite at %d (%v); "+
				"the weights are damaged or training diverged", row, k, x)
		}
	}
	if squares < .99 || squares > 1.01 {
		return fault.New(fault.Invalid, "evaluate: the model's vector of row %d has squared length %.4g, want 1",
			row, squares)
	}
	return nil
}
