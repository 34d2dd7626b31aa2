package evaluate

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"hives/data"
	"hives/encoder"
	"hives/internal/fault"
)

// Ways of reading the vectors of a base model without training it, in the order they are shown. A language model's
// vectors lie in a narrow cone, so centring alone looks like gain: what training adds is what is left above these.
const (
	BaseRaw      = "raw"
	BaseCentred  = "centred"        // minus the mean
	BaseScaled   = "centred_scaled" // and each number divided by its deviation
	BaseLogistic = "logistic"       // a classifier on the latter
)

// BaseNames lists them, from what costs nothing to what needs labels.
var BaseNames = []string{BaseRaw, BaseCentred, BaseScaled, BaseLogistic}

// TextVectors holds a vector [D] for each text id. Rows of one text share theirs.
type TextVectors map[string][]float32

// Distinct returns the place of the first row of each text, in order of appearance.
//
//	texts a b a c     0 1 3
func Distinct(rows []data.Row) []int {
	seen := map[string]bool{}
	var out []int
	for i := range rows {
		if !seen[rows[i].TextID] {
			seen[rows[i].TextID] = true
			out = append(out, i)
		}
	}
	return out
}

// EmbedTexts encodes rows[index[k]].Text in batches and refuses vectors that are not finite or not of length one. It is
// for those who keep vectors between runs (package experiment): embedding takes hours, measuring minutes.
func EmbedTexts(ctx context.Context, enc encoder.Encoder, rows []data.Row, index []int, batch int,
	progress func(done, total int)) ([][]float32, encoder.Identity, error) {
	return embedTexts(ctx, enc, rows, index, batch, progress)
}

// Spread deals the vectors of texts out to the rows, shape [N][D]. Rows of one text share a slice. A text without a
// vector is an error: a zero in its place would be a text that is like no other.
func (b *Bench) Spread(vectors TextVectors) ([][]float32, error) {
	out := make([][]float32, len(b.rows))
	for i := range out {
		v, ok := vectors[b.rows[i].TextID]
		if !ok {
			return nil, fault.New(fault.Mismatch, "evaluate: row %d has no vector: the vectors are of other rows", i)
		}
		out[i] = v
	}
	return out, nil
}

// Base is what the controls on a base's vectors learned from training rows, of width D. It is one more answer to
// "what would have been there without training": a mean, a scale, and a classifier that has seen the same labels.
type Base struct {
	mean      []float64 // [D]
	deviation []float64 // [D] never 0
	model     *logistic
}

// FitBase learns mean, deviation and classifier from the vectors of the training rows of the bench's options, and
// from nothing else. It refuses training rows that share a text or a group with the rows that are measured. Texts
// are counted once, however many labels they have.
func (b *Bench) FitBase(vectors TextVectors) (*Base, error) {
	train := b.options.TrainRows
	if len(train) == 0 {
		return nil, fault.New(fault.Invalid, "evaluate: the controls on a base's vectors are fitted on training rows, "+
			"and there are none")
	}
	if err := b.apart(train); err != nil {
		return nil, err
	}
	// Texts, not rows: a text of three labels would otherwise weigh three times in the mean.
	docs := documents(train, b.options.Theories)
	features, err := matrix(docs.ids, vectors)
	if err != nil {
		return nil, err
	}
	base := &Base{}
	base.mean, base.deviation = moments(features)
	rows, _ := features.Dims()
	for i := range rows {
		base.standardise(features.RawRowView(i))
	}
	// features were standardised in place above, as Read does with each measured vector. Classes and seed are the bench's,
	// so the same rows give the same classifier.
	base.model = fitLogistic(features, docs.targets, docs.classes, b.options.Seed)
	return base, nil
}

// apart is the guard against leakage: a mean or a classifier that has seen the measured groups would flatter itself.
// The first row that both have is named, and how to make two files that share none.
func (b *Bench) apart(train []data.Row) error {
	texts, groups := map[string]bool{}, map[string]bool{}
	for i := range train {
		texts[train[i].TextID], groups[train[i].Group] = true, true
	}
	for i := range b.rows {
		switch {
		case texts[b.rows[i].TextID]:
			return fault.New(fault.Invalid, "evaluate: the text of row %d stands in the training rows too: "+
				"split the rows with `hives data split`", i)
		case groups[b.rows[i].Group]:
			return fault.New(fault.Invalid, "evaluate: the group of row %d stands in the training rows too: "+
				"split the rows with `hives data split`", i)
		}
	}
	return nil
}

