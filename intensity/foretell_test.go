package intensity

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"

	"hives/internal/fault"
)

// told are n rows whose numbers are share·(a direction of the vectors) and noise, two rows a group.
func told(seed uint64, n int, r2 float64) (x [][]float64, y []float64, groups []string) {
	random := rand.New(rand.NewPCG(seed, 3))
	for i := range n {
		row := make([]float64, 6)
		for d := range row {
			row[d] = random.NormFloat64()
		}
		floats.Scale(1/floats.Norm(row, 2), row)
		x = append(x, row)
		y = append(y, math.Sqrt(r2*6)*row[0]+math.Sqrt(1-r2)*random.NormFloat64())
		groups = append(groups, string(rune('a'+i/2)))
	}
	return x, y, groups
}

// R² and what is left are those of the world, and what is foretold of a row is a ridge's that has not seen its group.
// Controls: vectors dealt out anew are refused, and with the own fold among its rows the prediction is another.
func TestForetellIsTheTwinsRidge(t *testing.T) {
	x, y, groups := told(1, 600, .5)
	stream := func() *rand.Rand { return rand.New(rand.NewPCG(7, 7)) }
	f, err := Foretell(stream(), x, y, groups)
	if err != nil {
		t.Fatal(err)
	}
	if f.R2 < .4 || f.R2 > .6 || math.Abs(f.SD-math.Sqrt(.5)) > .08 || f.Texts != 600 {
		t.Errorf("R² %.2f, SD %.2f of %d", f.R2, f.SD, f.Texts)
	}
	for i := range x {
		if i%2 == 1 && f.Folds[i] != f.Folds[i-1] {
			t.Fatalf("rows %d and %d of one group are in folds %d and %d", i-1, i, f.Folds[i-1], f.Folds[i])
		}
	}
	var rest [][]float64
	var numbers []float64
	for i := range x {
		if f.Folds[i] != 2 {
			rest, numbers = append(rest, x[i]), append(numbers, y[i])
		}
	}
	r, err := FitRidge(rest, numbers, f.lambda)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(f.Folds, 2)
	got, err := f.Predict(x[at], 2, 2)
	if err != nil || math.Abs(got-r.Predict(x[at])) > 1e-9 {
		t.Errorf("foretold %v (%v), the twin has %v", got, err, r.Predict(x[at]))
	}
	if all, _ := f.Predict(x[at]); math.Abs(all-got) < 1e-9 {
		t.Error("control: the row's own fold moves nothing")
	}

	shuffled := slices.Clone(x)
	stream().Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
	none, err := Foretell(stream(), shuffled, y, groups)
	if err != nil || math.Abs(none.R2) > .05 {
		t.Fatalf("shuffled vectors tell %+v (%v)", none, err)
	}
	if err := none.Trust(); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "R²") || f.Trust() != nil {
		t.Errorf("shuffled vectors: %v; vectors that tell: %v", err, f.Trust())
	}
}

func TestForetellRefuses(t *testing.T) {
	x, y, groups := told(2, 300, .5)
	stream := rand.New(rand.NewPCG(1, 1))
	few := FewestTold - 1
	trusted := func(f *Foretold, err error) (*Foretold, error) {
		if err == nil {
			err = f.Trust()
		}
		return f, err
	}
	for _, c := range []struct {
		reason string
		learn  func() (*Foretold, error)
		want   string
	}{
		{"few texts", func() (*Foretold, error) {
			return trusted(Foretell(stream, x[:few], y[:few], groups[:few]))
		}, "199 scored texts"},
		{"numbers that are all one", func() (*Foretold, error) {
			return trusted(Foretell(stream, x, make([]float64, len(x)), groups))
		}, "R²"},
		{"one group", func() (*Foretold, error) { return Foretell(stream, x, y, make([]string, len(x))) }, "1 groups"},
		{"groups of others", func() (*Foretold, error) { return Foretell(stream, x, y, groups[1:]) }, "299 groups"},
	} {
		if _, err := c.learn(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
	f, err := Foretell(stream, x, y, groups)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Predict(x[0][:3]); fault.Of(err) != fault.Mismatch {
		t.Errorf("a short vector: %v", err)
	}
	if _, err := f.Predict(x[0], 0, 1, 2, 3, 4); fault.Of(err) != fault.Invalid {
		t.Errorf("all folds held out: %v", err)
	}
}

func TestDealKeepsGroupsTogether(t *testing.T) {
	folds, of := Deal(rand.New(rand.NewPCG(1, 1)), []string{"a", "b", "a", "c", "d", "e", "b"}, 5)
	if folds[0] != folds[2] || folds[1] != folds[6] || len(of) != 5 ||
		len(slices.Compact(slices.Sorted(slices.Values(folds)))) != 5 {
		t.Errorf("folds %v of groups %v", folds, of)
	}
}
