package logistic

import (
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"

	"hives/internal/fault"
)

// Data are N labelled rows. Rows of X may be shared between problems; they are only read. A stratum is what must
// not explain the answer, such as a corpus; strata are numbered from 0 without a gap.
type Data struct {
	X       [][]float64 // [N][D]
	Y       []bool      // [N]
	Stratum []int       // [N], 0 … S−1
}

// Model is a fitted regression: a row of stratum s has the logit W·x + Intercepts[s].
type Model struct {
	W          []float64 // [D]
	Intercepts []float64 // [S]
}

const (
	// gradientGoal is the largest entry of the mean loss's gradient that counts as none.
	gradientGoal = 1e-7
	// gradientMost is what is let pass where the line search finds no lower loss any more: rounding, not a fault.
	gradientMost  = 1e-5
	maxIterations = 1000
)

// Fit minimises Σ log(1 + exp(−y·logit)) + ridge/2·|W|² with y = ±1; intercepts are not penalised. The loss is
// convex and its minimum unique, so start (nil: zeros) changes the time and nothing else beyond rounding.
//
// The ridge keeps W finite where features part the sides, as they do with more features than rows. The intercepts
// stay free, since a stratum of 5 % positive rows is no fault of W's. The found minimum is held to its gradient
// once more: a solver that gave up for another reason than being done must not pass for a fit.
func Fit(d Data, ridge float64, start *Model) (Model, error) {
	strata, err := d.check(ridge)
	if err != nil {
		return Model{}, err
	}
	width := len(d.X[0])
	// One vector for the solver: the weights, then an intercept for each stratum.
	at := make([]float64, width+strata)
	if start != nil {
		copy(at, start.W)
		copy(at[width:], start.Intercepts)
	}
	o := objective{d, ridge, width}
	problem := optimize.Problem{Func: func(w []float64) float64 { return o.loss(w, nil) }, Grad: func(g, w []float64) {
		o.loss(w, g)
	}}
	settings := &optimize.Settings{GradientThreshold: gradientGoal, MajorIterations: maxIterations,
		Converger: optimize.NeverTerminate{}}
	found, err := optimize.Minimize(problem, at, settings, &optimize.LBFGS{})
	if found == nil {
		return Model{}, fault.New(fault.Unknown, "logistic: %w", err)
	}
	g := make([]float64, len(at))
	o.loss(found.X, g)
	if most := largest(g); !(most <= gradientMost) {
		return Model{}, fault.New(fault.Invalid, "logistic: no minimum after %d steps, the gradient is still %.2g (%v, "+
			"%v): features of very unlike scales?",
			found.MajorIterations, most, found.Status, err)
	}
	return Model{W: found.X[:width], Intercepts: found.X[width:]}, nil
}

// check counts the strata and refuses data without a finite minimum.
func (d Data) check(ridge float64) (int, error) {
	if len(d.X) == 0 || len(d.X) != len(d.Y) || len(d.X) != len(d.Stratum) || !(ridge > 0) {
		return 0, fault.New(fault.Invalid, "logistic: %d rows, %d sides, %d strata, ridge %v", len(d.X), len(d.Y),
			len(d.Stratum), ridge)
	}
	var sides [][2]int
	for i, s := range d.Stratum {
		for s >= len(sides) {
			sides = append(sides, [2]int{})
		}
		if d.Y[i] {
			sides[s][1]++
		} else {
			sides[s][0]++
		}
	}
	for s, n := range sides {
		if n[0] == 0 || n[1] == 0 {
			return 0, fault.New(fault.Invalid, "logistic: stratum %d has %d positive and %d negative rows; "+
				"leave out strata of one side", s, n[1], n[0])
		}
	}
	return len(sides), nil
}

// objective is the penalised loss, divided by N so that its gradient's size does not depend on it.
type objective struct {
	Data
	ridge float64
	width int
}

// loss returns the value at w ([D+S]) and, unless gradient is nil, fills it. A row pulls by its miss, σ(logit) −
// y with y of 0 or 1: right and sure rows hardly pull at all.
func (o *objective) loss(w, gradient []float64) float64 {
	n := float64(len(o.X))
	// The penalty first: half the ridge times the weights' squares, intercepts left out.
	weights := blas64.Vector{N: o.width, Inc: 1, Data: w[:o.width]}
	sum := o.ridge / 2 * blas64.Dot(weights, weights)
	if gradient != nil {
		clear(gradient)
		blas64.Axpy(o.ridge/n, weights, blas64.Vector{N: o.width, Inc: 1, Data: gradient[:o.width]})
	}
	for i, row := range o.X {
		x := blas64.Vector{N: o.width, Inc: 1, Data: row}
		logit := blas64.Dot(weights, x) + w[o.width+o.Stratum[i]]
		// miss is σ(logit) − y: positive where too much was claimed.
		miss := Sigmoid(logit)
		if o.Y[i] {
			sum += softplus(-logit)
			miss--
		} else {
			sum += softplus(logit)
		}
		if gradient != nil {
			blas64.Axpy(miss/n, x, blas64.Vector{N: o.width, Inc: 1, Data: gradient[:o.width]})
			gradient[o.width+o.Stratum[i]] += miss / n
		}
	}
	return sum / n
}

// Average is the logit of a row of unknown stratum: that of the mean, over strata, of its probabilities. z is its
// logit without an intercept. In logarithms, log Σ σ(z+b) − log Σ σ(−z−b), since at a logit of 40 one of the two
// probabilities is 1 to the last bit and its logit could not be told.
func Average(z float64, intercepts []float64) float64 {
	yes, no := make([]float64, len(intercepts)), make([]float64, len(intercepts)) // logarithms of probabilities
	for s, b := range intercepts {
		yes[s], no[s] = -softplus(-z-b), -softplus(z+b)
	}
	return floats.LogSumExp(yes) - floats.LogSumExp(no)
}

// Sigmoid is the logistic function.
func Sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is log(1 + eˣ).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func largest(x []float64) float64 {
	var most float64
	for _, f := range x {
		most = max(most, math.Abs(f))
	}
	return most
}