// matrix lays the vectors of texts out as [T, D] in float64, in the order of ids. Means over thousands of vectors that
// nearly agree lose digits in float32.
func matrix(ids []string, vectors TextVectors) (*mat.Dense, error) {
	// Vectors come from files of their own, so that they are of these texts and of one length is checked, not
	// taken for granted.
	width := len(vectors[ids[0]])
	if width == 0 {
		return nil, fault.New(fault.Mismatch, "evaluate: training text 0 has no vector: the vectors are of other rows")
	}
	out := mat.NewDense(len(ids), width, nil)
	for i, id := range ids {
		v := vectors[id]
		if len(v) != width {
			return nil, fault.New(fault.Mismatch, "evaluate: training text %d has a vector of %d numbers, text 0 one of %d: "+
				"the vectors are of other rows", i, len(v), width)
		}
		for k, x := range v {
			out.Set(i, k, float64(x))
		}
	}
	return out, nil
}

// moments are mean and deviation of each column; one that does not vary has deviation 1, so that it becomes 0. Two
// passes, since squares less the square of the mean loses all digits where a column hardly varies.
//
// Deviations are of all T texts (divided by T): they scale, and nothing is estimated with them.
//
//	columns (1, 3) and (5, 5)     means 2 and 5, deviations 1 and, in the place of 0, 1
func moments(x *mat.Dense) (mean, deviation []float64) {
	rows, width := x.Dims()
	mean, deviation = make([]float64, width), make([]float64, width)
	for i := range rows {
		addScaled(mean, x.RawRowView(i), 1/float64(rows))
	}
	for i := range rows {
		for k, f := range x.RawRowView(i) {
			deviation[k] += (f - mean[k]) * (f - mean[k]) / float64(rows)
		}
	}
	for k := range deviation {
		if deviation[k] = math.Sqrt(deviation[k]); deviation[k] < 1e-12 {
			deviation[k] = 1
		}
	}
	return mean, deviation
}

// standardise centres and scales a row in place. Both are of the training texts, whatever the row is of.
func (f *Base) standardise(row []float64) {
	for k := range row {
		row[k] = (row[k] - f.mean[k]) / f.deviation[k]
	}
}

// Read gives the vector x as one of BaseNames sees it, of length one. raw is x itself, not scaled again: its bits
// stay.
//
//	raw              x
//	centred          unit(x − mean)
//	centred_scaled   unit((x − mean) / deviation)
//	logistic         unit(probabilities − base rates), [K], of the same
func (f *Base) Read(name string, x []float32) []float32 {
	if name == BaseRaw {
		return x
	}
	row := make([]float64, len(x))
	for k := range x {
		row[k] = float64(x[k])
	}
	switch name {
	case BaseCentred:
		for k := range row {
			row[k] -= f.mean[k]
		}
	case BaseScaled:
		f.standardise(row)
	case BaseLogistic:
		f.standardise(row)
		row = f.model.excess(row)
	}
	return normalised(row)
}

// Base measures a base's vectors in the ways of BaseNames: vectors hold those of the measured rows. The systems
// are named prefix_way, as mean_centred.
func (b *Bench) Base(ctx context.Context, prefix string, fit *Base, vectors TextVectors,
	id encoder.Identity) (map[string]*System, error) {
	rows, err := b.Spread(vectors)
	if err != nil {
		return nil, err
	}
	out := map[string]*System{}
	for _, name := range BaseNames {
		// A text has several rows and is read once: the logistic reading costs a product with every class.
		read := map[string][]float32{}
		vectors := b.perRow(func(i int) []float32 {
			id := b.rows[i].TextID
			if read[id] == nil {
				read[id] = fit.Read(name, rows[i])
			}
			return read[id]
		})
		s, err := b.Score(ctx, prefix+"_"+name, vectors)
		if err != nil {
			return nil, fmt.Errorf("%s vectors of the base: %w", name, err)
		}
		s.Model = &id
		out[prefix+"_"+name] = s
	}
	return out, nil
}
