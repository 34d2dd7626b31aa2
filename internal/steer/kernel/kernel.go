package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/optim"
	"hives/model/decoder"
	"hives/model/lm"
)

// Form is what becomes of y.
type Form string

// The forms.
const (
	SoftPrompt Form = "soft_prompt"
	LatentBias Form = "latent_bias"
)

// Forms are both.
var Forms = []Form{SoftPrompt, LatentBias}

// Shape is a kernel without its numbers. Worked example, a latent bias behind one layer of 576, E 384, W 256: W1 [256,
// 385], b1 [256], W2 [576, 256], b2 [576].
type Shape struct {
	Form   Form
	Rows   int   // P of a soft prompt
	Layers []int // of a latent bias: behind so many blocks, 1 … L
	All    bool  // a latent bias at all positions, not at those of the answer alone
	Width  int   // W
	In     int   // E
}

// Out is how many numbers y has.
func (s Shape) Out(hidden int) int {
	if s.Form == SoftPrompt {
		return s.Rows * hidden
	}
	return len(s.Layers) * hidden
}

// Parameters is how many numbers are trained. Of a value's vector of 384, a width of 256 and 8 rows of 576: 1,283,072.
func (s Shape) Parameters(hidden int) int64 {
	return int64(s.Width)*int64(s.In+2) + int64(s.Out(hidden))*int64(s.Width+1)
}

// most is the bound on them: a kernel is small beside what it moves.
const most = 1_000_000_000

// validate refuses a shape that a model cannot have. The bound on parameters is the specification's; a soft prompt of
// thousands of rows would pass it and the model's memory.
func (s Shape) validate(c *decoder.Config) error {
	switch {
	case !slices.Contains(Forms, s.Form):
		return fault.New(fault.Invalid, "kernel of form %q: want one of %v", s.Form, Forms)
	case s.Form == SoftPrompt && s.Rows < 1:
		return fault.New(fault.Invalid, "a soft prompt of %d rows: want 1 or more", s.Rows)
	case s.Form == LatentBias && len(s.Layers) == 0:
		return fault.New(fault.Invalid, "a latent bias behind no layer: want some of 1 to %d", c.NumLayers)
	case s.Width < 1 || s.In < 1:
		return fault.New(fault.Invalid, "a kernel of width %d for vectors of %d: want 1 or more", s.Width, s.In)
	case s.Parameters(c.HiddenSize) >= most:
		return fault.New(fault.Invalid, "a kernel of %d parameters: want fewer than %d", s.Parameters(c.HiddenSize), most)
	}
	for _, l := range s.Layers {
		if l < 1 || l > c.NumLayers {
			return fault.New(fault.Invalid, "a latent bias behind layer %d: the model has 1 to %d", l, c.NumLayers)
		}
	}
	return nil
}

// Kernel is a shape with its numbers, as variables beside those of the language model. They stand in the language
// model's store, because a graph reads variables of one store. The store's other variables are not touched: what is
// trained is named (variables), not found.
type Kernel struct {
	Shape
	m     *lm.Model
	scope string
}

// The names of the matrices.
var parts = []string{"W1", "b1", "W2", "b2"}

// kernels counts them, for the names of their variables.
var kernels atomic.Int64

// New makes a kernel whose W1 is drawn from the seed, uniform in ±1/√(E+1), and whose other numbers are 0.
// Were W2 drawn too, a fresh kernel would push the model by chance. Were W1 0 as well, nothing would ever change: the
// gradient of W2 is a product with tanh(W1·[e; c] + b1), and that of W1 one with W2.
func New(m *lm.Model, s Shape, seed uint64) (*Kernel, error) {
	if err := s.validate(m.Config); err != nil {
		return nil, err
	}
	k := &Kernel{Shape: s, m: m, scope: fmt.Sprintf("/kernel_%d", kernels.Add(1))}
	draw, bound := rand.New(rand.NewPCG(seed, 7)), 1/math.Sqrt(float64(s.In+1))
	for name, dims := range k.dims() {
		values := make([]float32, size(dims))
		if name == "W1" {
			for n := range values {
				values[n] = float32((2*draw.Float64() - 1) * bound)
			}
		}
		// The moments are made here, of zeros: an optimiser that makes its own has the store initialise all that has no
		// value, and the language model's caches have none while nobody writes.
		made := map[string][]float32{k.path(name): values}
		for _, moment := range []string{"m", "v"} {
			made[model.JoinPath(optim.MomentScope, moment, k.path(name))] = make([]float32, len(values))
		}
		for path, values := range made {
			v, err := m.Store.CreateVariable(path, tensors.FromFlatDataAndDimensions(values, dims...))
			if err != nil {
				return nil, err
			}
			v.SetTrainable(path == k.path(name))
		}
	}
	return k, nil
}

