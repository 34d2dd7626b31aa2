package evaluate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"hives/data"
	"hives/data/theories"
)

// Names of the controls that need no model, in the order they are shown.
const (
	ControlRandom   = "random"
	ControlTheory   = "one_hot_theory"
	ControlCorpus   = "one_hot_corpus"
	ControlLength   = "length"
	ControlTFIDF    = "tfidf_svd"
	ControlLogistic = "tfidf_logistic"
	ControlTruth    = "truth"
)

// ControlNames lists them, from what knows nothing to what knows the labels. A model of somebody's cannot bear one of
// these names: its figures would stand under the same key.
var ControlNames = []string{ControlRandom, ControlTheory, ControlCorpus, ControlLength, ControlTFIDF, ControlLogistic,
	ControlTruth}

// randomDim is the width of the random vectors, that of the demo's model. Cosines of random vectors scatter by 1/√dim,
// here .09; ranking figures do not depend on it.
const randomDim = 128

const needsTraining = "it is fitted on labelled training rows: give --train-data"

// Controls measures every control; those that cannot be made are nil in the map, with the reason in the second
// result.
//
// They answer what a figure is worth. random: chance. one_hot_*: how much of it is knowing the source. length:
// how much is knowing how long a text is. tfidf_*: how much words give, without and with labels. truth: the most
// that a vector a text can reach, which for rows is below 1.
func (b *Bench) Controls(ctx context.Context) (out map[string]*System, skipped map[string]string, err error) {
	// Five controls need nothing but the rows. Those of words take seconds to fit, mostly on one core, and so does naming
	// a system's figures: both go on beside the passes of others.
	vectors := map[string][][]float32{
		ControlRandom: b.randomVectors(),
		ControlTheory: oneHot(b.labels.Theory),
		ControlCorpus: oneHot(b.labels.Corpus),
		ControlLength: b.lengthVectors(),
		ControlTruth:  b.truthVectors(),
	}
	var words, beside errgroup.Group
	var tfidf, logistic [][]float32
	words.Go(func() error { tfidf, logistic = b.wordVectors(); return nil })
	defer func() { err = errors.Join(err, words.Wait(), beside.Wait()) }()
	out, skipped = map[string]*System{}, map[string]string{}
	for _, name := range ControlNames {
		if name == ControlTFIDF {
			if err := words.Wait(); err != nil {
				return nil, nil, err
			}
			vectors[ControlTFIDF], vectors[ControlLogistic] = tfidf, logistic
		}
		if vectors[name] == nil {
			out[name], skipped[name] = nil, needsTraining
			continue
		}
		s, m, err := b.look(ctx, name, vectors[name])
		if err != nil {
			return nil, nil, err
		}
		// Controls repeat their vectors, and equal vectors tie: see ties.go. A model's ties stay wrong, so that a model which
		// gives every text one vector has 0 and not .5.
		s.half = true
		out[name] = s
		beside.Go(func() error { b.fill(s, m); return nil })
	}
	return out, skipped, nil
}

// randomVectors gives each text a direction drawn uniformly from the sphere. Normal numbers scaled to length one are
// uniform on it, since their density hangs on the length alone.
func (b *Bench) randomVectors() [][]float32 {
	byText := map[int32][]float32{}
	random := rand.New(rand.NewPCG(b.options.Seed, 1))
	return b.perRow(func(i int) []float32 {
		text := b.labels.Text[i]
		if byText[text] == nil {
			x := make([]float64, randomDim)
			for k := range x {
				x[k] = random.NormFloat64()
			}
			byText[text] = normalised(x)
		}
		return byText[text]
	})
}

// oneHot says only which of the ids a row bears: two rows have cosine 1 where it is the same, else 0.
//
//	ids 0 2 0     (1, 0, 0), (0, 0, 1), (1, 0, 0)
func oneHot(ids []int32) [][]float32 {
	width := slices.Max(ids) + 1
	out := make([][]float32, len(ids))
	for i, id := range ids {
		out[i] = make([]float32, width)
		out[i][id] = 1
	}
	return out
}

// lengthVectors put the texts on a quarter circle in order of their length in characters, so that texts of like
// length are close and all that is known of a text is its length. Ranks rather than lengths, or one very long
// text would press all others together.
//
//	texts of 10, 20, 20 and 90 letters     ranks 0 1 1 3     0°, 22.5°, 22.5°, 67.5°
func (b *Bench) lengthVectors() [][]float32 {
	length := func(i int) int { return utf8.RuneCountInString(b.rows[i].Text) }
	all := make([]int, len(b.rows))
	for i := range all {
		all[i] = length(i)
	}
	slices.Sort(all)
	return b.perRow(func(i int) []float32 {
		rank, _ := slices.BinarySearch(all, length(i))
		angle := math.Pi / 2 * float64(rank) / float64(len(all))
		return []float32{float32(math.Cos(angle)), float32(math.Sin(angle))}
	})
}

// truthVectors mark every node on the paths of a text's labels and every (path, direction): the ceiling for a
// vector a text, since a text with several labels cannot sit with each of them alone.
//
//	"mft caring, supports"            marks care/harm, care/harm/caring, …/caring ++
//	the same and "svt power"          these three and three of power: cosine with the first 3/√(3·6) = .71, not 1
func (b *Bench) truthVectors() [][]float32 {
	// The ids are those of all rows, so two texts share a mark exactly where they share a node.
	features := nodeIDs(b.rows, b.options.Theories)
	byText := map[string][]float64{}
	for i := range b.rows {
		x := byText[b.rows[i].TextID]
		if x == nil {
			x = make([]float64, len(features))
			byText[b.rows[i].TextID] = x
		}
		for _, node := range nodes(&b.rows[i], b.options.Theories) {
			x[features[node]] = 1
		}
	}
	return b.perRow(func(i int) []float32 { return normalised(byText[b.rows[i].TextID]) })
}

// nodes names the prefixes of a row's canonical path, by which labels are compared, and the path with its
// direction: for "mft care/harm / caring, supports" care/harm, care/harm/caring and the latter with two marks
// (one for 0, none for −1).
func nodes(r *data.Row, known theories.Set) []string {
	var out []string
	name := r.Theory
	for _, level := range known.Canonical(r.Theory, r.Levels()) {
		if level == "" {
			break
		}
		name += "\x00" + level
		out = append(out, name)
	}
	return append(out, name+"\x00"+strings.Repeat("+", int(r.Direction+1)))
}

// nodeIDs numbers the nodes of rows in order of first appearance: what a row's label is made of, as columns.
func nodeIDs(rows []data.Row, known theories.Set) map[string]int {
	ids := map[string]int{}
	for i := range rows {
		for _, node := range nodes(&rows[i], known) {
			if _, ok := ids[node]; !ok {
				ids[node] = len(ids)
			}
		}
	}
	return ids
}

// perRow makes the vectors of all rows, shape [N][D]. Rows of one text must be given one vector: Score asks for that,
// and vector sees to it.
func (b *Bench) perRow(vector func(i int) []float32) [][]float32 {
	out := make([][]float32, len(b.rows))
	for i := range out {
		out[i] = vector(i)
	}
	return out
}

// normalised scales x to length one; zeros stay zeros, which says nothing about any pair.
func normalised(x []float64) []float32 {
	var squares float64
	for _, f := range x {
		squares += f * f
	}
	out := make([]float32, len(x))
	if squares == 0 {
		return out
	}
	for k, f := range x {
		out[k] = float32(f / math.Sqrt(squares))
	}
	return out
}
