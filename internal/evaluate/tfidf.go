package evaluate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"gonum.org/v1/gonum/mat"

	"hives/data"
	"hives/data/theories"
)

// Sizes of the word control: enough for short texts, and a second of work. A term of one text can bring no two texts
// together, so it takes two (minDocuments).
const (
	maxTerms     = 8000
	minDocuments = 2
	svdRank      = 64
	svdExtra     = 16 // oversampling of the random projection
	svdRounds    = 4  // power iterations; the spectrum of word counts falls slowly
	smallEigen   = 1e-13
)

// terms are the lower-case words of a text and the pairs of neighbouring words: of "Be kind to all" be, kind, to,
// all, be kind, kind to, to all. An apostrophe belongs to its word. Pairs are there for "not kind", which no word alone
// tells from "kind".
func terms(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '\''
	})
	out := slices.Clone(words)
	for k := 1; k < len(words); k++ {
		out = append(out, words[k-1]+" "+words[k])
	}
	return out
}

// sparse is a row of a sparse matrix. A text has some dozens of 8,000 terms. Columns ascend, and value[k] stands in
// column[k].
type sparse struct {
	column []int
	value  []float64
}

// vocabulary holds the terms of a TF-IDF and their weights: column[term] is the term's place, idf[place] its
// weight. It is fitted on training texts where there are any: a control that knew the measured texts' words would know
// more than a model does.
type vocabulary struct {
	column map[string]int
	idf    []float64
}

// newVocabulary keeps the terms of the most documents, ties in alphabetical order. The weight of a term is 1 +
// log((1 + T)/(1 + n)) for n of T texts: 1 for a word of every text, more for a rare one.
//
//	9 texts     in all 9: weight 1     in 4: 1 + log(10/5) = 1.69     in 1: left out
func newVocabulary(texts []string) *vocabulary {
	documents := map[string]int{}
	for _, text := range texts {
		seen := map[string]bool{}
		for _, term := range terms(text) {
			if !seen[term] {
				seen[term] = true
				documents[term]++
			}
		}
	}
	var kept []string
	for term, n := range documents {
		if n >= minDocuments {
			kept = append(kept, term)
		}
	}
	// A map has no order: without the second key, which of equally common terms are kept would be chance.
	slices.SortFunc(kept, func(a, b string) int {
		return cmp.Or(cmp.Compare(documents[b], documents[a]), strings.Compare(a, b))
	})
	v := &vocabulary{column: map[string]int{}}
	for _, term := range kept[:min(len(kept), maxTerms)] {
		v.column[term] = len(v.idf)
		v.idf = append(v.idf, 1+math.Log(float64(1+len(texts))/float64(1+documents[term])))
	}
	return v
}

// row is (1 + log count)·idf over the terms of a text, of length one, columns ascending: a map has no order, and
// sums of floats depend on theirs. A text without a known term is empty.
//
//	"be kind, be fair": be counts 1 + log 2 = 1.69 times its idf, kind once its own
func (v *vocabulary) row(text string) sparse {
	// Only terms of the training texts have a column; what is new in a measured text says nothing.
	count := map[int]float64{}
	for _, term := range terms(text) {
		if column, ok := v.column[term]; ok {
			count[column]++
		}
	}
	var out sparse
	for column := range count {
		out.column = append(out.column, column)
	}
	slices.Sort(out.column)
	var squares float64
	for _, column := range out.column {
		x := (1 + math.Log(count[column])) * v.idf[column]
		out.value = append(out.value, x)
		squares += x * x
	}
	for k := range out.value {
		out.value[k] /= math.Sqrt(squares)
	}
	return out
}

// rightVectors returns the leading right singular vectors of the sparse matrix rows ([T, F]) as [F, rank], by
// random projection with power iterations (Halko, Martinsson and Tropp, 2011); nil if there are none.
//
// A whole decomposition of thousands of texts by 8,000 terms is out of proportion for a control. A random basis
// that is multiplied by AᵀA and made orthonormal again, a few times over, turns towards the directions of the
// largest singular values; within the small space that is left the exact answer is cheap. More columns than
// wanted (svdExtra) and several rounds are there since the spectrum falls slowly.
func rightVectors(rows []sparse, width int, seed uint64) *mat.Dense {
	rank := min(svdRank, width, len(rows))
	wide := min(rank+svdExtra, width, len(rows))
	if rank == 0 {
		return nil
	}
	// The stream is the control's own: other draws of the seed stay what they are, whatever controls come and go.
	random := rand.New(rand.NewPCG(seed, 2))
	basis := mat.NewDense(width, wide, nil)
	for i := range width {
		for k := range wide {
			basis.Set(i, k, random.NormFloat64())
		}
	}
	for range svdRounds {
		if basis = orthonormal(timesTransposed(rows, times(rows, basis), width)); basis == nil {
			return nil
		}
	}
	_, wide = basis.Dims()
	rank = min(rank, wide)
	// With W = A·basis, the eigenvectors of WᵀW turn the basis into singular vectors: if A·basis·t has the largest
	// length that a unit t can give it, basis·t is the leading direction within the basis's span, and so on down.
	projected := times(rows, basis)
	var gram mat.SymDense
	gram.SymOuterK(1, projected.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&gram, true) {
		return nil
	}
	var turn mat.Dense
	eigen.VectorsTo(&turn) // ascending eigenvalues
	out := mat.NewDense(width, rank, nil)
	out.Mul(basis, turn.Slice(0, wide, wide-rank, wide))
	return out
}

