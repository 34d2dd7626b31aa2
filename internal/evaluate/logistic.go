package evaluate

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Settings of the classifier; on the demo's sample more passes change nothing that matters.
const (
	logisticPasses = 12
	logisticRate   = .5
	logisticDecay  = 1e-5
)

// logistic is one independent logistic regression for each class, trained together.
type logistic struct {
	scale   []float64   // [D] features are divided by their root mean square
	weights [][]float64 // [K][D+1], the bias last
	base    []float64   // [K] share of training texts that bear the class
}

// fitLogistic trains on features [T, D] with the classes of each text, by stochastic gradient descent
// with AdaGrad steps; the order of texts is a function of the seed.
func fitLogistic(features *mat.Dense, targets [][]int, classes int, seed uint64) *logistic {
	rows, width := features.Dims()
	m := &logistic{scale: make([]float64, width), base: make([]float64, classes)}
	for k := range m.scale {
		m.scale[k] = max(mat.Norm(features.ColView(k), 2)/math.Sqrt(float64(rows)), 1e-12)
	}
	for _, bears := range targets {
		for _, class := range bears {
			m.base[class] += 1 / float64(rows)
		}
	}
	history := make([][]float64, classes)
	for class := range classes {
		m.weights = append(m.weights, make([]float64, width+1))
		history[class] = make([]float64, width+1)
		m.weights[class][width] = logit(m.base[class])
	}
	random := rand.New(rand.NewPCG(seed, 3))
	x, wanted := make([]float64, width+1), make([]float64, classes)
	for range logisticPasses {
		for _, i := range random.Perm(rows) {
			m.input(x, features.RawRowView(i))
			clear(wanted)
			for _, class := range targets[i] {
				wanted[class] = 1
			}
			for class, w := range m.weights {
				step(w, history[class], x, sigmoid(dot(w, x))-wanted[class])
			}
		}
	}
	return m
}

// step moves w against the gradient miss·x, each weight at its own AdaGrad rate.
func step(w, history, x []float64, miss float64) {
	for k, f := range x {
		g := miss*f + logisticDecay*w[k]
		history[k] += g * g
		w[k] -= logisticRate * g / (math.Sqrt(history[k]) + 1)
	}
}

// input scales a row of features and appends the constant of the bias.
func (m *logistic) input(x, row []float64) {
	for k, f := range row {
		x[k] = f / m.scale[k]
	}
	x[len(row)] = 1
}

// excess is how far each class's probability lies above its share in training: the control's vector.
func (m *logistic) excess(row []float64) []float64 {
	x := make([]float64, len(row)+1)
	m.input(x, row)
	out := make([]float64, len(m.weights))
	for class, w := range m.weights {
		out[class] = sigmoid(dot(w, x)) - m.base[class]
	}
	return out
}

// sigmoid is the logistic function.
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// logit starts a bias at the share of its class, so that the first passes do not spend themselves on it.
func logit(p float64) float64 { return math.Log(p / (1 - min(p, 1-1e-6))) }

// dot is the inner product; b may be longer than a.
func dot(a, b []float64) float64 {
	var sum float64
	for k, f := range a {
		sum += f * b[k]
	}
	return sum
}
