package transformer

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
)

// AdapterScope is the folder of the store that holds adapters, apart from the weights that they add to.
const AdapterScope = "/adapters"

// AllLinear stands for every linear layer, as in PEFT.
const AllLinear = "all-linear"

// LoRA says which layers get low-rank adapters (Hu et al. 2021, arXiv:2106.09685) and how large they are.
//
// The idea: what fine-tuning adds to a matrix W [out, in] is close to a matrix of low rank, so it is trained as a
// product B·A of two narrow ones and W is left alone. Worked example, a matrix of 1024 × 1024 and rank 8: 16 × 1024
// numbers are trained in place of 1024 × 1024, one in 64; optimiser and checkpoint shrink as much.
//
// Alpha/Rank, not 1, weighs the product: with it a rank can be doubled and the step of training stays about the same.
type LoRA struct {
	Rank       int
	Alpha      float64  // an adapter's product counts Alpha/Rank
	Targets    []string // endings of Linear's names, as in PEFT, or AllLinear alone
	FirstLayer int      // layers below it have none
}

// Adapter adds to a linear layer: W·x + Scale · B·A·x, for W [out, in], A [Rank, in] and B [out, Rank].
type Adapter struct {
	Module string // "layers.3.self_attn.q_proj"
	Rank   int
	Scale  float64

	beside string // the set that it belongs to; "" is the weights' own
}

// A and B are the paths of an adapter's variables, float32.
func (a Adapter) A() string { return a.path("lora_A") }
func (a Adapter) B() string { return a.path("lora_B") }

func (a Adapter) path(part string) string {
	return AdapterScope + a.beside + "/" + strings.ReplaceAll(a.Module, ".", "/") + "/" + part
}

// Adapt adds fresh adapters as l says. As in PEFT, A is uniform in ±1/√in and B is 0, so that at first
// nothing changes. Each A has its own stream, drawn from the seed and its name, as the weights of Random.
//
// Were both 0, nothing would ever change: the gradient of B is a product with A·x, and that of A with B. With B alone
// at 0 the first step moves B, and from the second on both move.
func (w *Weights) Adapt(l LoRA, seed uint64) error {
	modules, err := l.modules(w.arch)
	if err != nil {
		return err
	}
	for _, spec := range modules {
		out, in := spec.Dims[0], spec.Dims[1]
		if l.Rank > min(out, in) {
			return fault.New(fault.Invalid, "adapters: rank %d, but %s is %v: a product of that rank is no smaller "+
				"than the matrix", l.Rank, spec.Name, spec.Dims)
		}
		a := Adapter{Module: spec.module(), Rank: l.Rank, Scale: l.Alpha / float64(l.Rank)}
		if err := w.AddAdapter(a, fillUniform(l.Rank*in, in, seed, a.A()), make([]float32, out*l.Rank)); err != nil {
			return err
		}
	}
	return nil
}

// fillUniform draws n numbers in ±1/√in: Kaiming's bound with PyTorch's a = √5.
func fillUniform(n, in int, seed uint64, name string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(name))
	draw, bound := rand.New(rand.NewPCG(seed, h.Sum64())), 1/math.Sqrt(float64(in))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32((2*draw.Float64() - 1) * bound)
	}
	return values
}

// modules lists the weights that l adds to, in the order of Layout.
func (l LoRA) modules(arch Architecture) (specs []Spec, err error) {
	layers := arch.Sizes().Layers
	switch {
	case l.Rank < 1 || !(l.Alpha > 0) || math.IsInf(l.Alpha, 0):
		return nil, fault.New(fault.Invalid, "adapters: rank %d and alpha %g: want 1 or more, and more than 0",
			l.Rank, l.Alpha)
	case l.FirstLayer < 0 || l.FirstLayer >= layers:
		return nil, fault.New(fault.Invalid, "adapters from layer %d on: the model has layers 0 to %d",
			l.FirstLayer, layers-1)
	}
	targets, err := l.Layers(arch.Linear())
	if err != nil {
		return nil, err
	}
	for _, spec := range arch.Layout() {
		if spec.Layer >= l.FirstLayer && slices.Contains(targets, linear(&spec, arch.Linear())) {
			specs = append(specs, spec)
		}
	}
	return specs, nil
}

// Layers are those of a family's linear layers that the targets name, in the family's order. As in PEFT, a target
// names every layer that it is the end of: "output.dense" is BERT's "attention.output.dense" too.
func (l LoRA) Layers(linear []string) (names []string, err error) {
	if slices.Equal(l.Targets, []string{AllLinear}) {
		return linear, nil
	}
	for _, target := range l.Targets {
		if !slices.ContainsFunc(linear, func(name string) bool { return endsIn(name, target) }) {
			return nil, fault.New(fault.Invalid, "adapters: target %q: want some of %s, or %s alone",
				target, strings.Join(linear, ", "), AllLinear)
		}
	}
	for _, name := range linear {
		if slices.ContainsFunc(l.Targets, func(target string) bool { return endsIn(name, target) }) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fault.New(fault.Invalid, "adapters: no targets: want some of %s, or %s",
			strings.Join(linear, ", "), AllLinear)
	}
	return names, nil
}

