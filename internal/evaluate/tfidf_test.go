package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// The random projection must find the leading singular vectors that gonum's full SVD finds.
func TestRightVectorsSpanTheLeadingSingularVectors(t *testing.T) {
	const rows, width = 90, 120
	random := rand.New(rand.NewPCG(4, 4))
	dense := mat.NewDense(rows, width, nil)
	matrix := make([]sparse, rows)
	for i := range rows {
		for k := range width {
			if random.IntN(4) == 0 {
				x := random.Float64() * math.Exp(-float64(k)/20)
				dense.Set(i, k, x)
				matrix[i].column, matrix[i].value = append(matrix[i].column, k), append(matrix[i].value, x)
			}
		}
	}
	got := rightVectors(matrix, width, 1)
	var svd mat.SVD
	if !svd.Factorize(dense, mat.SVDThin) {
		t.Fatal("no SVD")
	}
	var v mat.Dense
	svd.VTo(&v)
	_, rank := got.Dims()
	var overlap mat.Dense
	overlap.Mul(got.T(), v.Slice(0, width, 0, rank))
	// The energy of the leading five inside the found space; they are well separated.
	for k := range 5 {
		var inside float64
		for r := range rank {
			inside += overlap.At(r, k) * overlap.At(r, k)
		}
		if math.Abs(inside-1) > 1e-6 {
			t.Errorf("singular vector %d: %.8f of it found", k, inside)
		}
	}
	var gram mat.Dense
	gram.Mul(got.T(), got)
	for i := range rank {
		for k := range rank {
			want := 0.0
			if i == k {
				want = 1
			}
			if math.Abs(gram.At(i, k)-want) > 1e-9 {
				t.Fatalf("columns %d and %d are not orthonormal: %v", i, k, gram.At(i, k))
			}
		}
	}
}

func TestVocabularyCountsDocuments(t *testing.T) {
	v := newVocabulary([]string{"Red fish, red FISH", "red fish", "blue"})
	if _, ok := v.column["blue"]; ok {
		t.Error("a word of one document was kept")
	}
	if _, ok := v.column["red fish"]; !ok || len(v.idf) != 3 {
		t.Errorf("vocabulary %v, want red, fish and the pair", v.column)
	}
	row := v.row("fish fish nothing")
	want := 1.0 // the only known term, scaled to length one
	if len(row.value) != 1 || math.Abs(row.value[0]-want) > 1e-15 {
		t.Errorf("row %v", row)
	}
	if empty := v.row("nothing"); len(empty.value) != 0 {
		t.Errorf("row %v of unknown words", empty)
	}
}

func TestTextsWithoutCommonWordsTieEverywhere(t *testing.T) {
	rows := sample(24, 9)
	for i := range rows {
		rows[i].Text = "word" + rows[i].TextID
	}
	b := bench(t, rows, Options{})
	tfidf, logistic := b.wordVectors()
	if logistic != nil || len(tfidf) != len(rows) || tfidf[0][0] != 0 {
		t.Errorf("%d vectors, classifier %v", len(tfidf), logistic)
	}
}
