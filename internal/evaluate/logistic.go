package evaluate

import (
	"math"
	"math/rand/v2"
	"runtime"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"
)

// Settings of the classifier; on the demo's sample more passes change nothing that matters.
const (
	logisticPasses = 12
	logisticRate   = .5
	logisticDecay  = 1e-5
)

// usualWidth is the number of features for which the rate was chosen. Wider ones are scaled down to the length
// that so many would have, since a step moves a class's logit by the square of that length: after a step of rate
// r on a text x its own logit has moved by r·miss·|x|², and with 1,024 features of unit size that would be
// sixteen times as far.
const usualWidth = 64

// logistic is one independent logistic regression for each class, of any features. Classes are nodes and (path,
// direction)s; a text bears several. It is a control: how far the labels get with features that were not trained
// on them.
type logistic struct {
	scale   []float64   // [D] features are divided by their root mean square, and by more where D is large
	weights [][]float64 // [K][D+1], the bias last
	base    []float64   // [K] share of training texts that bear the class
}

// fitLogistic trains on features [T, D] with the classes of each text, by stochastic gradient descent with
// AdaGrad steps; the order of texts is a function of the seed. Classes are fitted side by side, each by itself,
// so the result does not depend on how many cores there are. (Package logistic fits to the minimum, for
// probabilities that are told to users; hundreds of classes for a control do not need it.)
func fitLogistic(features *mat.Dense, targets [][]int, classes int, seed uint64) *logistic {
	rows, width := features.Dims()
	m := &logistic{scale: make([]float64, width), base: make([]float64, classes), weights: make([][]float64, classes)}
	// Features are scaled once: the rate below then suits words and model vectors alike.
	long := math.Sqrt(max(1, float64(width)/usualWidth))
	for k := range m.scale {
		m.scale[k] = long * max(mat.Norm(features.ColView(k), 2)/math.Sqrt(float64(rows)), 1e-12)
	}
	bears := make([][]bool, classes)
	for class := range bears {
		bears[class] = make([]bool, rows)
	}
	for i, own := range targets {
		for _, class := range own {
			bears[class][i] = true
			m.base[class] += 1 / float64(rows)
		}
	}
	inputs := make([][]float64, rows) // [T][D+1]
	for i := range inputs {
		inputs[i] = make([]float64, width+1)
		m.input(inputs[i], features.RawRowView(i))
	}
	random := rand.New(rand.NewPCG(seed, 3))
	var order []int
	for range logisticPasses {
		order = append(order, random.Perm(rows)...)
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for class := range classes {
		group.Go(func() error {
			m.weights[class] = fitClass(inputs, bears[class], logit(m.base[class]), order)
			return nil
		})
	}
	group.Wait() //nolint:errcheck // nothing in it fails
	return m
}

// fitClass goes once through the texts in the given order, which holds every text as often as there are passes. It
// starts from the class's share in training: a class that one text in a hundred bears begins at .01, not at a half,
// from which it would take most of a pass to come down.
func fitClass(inputs [][]float64, bears []bool, bias float64, order []int) []float64 {
	width := len(inputs[0])
	w, history := make([]float64, width), make([]float64, width)
	w[width-1] = bias
	for _, i := range order {
		wanted := 0.0
		if bears[i] {
			wanted = 1
		}
		step(w, history, inputs[i], sigmoid(dot(w, inputs[i]))-wanted)
	}
	return w
}

// step moves w against the gradient miss·x, each weight at its own AdaGrad rate: a weight that has moved much
// moves less, so rare features keep learning when common ones have settled. Each product is rounded by itself, on every
// processor.
func step(w, history, x []float64, miss float64) {
	for k := stepLanes(w, history, x, miss); k < len(x); k++ {
		g := float64(miss*x[k]) + float64(logisticDecay*w[k])
		history[k] += float64(g * g)
		w[k] -= logisticRate * g / (math.Sqrt(history[k]) + 1)
	}
}

// input scales a row of features and appends the constant of the bias, whose weight is then learned like any other.
func (m *logistic) input(x, row []float64) {
	for k, f := range row {
		x[k] = f / m.scale[k]
	}
	x[len(row)] = 1
}

// excess is how far each class's probability lies above its share in training: the control's vector, [K]. Without
// taking the share off, all texts would be near each other for the common classes.
func (m *logistic) excess(row []float64) []float64 {
	x := make([]float64, len(row)+1)
	m.input(x, row)
	out := make([]float64, len(m.weights))
	for class, w := range m.weights {
		out[class] = sigmoid(dot(w, x)) - m.base[class]
	}
	return out
}

// sigmoid is the logistic function. It cannot overflow to NaN: of −800 it is 1/(1 + Inf) = 0.
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