// endsIn tells whether the last parts of a dotted name are those of ending.
func endsIn(name, ending string) bool { return name == ending || strings.HasSuffix(name, "."+ending) }

// linear is the longest of the names that a matrix's module ends in, "" for what is no linear layer: of
// "output.dense" and "attention.output.dense" a module may end in both.
func linear(spec *Spec, names []string) (longest string) {
	if spec.Layer == Below || spec.Layer == Above || spec.Kind != Matrix {
		return ""
	}
	for _, name := range names {
		if endsIn(spec.module(), name) && len(name) > len(longest) {
			longest = name
		}
	}
	return longest
}

// AddAdapter adds one adapter of given values, row-major: a [Rank, in], b [out, Rank]. It refuses a module
// that the model lacks or that has one already.
func (w *Weights) AddAdapter(a Adapter, valuesA, valuesB []float32) error {
	at := slices.IndexFunc(w.Layout(), func(s Spec) bool { return s.Name == a.Module+".weight" })
	if at < 0 {
		return fault.New(fault.Mismatch, "adapter of %s: the model has no such linear layer", a.Module)
	}
	spec := w.Layout()[at]
	if linear(&spec, w.arch.Linear()) == "" {
		return fault.New(fault.Mismatch, "adapter of %s: only linear layers can have one", a.Module)
	}
	out, in := spec.Dims[0], spec.Dims[1]
	if a.Rank < 1 || len(valuesA) != a.Rank*in || len(valuesB) != out*a.Rank {
		return fault.New(fault.Mismatch, "adapter of %s %v: rank %d with %d and %d numbers",
			a.Module, spec.Dims, a.Rank, len(valuesA), len(valuesB))
	}
	a.beside = w.beside
	if _, ok := w.adapters[a.Module]; ok {
		return fault.New(fault.Exists, "adapter of %s: it has one already", a.Module)
	}
	if _, err := w.Store.CreateVariable(a.A(), tensors.FromFlatDataAndDimensions(valuesA, a.Rank, in)); err != nil {
		return err
	}
	if _, err := w.Store.CreateVariable(a.B(), tensors.FromFlatDataAndDimensions(valuesB, out, a.Rank)); err != nil {
		return err
	}
	if w.adapters == nil {
		w.adapters = map[string]Adapter{}
	}
	w.adapters[a.Module] = a
	return nil
}

// Beside are the same tensors, in the same memory, with a set of adapters of its own, at first empty: one base answers
// with several adapters in turn. A name is used once. The base's Close frees the tensors of all; DropAdapters those of
// a set.
func (w *Weights) Beside(name string) *Weights {
	return &Weights{Store: w.Store, arch: w.arch, beside: "_" + name}
}

// DropAdapters takes the set away, and frees its memory. Graphs compiled with it must not be run again.
func (w *Weights) DropAdapters() error {
	for _, v := range w.AdapterVariables() {
		if err := w.Store.DeleteVariable(v.Path()); err != nil {
			return err
		}
	}
	w.adapters = nil
	return nil
}

// Adapters lists the model's adapters in the order of Layout.
func (w *Weights) Adapters() (all []Adapter) {
	for _, spec := range w.Layout() {
		if a, ok := w.adapters[spec.module()]; ok {
			all = append(all, a)
		}
	}
	return all
}

// AdapterVariables are A and B of every adapter, in the order of Adapters: what training changes.
func (w *Weights) AdapterVariables() (vars []*model.Variable) {
	for _, a := range w.Adapters() {
		vars = append(vars, w.Store.GetVariable(a.A()), w.Store.GetVariable(a.B()))
	}
	return vars
}

// adapted is Scale · B·A·x: x [B, S, in] → [B, S, out]. A goes first, so that what lies between has Rank numbers a
// token; B·A first would make the whole matrix that adapters are there to spare.
//
// The gradient of B is said by hand. It is dyᵀ·low, and so the engine would turn over all of dy [B·S, out] for each of
// a model's products: a third of a step of SmolLM2 went there. Turned round it is (lowᵀ·dy)ᵀ, of which only parts with
// Rank rows are turned over:
//
//	dy [640, 1536], low [640, 8]     dyᵀ·low turns 983,040 numbers over, (lowᵀ·dy)ᵀ 5,120 and 12,288
//
// On the way back dy comes by the product before B's gradient is asked for, and is kept there until then.
func (f *Pass) adapted(a Adapter, x *Node) *Node {
	low := f.Product("bsi,ri->bsr", x, f.variable(a.A()))
	var dy *Node
	b := IdentityWithCustomGradient(f.variable(a.B()), func(b, _ *Node) *Node {
		rounded := ConvertDType(low, f.Arith.Operand)             // as the product saw it
		sum := Einsum("bsr,bso->ro", f.Wide(rounded), f.Wide(dy)) // [Rank, out]
		return ConvertDType(Transpose(sum, 0, 1), b.DType())
	})
	y := IdentityWithCustomGradient(f.Product("bsr,or->bso", low, b), func(_, v *Node) *Node {
		dy = v
		return v
	})
	return MulScalar(y, a.Scale)
}
