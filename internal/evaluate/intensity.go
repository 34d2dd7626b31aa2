package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"hives/encoder"
	"hives/intensity"
	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/figure"
	"hives/ranking"
	"hives/vidb"
)

const (
	intensityFolds = 5
	intensityTerms = 1000 // the commonest words and pairs of words
	fewestTexts    = 100  // of a value, below which a share of variance says little
	r2Draws        = 500
)

// IntensityOf is how much of the scores of a value's texts a system tells, on groups that it has not seen. R² takes all
// texts together; Order takes pairs of one corpus alone, so that knowing a corpus by its style is worth nothing there.
type IntensityOf struct {
	System string  `json:"system"`
	R2     float64 `json:"r2"`
	Lo     float64 `json:"lo"` // 95 %, groups drawn anew
	Hi     float64 `json:"hi"`

	Order   figure.Number `json:"order"` // share of pairs in people's order; ½ is chance; NaN without such pairs
	OrderLo figure.Number `json:"order_lo"`
	OrderHi figure.Number `json:"order_hi"`
}

// ValueIntensity is a value's table.
type ValueIntensity struct {
	ValueID string        `json:"value_id"`
	Texts   int           `json:"texts"`
	Groups  int           `json:"groups"`
	SD      float64       `json:"score_sd"`
	Pairs   int           `json:"pairs"` // of one corpus, graded unlike by people, that Order rests on
	Systems []IntensityOf `json:"systems"`

	Within float64         `json:"within"` // 95 % of the first system's scores lie within so many units of the database's
	Shown  []IntensityText `json:"-"`      // texts stay out of documents
}

// IntensityOptions choose what is measured.
type IntensityOptions struct {
	Seed uint64
	Seen func(vidb.Text) bool // texts that a model was trained on, or whose groups it was: left out; nil leaves out none
}

// Intensities measures encoders against a value-intensity database without asking a judge: a ridge from a text's vector
// to its score, on groups that neither weights nor price have seen. Beside them stand the mean, words (TF-IDF), and the
// first encoder's vectors dealt out anew, which must tell nothing. Where texts come from several corpora, so does the
// corpus alone: if one has the opposing texts, whoever tells its style tells much of the scores.
//
//	system           R²       what it says
//	constant mean    −.00     nothing, as it must
//	shuffled         −.00     the ridge invents nothing out of as many numbers
//	TF-IDF            .08     some words go with a side
//	model             .27     a third of the spread that R² .8 would tell
//
// How high can R² be? Not 1: scores have errors of their own, and people of one text differ.
//
// Models are opened one after another.
func Intensities(ctx context.Context, v *vidb.Value, systems []Named, o IntensityOptions) (*ValueIntensity, error) {
	t, seed := scoredTexts(v, o.Seen), o.Seed
	if len(t.texts) < fewestTexts {
		return nil, fault.New(fault.Invalid, "%s: %d scored texts: want %d to measure what vectors tell", v.ValueID,
			len(t.texts), fewestTexts)
	}
	folds, of := intensity.Deal(ranking.Stream("intensity folds", seed, v.ValueID), t.groups, intensityFolds)
	out := &ValueIntensity{ValueID: v.ValueID, Texts: len(t.texts), Groups: len(of), SD: stat.StdDev(t.scores, nil)}
	pairs := peoplePairs(v, t.kept, folds, seed)
	out.Pairs = len(pairs)
	add := func(name string, predicted []float64) {
		one := determined(name, t.scores, predicted, of, seed)
		one.ordered(predicted, pairs, of, seed)
		if len(out.Systems) == 0 {
			out.show(v, t.kept, predicted)
		}
		out.Systems = append(out.Systems, one)
	}
	measure := func(name string, x [][]float64) error {
		predicted, err := intensity.Unseen(x, t.scores, folds)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", v.ValueID, name, err)
		}
		add(name, predicted)
		return nil
	}
	for at, s := range systems {
		vectors, err := s.embedded(ctx, t.texts)
		if err == nil {
			err = measure(s.Name, vectors)
		}
		if err == nil && at == 0 {
			random := ranking.Stream("intensity shuffled", seed, v.ValueID)
			random.Shuffle(len(vectors), func(a, b int) { vectors[a], vectors[b] = vectors[b], vectors[a] })
			err = measure(s.Name+", shuffled", vectors)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := measure("TF-IDF", wordFeatures(t.texts)); err != nil {
		return nil, err
	}
	if of := corpora(t.corpus); len(of[0]) > 1 {
		if err := measure("corpus alone", of); err != nil {
			return nil, err
		}
	}
	add("constant mean", heldMeans(t.scores, folds))
	return out, nil
}

// scored are texts of a value with the scores that the database stands by.
type scored struct {
	texts, groups, corpus []string
	scores                []float64
	kept                  []int // numbers in the value
}

// scoredTexts leaves out what has no score, what awaits people, and what was seen.
func scoredTexts(v *vidb.Value, seen func(vidb.Text) bool) (t scored) {
	for i, s := range v.Scores {
		text := v.Texts[i]
		accepted := s.Status == vidb.Accepted || s.Status == vidb.Blended
		if !accepted || math.IsNaN(s.Final) || seen != nil && seen(text) {
			continue
		}
		t.texts, t.kept = append(t.texts, text.Text), append(t.kept, i)
		t.groups, t.corpus = append(t.groups, cmp.Or(text.Group, text.ID)), append(t.corpus, text.Corpus)
		t.scores = append(t.scores, s.Final)
	}
	return t
}

// embedded are a model's unit vectors in float64. The model is in memory for as long as it takes.
func (n Named) embedded(ctx context.Context, texts []string) (_ [][]float64, err error) {
	enc, done, err := n.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, done()) }()
	out := make([][]float64, len(texts))
	err = encoder.Chunks(ctx, enc, len(texts), func(i int) string { return texts[i] },
		func(from int, vectors [][]float32, _ encoder.Identity) error {
			for i, vector := range vectors {
				row := make([]float64, len(vector))
				for d, x := range vector {
					row[d] = float64(x)
				}
				out[from+i] = row
			}
			return nil
		})
	return out, err
}

