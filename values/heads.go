package values

import (
	"context"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"hives/data"
	"hives/internal/logistic"
	"hives/metrics"
)

// ridge is the penalty of every regression, in rows of features whose mean square is one: a text's whole vector
// weighs as much as so many texts. On the demo's rows anything from 10 to 1,000 gives the same AUC within .02.
const ridge = 100

// Head answers one question of a text's vector: a logistic regression with an intercept for each corpus, fitted
// on training texts, and calibrated on held-out ones.
//
//	score(x) = w·x + b_corpus          the regression; corpora share w, which must tell answers apart within each
//	p(x)     = mean over corpora of σ(score)      a text that comes in has no corpus
//	At(x)    = Calibration of the logit of that mean
//
// An intercept for each corpus takes away what a regression learns first: that one corpus has more texts of a
// value than another. Without it the weights would point from corpus to corpus.
type Head struct {
	Corpora     []string    `json:"corpora"` // those with both answers, in the intercepts' order
	Yes         int         `json:"yes"`     // training texts
	No          int         `json:"no"`
	AUC         Figure      `json:"auc"` // of held-out texts, within corpora
	Calibration Calibration `json:"calibration"`
	Curve       []Tenth     `json:"reliability"` // of the calibrating texts, by tenths of the probability
	Intercepts  []float64   `json:"intercepts"`
	Weights     []float32   `json:"-"` // [D]
}

// At is the calibrated probability for a text's unit vector [D]. Its corpus is unknown, so the probabilities that
// it would have in each corpus are averaged.
func (h *Head) At(text []float32) Probability {
	return h.Calibration.At(logistic.Average(dot(text, h.Weights), h.Intercepts))
}

// pair is a text in one corpus, with all its rows of one theory.
type pair struct {
	row           int // any of its rows: all have its vector
	corpus, group int32
	held          bool
}

// pair gathers the rows of each text by theory and corpus: a text is one observation, however many labels it has.
func (b *builder) pair() {
	b.pairOf = make([]int, len(b.rows))
	for _, t := range b.trees {
		place := map[[2]int32]int{}
		for _, i := range append(append([]int{}, t.rows...), t.held...) {
			key := [2]int32{b.labels.Text[i], b.labels.Corpus[i]}
			at, known := place[key]
			if !known {
				at = len(t.pairs)
				place[key] = at
				t.pairs = append(t.pairs, pair{row: i, corpus: key[1], group: b.labels.Group[i], held: i >= b.train})
			}
			b.pairOf[i] = at
		}
	}
}

// standardise makes features of like scale, so that one ridge suits every model: vectors less their mean, divided
// by one number for all dimensions. In one model all texts lie within .02 of each other, in another they fill the
// sphere; a ridge of 100 would freeze the one and leave the other free. Dimensions are not scaled one by one:
// that would raise those in which nothing happens to the height of the others.
func (b *builder) standardise() {
	first := firsts(b.labels.Text)
	var rows []int
	for _, i := range first {
		if i < b.train {
			rows = append(rows, i)
		}
	}
	// Centre and scale are of training texts alone, one for each text: held-out rows must not shift what they are
	// held to.
	b.centre = centroid(b.vectors, rows, nil)
	var squares float64
	for _, i := range rows {
		for k, x := range b.vectors.Row(i) {
			squares += (x - b.centre[k]) * (x - b.centre[k])
		}
	}
	b.scale = max(math.Sqrt(squares/float64(len(rows)*b.vectors.Dim())), minLength)
	b.features = make([][]float64, len(b.rows))
	for i, text := range b.labels.Text {
		// Rows of one text share one slice of features.
		if j := first[text]; j < i {
			b.features[i] = b.features[j]
			continue
		}
		b.features[i] = b.feature(b.vectors.Row(i))
	}
}

// feature is a vector [D] as regressions see it.
//
//	centre (.5, .5), scale .1, x (.6, .4)     (1, −1)
func (b *builder) feature(x []float64) []float64 {
	out := make([]float64, len(x))
	for k := range x {
		out[k] = (x[k] - b.centre[k]) / b.scale
	}
	return out
}

// answer is one text's answer to a question. Its pair says where it was asked, and whether it is held out.
type answer struct {
	pair
	yes bool
}

// answerable fits both heads of every value, each by one goroutine: a value's result depends on its own rows, so
// the number of processors changes nothing. The side's features are cleared of what tells corpora apart, as the signed
// vector is; those of "about" are not, since where a text is from may well say what it is about.
func (b *builder) answerable(ctx context.Context) error {
	pool, ctx := errgroup.WithContext(ctx)
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for at, n := range b.nodes {
		if len(n.all) == 0 {
			continue
		}
		pool.Go(func() (err error) {
			v := &b.set.Values[at]
			if v.About, err = b.head(b.aboutAnswers(n), nil); err == nil {
				v.Support, err = b.head(b.sideAnswers(n), n.apart(b.vectors, nil))
			}
			if err == nil {
				err = ctx.Err()
			}
			return err
		})
	}
	return pool.Wait()
}

