package intensity_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"hives/intensity"
	"hives/internal/rig/goldentest"
)

// plainRidge is the formula on rows that are centred one by one.
func plainRidge(t *testing.T, x [][]float64, y []float64, lambda float64) func([]float64) float64 {
	t.Helper()
	n, dimension := float64(len(x)), len(x[0])
	mean, middle := make([]float64, dimension), floats.Sum(y)/n
	for _, row := range x {
		floats.AddScaled(mean, 1/n, row)
	}
	a, b := mat.NewDense(dimension, dimension, nil), mat.NewVecDense(dimension, nil)
	for i, row := range x {
		for d := range dimension {
			for e := range dimension {
				a.Set(d, e, a.At(d, e)+(row[d]-mean[d])*(row[e]-mean[e]))
			}
			b.SetVec(d, b.AtVec(d)+(row[d]-mean[d])*(y[i]-middle))
		}
	}
	for d := range dimension {
		a.Set(d, d, a.At(d, d)+lambda)
	}
	var w mat.VecDense
	if err := w.SolveVec(a, b); err != nil {
		t.Fatal(err)
	}
	return func(row []float64) float64 {
		out := middle
		for d, v := range row {
			out += w.AtVec(d) * (v - mean[d])
		}
		return out
	}
}

// linear are rows of y = x·w + noise, in groups that have an offset of their own.
func linear(seed uint64, n, dimension int, noise float64) (x [][]float64, y []float64, fold []int) {
	random := rand.New(rand.NewPCG(seed, 1))
	w := make([]float64, dimension)
	for d := range w {
		w[d] = random.NormFloat64()
	}
	for range n {
		row := make([]float64, dimension)
		for d := range row {
			row[d] = random.NormFloat64()
		}
		x, y = append(x, row), append(y, 3+floats.Dot(row, w)+noise*random.NormFloat64())
		fold = append(fold, random.IntN(5))
	}
	return x, y, fold
}

// Every prediction equals that of a ridge written out from the rows that it may see, and the price is the one that is
// best within them. Control: with the row's own fold among them the prediction is another.
func TestUnseenRowsAreUnseen(t *testing.T) {
	x, y, fold := linear(1, 60, 4, 1)
	rows := func(leave ...int) (xs [][]float64, ys []float64) {
		for i := range x {
			if !slices.Contains(leave, fold[i]) {
				xs, ys = append(xs, x[i]), append(ys, y[i])
			}
		}
		return xs, ys
	}
	got, err := intensity.Unseen(x, y, fold)
	if err != nil {
		t.Fatal(err)
	}
	all := plainRidge(t, x, y, 1)
	differs := 0
	for i := range x {
		best, least := 0., math.Inf(1)
		for _, lambda := range intensity.Lambdas(len(x)) {
			loss := 0.
			for inner := range 5 {
				if inner == fold[i] {
					continue
				}
				xs, ys := rows(fold[i], inner)
				predict := plainRidge(t, xs, ys, lambda)
				for j := range x {
					if fold[j] == inner {
						loss += math.Pow(y[j]-predict(x[j]), 2)
					}
				}
			}
			if loss < least {
				best, least = lambda, loss
			}
		}
		xs, ys := rows(fold[i])
		near(t, "prediction", got[i], plainRidge(t, xs, ys, best)(x[i]), 1e-9)
		if math.Abs(got[i]-all(x[i])) > 1e-3 {
			differs++
		}
	}
	if differs < len(x)/2 {
		t.Errorf("control: %d of %d predictions change when the row itself is seen", differs, len(x))
	}
}

func TestRidgesThatAreRefused(t *testing.T) {
	x, y, fold := linear(2, 20, 3, 1)
	bad := slices.Clone(y)
	bad[3] = math.NaN()
	for name, err := range map[string]error{
		"no rows":         second(intensity.FitRidge(nil, nil, 1)),
		"no price":        second(intensity.FitRidge(x, y, 0)),
		"NaN":             second(intensity.FitRidge(x, bad, 1)),
		"unlike lengths":  second(intensity.FitRidge(append(slices.Clone(x[:19]), []float64{1}), y, 1)),
		"a fold less":     second(intensity.Unseen(x, y, fold[:19])),
		"one fold":        second(intensity.Unseen(x, y, make([]int, 20))),
		"an empty fold":   second(intensity.OutOfFold(x, y, slices.Repeat([]int{0, 2}, 10), []float64{1})),
		"two folds alone": second(intensity.Unseen(x, y, slices.Repeat([]int{0, 1}, 10))),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestGoldenRidge(t *testing.T) {
	var file struct {
		Train struct {
			X    [][]float64
			Y    []float64
			Fold []int
		}
		Texts    struct{ X [][]float64 }
		Lambdas  []float64
		Expected struct {
			MSE        []float64 `json:"cv_mse"`
			Best       float64   `json:"best_lambda"`
			W          []float64
			B          float64
			Prediction []float64
		}
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "intensity.json")
	train, want := file.Train, file.Expected
	out, err := intensity.OutOfFold(train.X, train.Y, train.Fold, file.Lambdas)
	if err != nil {
		t.Fatal(err)
	}
	best, least := 0., math.Inf(1)
	for at, predicted := range out {
		mse := 0.
		for i, y := range train.Y {
			mse += (y - predicted[i]) * (y - predicted[i]) / float64(len(out[at]))
		}
		near(t, "mean squared error", mse, want.MSE[at], 1e-9)
		if mse < least {
			best, least = file.Lambdas[at], mse
		}
	}
	near(t, "best λ", best, want.Best, 0)
	r, err := intensity.FitRidge(train.X, train.Y, best)
	if err != nil {
		t.Fatal(err)
	}
	for d, w := range want.W {
		near(t, "weight", r.W[d], w, 1e-9)
	}
	for i, x := range file.Texts.X {
		near(t, "prediction", max(-10, min(10, r.Predict(x))), want.Prediction[i], 1e-9)
	}
}
