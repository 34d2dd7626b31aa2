package transformer

import (
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"
)

// Sizes are the numbers that callers of any family ask for.
type Sizes struct {
	Vocabulary, Hidden, Layers int
	// Positions is the longest text that the model has positions for, 0 where they know no end.
	Positions int
	// Made is the longest text that the model was made for; 0 if it does not say. Where positions know no end it may be
	// passed: the vectors are of what the model was never shown.
	Made  int
	DType string // how the weights were stored: "float32", "bfloat16" or "float16"
}

// Architecture is a config: what can be said of a model without its weights. It is also all that Weights need to be
// loaded, adapted and saved; what is computed with them is their user's: an encoder's Model, or a language model's
// head.
type Architecture interface {
	Family() string // model_type in config.json
	Class() string  // of transformers, whose bare model the tensors are
	Sizes() Sizes
	Layout() []Spec // every tensor, in the order of the forward pass
	Validate() error
	// JSON is a config.json of weights that are stored as dtype.
	JSON(dtype string) ([]byte, error)
	// First is the architecture of a model of the first layers only.
	First(layers int) Architecture

	// Linear names the layers that can have an adapter, in the order of the forward pass.
	Linear() []string
	// Name translates the name of a tensor in a file; ok is false for one that no vector needs, which is read over.
	Name(stored string, shape []int) (name string, ok bool)
	// Deviation is the standard deviation of random matrices.
	Deviation() float64

	// AttentionLength is the row length at which a layer's attention takes as long as its other products. Packing
	// weighs by it: far below, only the number of tokens counts; far above, a row twice as long takes four times as
	// long.
	AttentionLength() float64
	// Kept counts what a layer keeps for its way back: numbers a token, and rows of scores a token. read is 1 where
	// the way back reads the input of any of these linear layers, else 0.
	Kept(read func(linear ...string) int) (numbers, rows int)
	// Refuses says why vectors cannot be pooled so, if they cannot.
	Refuses(pooling Pooling) error
}

// Model is an encoder in memory: an Architecture with its weights.
type Model interface {
	Architecture() Architecture
	Sizes() Sizes
	Layout() []Spec
	Variables() *model.Store
	Variable(name string) *model.Variable

	// Packed embeds every slot of a batch: raw vectors [T, H] in float32 or wider, those of the text alone but for
	// rounding. What stands in unused slots is finite and means nothing.
	Packed(p Packed, pooling Pooling, arith Arithmetic) *Node
	// Lower returns the states after the first p.Frozen layers, [R, S, H] in arith.Stream: what Packed takes as
	// States. A position's state depends on its own text alone, so it can be kept text by text.
	Lower(p Packed, arith Arithmetic) *Node

	// Truncate drops all layers but the first, so that a small model begins with what a large one has learned.
	// Drop layers before graphs are compiled.
	Truncate(layers int) error

	Adapt(l LoRA, seed uint64) error
	AddAdapter(a Adapter, valuesA, valuesB []float32) error
	Adapters() []Adapter
	AdapterVariables() []*model.Variable
	Merge() error

	Save(dir string) error
	Close()
}

// Kind says what a tensor is for: it decides how fresh weights are drawn.
type Kind int

const (
	Matrix Kind = iota // also tables of embeddings
	Gain               // of a norm: 1 in fresh weights
	Bias               // 0 in fresh weights
)

// Spec names one tensor of the model and its shape. Of a decoder's third layer:
//
//	{Name: "layers.2.self_attn.q_proj.weight", Dims: [Q·D, H], Layer: 2, Kind: Matrix}
type Spec struct {
	Name  string // as in the weights file, without the family's prefix
	Dims  []int
	Layer int // from 0 on; Below for what stands under the first, Above for what stands on the last
	Kind  Kind
}

// Values of Spec.Layer beside numbers of layers.
const (
	Below = -1
	Above = 1 << 30
)

// Lower tells the tensors that states after a number of layers are made from; of 0 layers there are none.
func (s *Spec) Lower(layers int) bool { return layers > 0 && s.Layer < layers }

// module is the name of the layer that a weight belongs to.
func (s *Spec) module() string { return strings.TrimSuffix(s.Name, ".weight") }

// Scope is the folder of the store that holds the model's variables.
const Scope = "/model"

// VariablePath is where a tensor of the weights file lives in the store: layers.2.norm.weight is
// /model/layers/2/norm/weight.
func VariablePath(name string) string { return Scope + "/" + strings.ReplaceAll(name, ".", "/") }

// Parameters is the number of trainable numbers.
func Parameters(a Architecture) (total int64) {
	for _, spec := range a.Layout() {
		total += int64(size(spec.Dims))
	}
	return total
}

// ScoreCost is what mask and softmax of one score take, in floating-point operations of a matrix product. It was
// measured with XLA's CPU plugin on two models 80 times apart in size, which gave 520 and 630 (docs/PACKING.md).
const ScoreCost = 600

// KnownType tells the names of types that weights are stored in.
func KnownType(dtype string) bool {
	return slices.Contains([]string{"float32", "bfloat16", "float16"}, dtype)
}

func storedType(name string) dtypes.DType {
	switch name {
	case "bfloat16":
		return dtypes.BFloat16
	case "float16":
		return dtypes.Float16
	}
	return dtypes.Float32
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