// aboutAnswers asks every text of the theory whether one of its rows is on the node. A text without such a row
// counts as "no": its annotators had the choice. That is why texts of other theories are not asked.
func (b *builder) aboutAnswers(n *node) []answer {
	about := make([]bool, len(n.tree.pairs))
	for _, rows := range [][]int{n.all, n.held} {
		for _, i := range rows {
			about[b.pairOf[i]] = true
		}
	}
	out := make([]answer, len(about))
	for k, yes := range about {
		out[k] = answer{n.tree.pairs[k], yes}
	}
	return out
}

// sideAnswers asks the node's texts which way they point. A text with rows on both sides answers neither.
//
//	rows of a text on care and below     bits     answer
//	care +                               01       supports
//	care +, caring +                     01       supports, once
//	care +, caring −                     11       none: it is about both
//	care 0                               00       none: nobody said which way
func (b *builder) sideAnswers(n *node) []answer {
	sides := make([]int, len(n.tree.pairs)) // bit 0: supports, bit 1: opposes
	for _, rows := range [][]int{n.all, n.held} {
		for _, i := range rows {
			switch b.rows[i].Direction {
			case data.Supports:
				sides[b.pairOf[i]] |= 1
			case data.Opposes:
				sides[b.pairOf[i]] |= 2
			}
		}
	}
	var out []answer
	for k, side := range sides {
		if side == 1 || side == 2 {
			out = append(out, answer{n.tree.pairs[k], side == 1})
		}
	}
	return out
}

// head fits and calibrates; nil where training or held-out texts are too few. Corpora with fewer than MinSide
// training texts of one answer are left out: they tell nothing of the features, and their intercept would only
// say which corpus it is. axes are taken out of the features: corpora of one side teach nothing, yet their texts
// must not get a side for lying where they lie.
//
// Scores of held-out texts are computed from the rounded weights and vectors, as they will be from the file.
func (b *builder) head(all []answer, axes [][]float64) (*Head, error) {
	h := &Head{}
	// Corpora without both answers take no part, neither in the fit nor in the calibration.
	stratum := b.strata(all, h)
	var train logistic.Data
	sided := &metrics.Sided{}
	var held []answer
	for _, a := range all {
		s, ok := stratum[a.corpus]
		switch {
		case !ok:
		case a.held:
			held = append(held, a)
		default:
			train.X, train.Y, train.Stratum = append(train.X, without(b.features[a.row], axes)), append(train.Y, a.yes),
				append(train.Stratum, s)
		}
	}
	if len(stratum) == 0 {
		return nil, nil
	}
	m, err := logistic.Fit(train, ridge, nil)
	if err != nil {
		return nil, err
	}
	h.take(m, b.centre, b.scale)
	// The head is judged by what a caller will get: average probability, rounded weights, rounded vectors.
	for _, a := range held {
		s := logistic.Average(dot(round(b.vectors.Row(a.row)), h.Weights), h.Intercepts)
		sided.Add(s, a.yes, a.corpus, a.group)
	}
	// Without a figure nobody could say whether the head is any good, so there is none.
	figure := b.figure(sided)
	if figure == nil {
		return nil, nil
	}
	h.AUC = *figure
	h.Calibration = logistic.Calibrate(sided.Scores, sided.Positive, sided.Group)
	p := make([]float64, len(sided.Scores))
	for i, s := range sided.Scores {
		p[i] = h.Calibration.At(s).P
	}
	h.Curve = logistic.Curve(p, sided.Positive)
	return h, nil
}

// without is x less its part along axes; x itself where there are none. Axes stand at right angles to each other and
// are of length one, so that each takes its own part and no more.
func without(x []float64, axes [][]float64) []float64 {
	if len(axes) == 0 {
		return x
	}
	out := slices.Clone(x)
	for _, axis := range axes {
		by := along(x, axis)
		for k := range out {
			out[k] -= by * axis[k]
		}
	}
	return out
}

// strata numbers the corpora that have both answers, and counts their training texts. With MinSide 20, corpora of
// (120, 400), (60, 12) and (0, 300) texts leave the first: the second's intercept would hang on 12 texts, the
// third has none.
func (b *builder) strata(all []answer, h *Head) map[int32]int {
	// Only training texts count: which corpora take part must not depend on held-out rows.
	counts := map[int32][2]int{}
	for _, a := range all {
		if a.held {
			continue
		}
		n := counts[a.corpus]
		if a.yes {
			n[0]++
		} else {
			n[1]++
		}
		counts[a.corpus] = n
	}
	out := map[int32]int{}
	for _, c := range sortedKeys(counts) {
		if n := counts[c]; n[0] >= b.options.MinSide && n[1] >= b.options.MinSide {
			out[c] = len(out)
			h.Corpora = append(h.Corpora, b.labels.CorpusNames[c])
			h.Yes += n[0]
			h.No += n[1]
		}
	}
	return out
}

// take turns a model of features into one of vectors: w·(x − centre)/scale + b = (w/scale)·x + (b −
// (w/scale)·centre). The shift is summed from the rounded weights, so that the intercept undoes just what they
// do.
func (h *Head) take(m logistic.Model, centre []float64, scale float64) {
	h.Weights = make([]float32, len(m.W))
	var shift float64
	for k, w := range m.W {
		h.Weights[k] = float32(w / scale)
		shift += float64(h.Weights[k]) * centre[k]
	}
	for _, b := range m.Intercepts {
		h.Intercepts = append(h.Intercepts, b-shift)
	}
}