// times is A·x for sparse A. [T, F]·[F, wide] is [T, wide]; only terms that are there are multiplied.
func times(rows []sparse, x *mat.Dense) *mat.Dense {
	_, wide := x.Dims()
	out := mat.NewDense(len(rows), wide, nil)
	for i, r := range rows {
		into := out.RawRowView(i)
		for k, column := range r.column {
			addScaled(into, x.RawRowView(column), r.value[k])
		}
	}
	return out
}

// timesTransposed is Aᵀ·y for sparse A. [F, T]·[T, wide] is [F, wide], without the transposed matrix: each row adds
// to its own terms' lines.
func timesTransposed(rows []sparse, y *mat.Dense, width int) *mat.Dense {
	_, wide := y.Dims()
	out := mat.NewDense(width, wide, nil)
	for i, r := range rows {
		for k, column := range r.column {
			addScaled(out.RawRowView(column), y.RawRowView(i), r.value[k])
		}
	}
	return out
}

// addScaled adds by·row to into.
func addScaled(into, row []float64, by float64) {
	for k, f := range row {
		into[k] += by * f
	}
}

// orthonormal returns an orthonormal basis of the columns of x, by the eigenvectors of xᵀx, twice since one round
// leaves the square of the condition number in rounding. (A QR of so tall a matrix took half of an evaluation's
// time.) Directions below rounding are dropped; nil if nothing is left. Why it works: with xᵀx = V Λ Vᵀ, the columns
// of x V Λ^−½ have length one and stand at right angles.
func orthonormal(x *mat.Dense) *mat.Dense {
	// xᵀx is [wide, wide], 80 by 80 for any number of terms: that is what makes this cheap.
	for range 2 {
		var gram mat.SymDense
		gram.SymOuterK(1, x.T())
		var eigen mat.EigenSym
		if !eigen.Factorize(&gram, true) {
			return nil
		}
		var turn mat.Dense
		eigen.VectorsTo(&turn)
		values := eigen.Values(nil) // ascending
		wide := len(values)
		// Directions whose squared length is rounding are dropped: divided by their length they would be noise of
		// length one.
		drop := 0
		for drop < wide && values[drop] <= smallEigen*values[wide-1] {
			drop++
		}
		if drop == wide {
			return nil
		}
		for k := drop; k < wide; k++ {
			for i := range wide {
				turn.Set(i, k, turn.At(i, k)/math.Sqrt(values[k]))
			}
		}
		rows, _ := x.Dims()
		next := mat.NewDense(rows, wide-drop, nil)
		next.Mul(x, turn.Slice(0, wide, drop, wide))
		x = next
	}
	return x
}

// wordVectors makes the two word controls. The SVD needs no labels: without training rows it is fitted
// on the evaluated texts, and the classifier is nil.
func (b *Bench) wordVectors() (tfidf, logistic [][]float32) {
	// Words need no labels: without training rows the vocabulary is that of the measured texts themselves. The
	// classifier does need them, and is left out then: fitted to the measured labels it would know the answers.
	fit := b.options.TrainRows
	labelled := len(fit) > 0
	if !labelled {
		fit = b.rows
	}
	docs := documents(fit, b.options.Theories)
	words := newVocabulary(docs.texts)
	matrix := make([]sparse, len(docs.texts))
	for i, text := range docs.texts {
		matrix[i] = words.row(text)
	}
	right := rightVectors(matrix, len(words.idf), b.options.Seed)
	if right == nil {
		zero := b.perRow(func(int) []float32 { return []float32{0} })
		return zero, nil
	}
	// The measured texts come in with the fitted vocabulary and the fitted directions, as a new text would.
	own := make([]sparse, len(b.rows))
	for i := range own {
		own[i] = words.row(b.rows[i].Text)
	}
	features := times(own, right)
	tfidf = b.perRow(func(i int) []float32 { return normalised(features.RawRowView(i)) })
	if labelled {
		model := fitLogistic(times(matrix, right), docs.targets, docs.classes, b.options.Seed)
		logistic = b.perRow(func(i int) []float32 { return normalised(model.excess(features.RawRowView(i))) })
	}
	return tfidf, logistic
}

// corpusDocs are the distinct texts of rows, each with the nodes of all its labels: what a classifier of several
// labels a text is trained on.
//
//	rows      "Ann shares." mft caring +;  "Ann shares." svt benevolence;  "Bo waits." duty fidelity
//	texts     "Ann shares." [care/harm, caring, caring ++, self-transcendence, …]     "Bo waits." [fidelity, fidelity +]
type corpusDocs struct {
	ids     []string // text ids
	texts   []string
	targets [][]int // [T] classes of each text
	classes int
}

// documents gathers the rows of each text.
//
//	rows "a" care +, "b" care +, "a" power −     texts a, b; targets of a: those of care + and of power −
func documents(rows []data.Row, known theories.Set) corpusDocs {
	ids := nodeIDs(rows, known)
	d := corpusDocs{classes: len(ids)}
	place := map[string]int{}
	for i := range rows {
		at, ok := place[rows[i].TextID]
		if !ok {
			at = len(d.texts)
			place[rows[i].TextID] = at
			d.ids = append(d.ids, rows[i].TextID)
			d.texts = append(d.texts, rows[i].Text)
			d.targets = append(d.targets, nil)
		}
		for _, node := range nodes(&rows[i], known) {
			if !slices.Contains(d.targets[at], ids[node]) {
				d.targets[at] = append(d.targets[at], ids[node])
			}
		}
	}
	return d
}