// dims are the shapes of the matrices, [out, in].
func (k *Kernel) dims() map[string][]int {
	out := k.Out(k.m.Config.HiddenSize)
	return map[string][]int{"W1": {k.Width, k.In + 1}, "b1": {k.Width}, "W2": {out, k.Width}, "b2": {out}}
}

// size is how many numbers a shape holds.
func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// path is where a matrix stands in the store.
func (k *Kernel) path(part string) string { return k.scope + "/" + part }

// variables are the trained ones, in the order of parts.
func (k *Kernel) variables() (out []*model.Variable) {
	for _, name := range parts {
		out = append(out, k.m.Store.GetVariable(k.path(name)))
	}
	return out
}

// set gives the matrices numbers, row-major.
// Reference values come this way.
func (k *Kernel) set(values map[string][]float32) error {
	for name, dims := range k.dims() {
		if len(values[name]) != size(dims) {
			return fault.New(fault.Mismatch, "%s has %d numbers, want %v", name, len(values[name]), dims)
		}
		if err := k.m.Store.GetVariable(k.path(name)).SetValue(tensors.FromFlatDataAndDimensions(values[name],
			dims...)); err != nil {
			return err
		}
	}
	return nil
}

// drop takes the kernel's variables, and those of its optimiser, which end in the same names, out of the model's store.
func (k *Kernel) drop() {
	var own []string
	for v := range k.m.Store.IterVariables() {
		if slices.ContainsFunc(parts, func(p string) bool { return strings.HasSuffix(v.Path(), k.path(p)) }) {
			own = append(own, v.Path())
		}
	}
	for _, path := range own {
		if err := k.m.Store.DeleteVariable(path); err != nil {
			panic(err) // they are ours alone
		}
	}
}

// output is y of each row: e [B, E+1], the vector with the intensity behind it → [B, rows, H].
// W·x + b for all rows at once; tanh keeps the inner layer within ±1 however large c is.
func (k *Kernel) output(e *Node) *Node {
	at := make(map[string]*Node)
	for n, v := range k.variables() {
		at[parts[n]] = v.ValueGraph(e.Graph())
	}
	inner := Tanh(Add(Einsum("be,we->bw", e, at["W1"]), ExpandLeftToRank(at["b1"], 2)))
	y := Add(Einsum("bw,ow->bo", inner, at["W2"]), ExpandLeftToRank(at["b2"], 2))
	return Reshape(y, e.Shape().Dim(0), -1, k.m.Config.HiddenSize)
}

// hook puts y where its form says. first [B] is the position of each row's first token, ends [B] that of its prompt's
// last.
// The last position of the prompt is one of the answer: its state makes the answer's first token.
func (k *Kernel) hook(y, first, ends *Node) decoder.Hook {
	if k.Form == SoftPrompt {
		return k.inFront(y, first)
	}
	// A pass shows each layer's sum once; those that are not asked for go on as they came.
	return func(behind int, x *Node) *Node {
		at := slices.Index(k.Layers, behind)
		if at < 0 {
			return x
		}
		added := BroadcastToShape(SliceAxis(y, 1, AxisElem(at)), shapes.Make(y.DType(), x.Shape().Dimensions...)) // [B, S, H]
		if !k.All {
			position := Iota(x.Graph(), shapes.Make(dtypes.Int32, x.Shape().Dim(0), x.Shape().Dim(1)), 1)
			answer := GreaterOrEqual(position, BroadcastToShape(InsertAxes(ends, -1), position.Shape()))
			added = Where(BroadcastToShape(InsertAxes(answer, -1), shapes.Make(dtypes.Bool, x.Shape().Dimensions...)), added,
				ZerosLike(added))
		}
		return Add(x, ConvertDType(added, x.DType()))
	}
}

// inFront replaces the embeddings of the first P tokens of each row, whose ids stand for nothing. Rows are padded on
// the left, each by its own length, so a table of zeros and ones [B, S, P] says which row of y stands where.
//
//	S 6, P 2, a row of 5 with its soft prompt:   . y0 y1 a b c      first 1
//
// What stands at the dots and is left of first is masked for all.
func (k *Kernel) inFront(y, first *Node) decoder.Hook {
	return func(behind int, x *Node) *Node {
		if behind != 0 {
			return x
		}
		cube := shapes.Make(dtypes.Int32, x.Shape().Dim(0), x.Shape().Dim(1), k.Rows)
		// 0 at the row's first token, 1 at the next; below 0 in the padding, where no row of y is.
		place := Sub(Iota(x.Graph(), cube, 1), BroadcastToShape(InsertAxes(first, -1, -1),
			cube)) // from the row's first token
		here := ConvertDType(Equal(place, Iota(x.Graph(), cube, 2)), y.DType())
		rows := Einsum("bsp,bph->bsh", here, y)
		own := ConvertDType(OneMinus(ReduceSum(here, -1)), x.DType()) // [B, S]
		return Add(Mul(x, InsertAxes(own, -1)), ConvertDType(rows, x.DType()))
	}
}