// wordFeatures are rows of TF-IDF over the commonest terms.
// The vocabulary may know the words of held-out texts, not their scores: that favours this control a little.
func wordFeatures(texts []string) [][]float64 {
	words := newVocabulary(texts)
	width := min(intensityTerms, len(words.idf))
	out := make([][]float64, len(texts))
	for i, text := range texts {
		out[i] = make([]float64, width)
		row := words.row(text)
		for k, column := range row.column {
			if column < width { // columns stand by how common they are
				out[i][column] = row.value[k]
			}
		}
	}
	return out
}

// corpora mark which corpus a text is from.
func corpora(names []string) [][]float64 {
	known := slices.Compact(slices.Sorted(slices.Values(names)))
	out := make([][]float64, len(names))
	for i, name := range names {
		out[i] = make([]float64, len(known))
		out[i][slices.Index(known, name)] = 1
	}
	return out
}

// heldMeans predict the mean of the other folds.
func heldMeans(y []float64, folds []int) []float64 {
	out := make([]float64, len(y))
	for i := range y {
		var sum, n float64
		for j := range y {
			if folds[j] != folds[i] {
				sum, n = sum+y[j], n+1
			}
		}
		out[i] = sum / n
	}
	return out
}

// determined is R² = 1 − Σ(y−ŷ)²/Σ(y−ȳ)², with an interval by drawing groups: texts of one group are alike.
// ȳ is the mean of all texts, so predicting the mean of four folds comes out a little below 0.
func determined(name string, y, predicted []float64, of [][]int, seed uint64) IntensityOf {
	r2 := func(count func(group int) float64) float64 {
		var n, sum, squares, miss float64
		for g, members := range of {
			w := count(g)
			if w == 0 {
				continue
			}
			for _, i := range members {
				n, sum, squares = n+w, sum+w*y[i], squares+w*y[i]*y[i]
				miss += w * (y[i] - predicted[i]) * (y[i] - predicted[i])
			}
		}
		return 1 - miss/(squares-sum*sum/n)
	}
	out := IntensityOf{System: name, R2: r2(func(int) float64 { return 1 })}
	var draws []float64
	for _, counts := range ranking.Resample(seed, r2Draws, len(of)) {
		draws = append(draws, r2(func(g int) float64 { return counts[g] }))
	}
	slices.Sort(draws)
	out.Lo, out.Hi = ranking.Quantile(draws, .025), ranking.Quantile(draws, .975)
	return out
}

// WriteIntensities prints a line a value and system.
func WriteIntensities(out io.Writer, values []*ValueIntensity) error {
	w := columns.NewTable(out)
	fmt.Fprintln(w, "value\ttexts\tsystem\tR²\t95 %\tpeople's order\t95 %")
	for _, v := range values {
		for at, s := range v.Systems {
			name, texts := "", ""
			if at == 0 {
				name, texts = v.ValueID, fmt.Sprint(v.Texts)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%.3f\t%.3f – %.3f\t%s\n", name, texts, s.System, s.R2, s.Lo, s.Hi, s.order())
		}
	}
	return w.Flush()
}
