package qwen3embed

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
)

// AdapterScope is the folder of the store that holds adapters, apart from the weights that they add to.
const AdapterScope = "/adapters"

// AllLinear stands for every name of LinearLayers, as in PEFT.
const AllLinear = "all-linear"

// LinearLayers are the names of the layers that can have an adapter, in the order of the forward pass.
var LinearLayers = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// LoRA says which layers get low-rank adapters (Hu et al. 2021, arXiv:2106.09685) and how large they are.
type LoRA struct {
	Rank       int
	Alpha      float64  // an adapter's product counts Alpha/Rank
	Targets    []string // of LinearLayers, or AllLinear alone
	FirstLayer int      // decoder layers below it have none
}

// Adapter adds to a linear layer: W·x + Scale · B·A·x, for W [out, in], A [Rank, in] and B [out, Rank].
type Adapter struct {
	Module string // "layers.3.self_attn.q_proj"
	Rank   int
	Scale  float64
}

// A and B are the paths of an adapter's variables, float32.
func (a Adapter) A() string { return a.path("lora_A") }
func (a Adapter) B() string { return a.path("lora_B") }

func (a Adapter) path(part string) string {
	return AdapterScope + "/" + strings.ReplaceAll(a.Module, ".", "/") + "/" + part
}

// Adapt adds fresh adapters as l says. As in PEFT, A is uniform in ±1/√in and B is 0, so that at first
// nothing changes. Each A has its own stream, drawn from the seed and its name, as the weights of Random.
func (m *Model) Adapt(l LoRA, seed uint64) error {
	modules, err := l.modules(m.Config)
	if err != nil {
		return err
	}
	for _, spec := range modules {
		out, in := spec.Dims[0], spec.Dims[1]
		if l.Rank > min(out, in) {
			return fault.New(fault.Invalid, "adapters: rank %d, but %s is %v: a product of that rank is no smaller than the matrix", l.Rank, spec.Name, spec.Dims)
		}
		a := Adapter{Module: strings.TrimSuffix(spec.Name, ".weight"), Rank: l.Rank, Scale: l.Alpha / float64(l.Rank)}
		if err := m.AddAdapter(a, fillUniform(l.Rank*in, in, seed, a.A()), make([]float32, out*l.Rank)); err != nil {
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
func (l LoRA) modules(c *Config) (specs []Spec, err error) {
	switch {
	case l.Rank < 1 || !(l.Alpha > 0) || math.IsInf(l.Alpha, 0):
		return nil, fault.New(fault.Invalid, "adapters: rank %d and alpha %g: want 1 or more, and more than 0", l.Rank, l.Alpha)
	case l.FirstLayer < 0 || l.FirstLayer >= c.NumLayers:
		return nil, fault.New(fault.Invalid, "adapters from layer %d on: the model has layers 0 to %d", l.FirstLayer, c.NumLayers-1)
	}
	targets, err := l.Layers()
	if err != nil {
		return nil, err
	}
	for _, spec := range c.Layout() {
		layer, name := linearLayer(spec.Name)
		if layer >= l.FirstLayer && slices.Contains(targets, name) {
			specs = append(specs, spec)
		}
	}
	return specs, nil
}

// Layers are the targets by name, without repetition, in the order of the forward pass.
func (l LoRA) Layers() (names []string, err error) {
	if slices.Equal(l.Targets, []string{AllLinear}) {
		return LinearLayers, nil
	}
	for _, target := range l.Targets {
		if !slices.Contains(LinearLayers, target) {
			return nil, fault.New(fault.Invalid, "adapters: target %q: want some of %s, or %s alone", target, strings.Join(LinearLayers, ", "), AllLinear)
		}
	}
	for _, name := range LinearLayers {
		if slices.Contains(l.Targets, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fault.New(fault.Invalid, "adapters: no targets: want some of %s, or %s", strings.Join(LinearLayers, ", "), AllLinear)
	}
	return names, nil
}

// linearLayer splits the name of a linear layer's weight into the number of its decoder layer and its own
// name; the number of any other tensor is −1.
func linearLayer(weight string) (layer int, name string) {
	parts := strings.Split(strings.TrimSuffix(weight, ".weight"), ".")
	if len(parts) != 4 || parts[0] != "layers" || !slices.Contains(LinearLayers, parts[3]) {
		return -1, ""
	}
	layer, err := strconv.Atoi(parts[1])
	if err != nil {
		return -1, ""
	}
	return layer, parts[3]
}

// AddAdapter adds one adapter of given values, row-major: a [Rank, in], b [out, Rank]. It refuses a module
// that the model lacks or that has one already.
func (m *Model) AddAdapter(a Adapter, valuesA, valuesB []float32) error {
	at := slices.IndexFunc(m.Config.Layout(), func(s Spec) bool { return s.Name == a.Module+".weight" })
	if at < 0 {
		return fault.New(fault.Mismatch, "adapter of %s: the model has no such linear layer", a.Module)
	}
	spec := m.Config.Layout()[at]
	if layer, _ := linearLayer(spec.Name); layer < 0 {
		return fault.New(fault.Mismatch, "adapter of %s: only linear layers can have one", a.Module)
	}
	out, in := spec.Dims[0], spec.Dims[1]
	if a.Rank < 1 || len(valuesA) != a.Rank*in || len(valuesB) != out*a.Rank {
		return fault.New(fault.Mismatch, "adapter of %s %v: rank %d with %d and %d numbers", a.Module, spec.Dims, a.Rank, len(valuesA), len(valuesB))
	}
	if _, ok := m.adapters[a.Module]; ok {
		return fault.New(fault.Exists, "adapter of %s: it has one already", a.Module)
	}
	if _, err := m.Store.CreateVariable(a.A(), tensors.FromFlatDataAndDimensions(valuesA, a.Rank, in)); err != nil {
		return err
	}
	if _, err := m.Store.CreateVariable(a.B(), tensors.FromFlatDataAndDimensions(valuesB, out, a.Rank)); err != nil {
		return err
	}
	if m.adapters == nil {
		m.adapters = map[string]Adapter{}
	}
	m.adapters[a.Module] = a
	return nil
}

// Adapters lists the model's adapters in the order of Layout.
func (m *Model) Adapters() (all []Adapter) {
	for _, spec := range m.Config.Layout() {
		if a, ok := m.adapters[strings.TrimSuffix(spec.Name, ".weight")]; ok {
			all = append(all, a)
		}
	}
	return all
}

// AdapterVariables are A and B of every adapter, in the order of Adapters: what training changes.
func (m *Model) AdapterVariables() (vars []*model.Variable) {
	for _, a := range m.Adapters() {
		vars = append(vars, m.Store.GetVariable(a.A()), m.Store.GetVariable(a.B()))
	}
	return vars
}

// adapted is Scale · B·A·x: x [B, S, in] → [B, S, out].
func (f *forward) adapted(a Adapter, x *Node) *Node {
	low := f.product("bsi,ri->bsr", x, f.variable(a.A()))
	return MulScalar(f.product("bsr,or->bso", low, f.variable(a.B())), a.Scale)
}
