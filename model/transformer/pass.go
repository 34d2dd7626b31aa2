package transformer

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
)

// Arithmetic says in which precision a forward pass computes. Norms, softmax, rotary embedding and
// pooling are float32 in all of them.
//
// Why these: matrix products take nearly all of the time, and hardware makes those of 16-bit operands faster, while it
// adds up in float32 whatever they are. The residual stream is a long sum of small parts, which 16 bits would drop; a
// norm divides by a sum of squares, which overflows a float16 at 256² already.
type Arithmetic struct {
	Operand dtypes.DType // what both sides of a matrix product are cast to; sums are float32
	Stream  dtypes.DType // the residual stream and everything else
}

var (
	F32   = Arithmetic{dtypes.Float32, dtypes.Float32}
	Mixed = Arithmetic{dtypes.BFloat16, dtypes.Float32} // bf16 operands, float32 stream: training
	// Mixed16 has float16 operands: three more bits of fraction than bf16, and numbers below 65,504 only,
	// so its gradients want a scaled loss.
	Mixed16 = Arithmetic{dtypes.Float16, dtypes.Float32}
	BF16    = Arithmetic{dtypes.BFloat16, dtypes.BFloat16} // wholly bf16: inference only
	F64     = Arithmetic{dtypes.Float64, dtypes.Float64}   // for checks
)

// ParseArithmetic reads "f32", "mixed", "mixed16" or "bf16".
func ParseArithmetic(name string) (Arithmetic, error) {
	switch name {
	case "f32":
		return F32, nil
	case "mixed":
		return Mixed, nil
	case "mixed16":
		return Mixed16, nil
	case "bf16":
		return BF16, nil
	}
	return Arithmetic{}, fmt.Errorf("precision %q: want f32, mixed, mixed16 or bf16", name)
}

// Wide is the type of what must not be rounded: norms, softmax, rotary embedding, pooling.
func (a Arithmetic) Wide() dtypes.DType {
	if a.Stream == dtypes.Float64 {
		return dtypes.Float64
	}
	return dtypes.Float32
}

// Tap sees every sub-module's output under transformers' name for it; tests compare layer by layer.
type Tap func(name string, x *Node)

// Pass is a forward pass under construction: weights by name in one graph, and the products that all families make.
type Pass struct {
	*Graph
	Arith   Arithmetic
	weights *Weights
	tap     Tap
}

// Begin starts a pass in a graph. tap may be nil.
func (w *Weights) Begin(g *Graph, arith Arithmetic, tap Tap) *Pass {
	if tap == nil {
		tap = func(string, *Node) {}
	}
	return &Pass{Graph: g, Arith: arith, weights: w, tap: tap}
}

// See shows a sub-module's output and returns it.
func (f *Pass) See(name string, x *Node) *Node {
	f.tap(name, x)
	return x
}

// Wide is x in the type of what must not be rounded, Narrow in that of the residual stream.
func (f *Pass) Wide(x *Node) *Node   { return ConvertDType(x, f.Arith.Wide()) }
func (f *Pass) Narrow(x *Node) *Node { return ConvertDType(x, f.Arith.Stream) }

// Tensor is a tensor of the weights file, by its name there.
func (f *Pass) Tensor(name string) *Node { return f.variable(VariablePath(name)) }

func (f *Pass) variable(path string) *Node {
	v := f.weights.Store.GetVariable(path)
	if v == nil {
		panic(fmt.Errorf("transformer: no variable %s", path))
	}
	return v.NodeValue(f.Graph)
}

// Rows looks ids [B, S] up in a table [V, H]: [B, S, H] in the stream's type.
func (f *Pass) Rows(table string, ids *Node) *Node {
	return f.Narrow(Gather(f.Tensor(table), InsertAxes(ids, -1)))
}

// Linear is x·Wᵀ for W [out, in], which the engine reads without a transposed copy, what an adapter adds, and the
// bias where the layer has one: x [B, S, in] → [B, S, out]. Weights alone decide whether there is an adapter or a bias,
// so that a layer's code is the same with and without.
func (f *Pass) Linear(name string, x *Node) *Node {
	y := f.weigh(x, f.Tensor(name+".weight"))
	if a, ok := f.weights.adapters[name]; ok {
		y = Add(y, f.adapted(a, x))
	}
	if f.weights.Variable(name+".bias") != nil {
		y = Add(y, ExpandLeftToRank(f.Narrow(f.Tensor(name+".bias")), y.Rank()))
	}
	return f.See(name, y)
}

// fewTokens is up to how many tokens weights are the left operand: of few tokens that is less work for XLA's product on
// a processor, half of it at 16. Four layers of the 0.6B shape in float32: 45 ms become 23 for 16 tokens, 93 become 74
// for 64, 157 become 146 for 128; for 256 it is the same, and for 1,024 5 % more. In bf16 it is 8 % less for 16 tokens,
// by other bits than those of a larger shape, so there it is not done.
const fewTokens = 128

// weigh is x·Wᵀ: x [B, S, in], W [out, in] → [B, S, out].
func (f *Pass) weigh(x, w *Node) *Node {
	few := x.Shape().Size()/x.Shape().Dim(-1) <= fewTokens
	if few && f.Arith.Operand == dtypes.Float32 && onProcessor(f.Graph) {
		return f.Product("oi,bsi->bso", w, x)
	}
	return f.Product("bsi,oi->bso", x, w)
}

// onProcessor tells whether XLA computes a graph on a processor, by the plugin's name, as go-xla itself does.
func onProcessor(g *Graph) bool {
	b, ok := g.Backend().(interface{ PluginName() string })
	return ok && strings.Contains(strings.ToUpper(b.PluginName()), "CPU")
}

// Product casts both operands and returns the sum in the stream's type. Where operands are narrower than the stream
// the sum must be asked for in the wide type: an Einsum of two bfloat16 would be rounded to bfloat16 before the stream
// sees it.
func (f *Pass) Product(equation string, a, b *Node) *Node {
	a, b = ConvertDType(a, f.Arith.Operand), ConvertDType(b, f.Arith.Operand)
	if f.Arith.Operand == f.Arith.Stream {
		return Einsum(equation, a, b)
	}
	return f.Narrow(Dot(a, b).WithOutputDType(f.Arith.Wide()).Einsum(equation))
}

// masked is what a forbidden attention logit becomes: −Inf would make a row without any allowed key NaN. Softmax takes
// the largest logit off first, and e^−1e9 is 0 in every type, so that what it forbids has no share at all.
const masked = -1e9

// Bias is 0 where a query [.., S, 1] sees a key [.., 1, S], and masked elsewhere.
func (f *Pass) Bias(seen *Node) *Node {
	return Where(seen, Scalar(f.Graph, f.Arith.Wide(), 0.0), Scalar(f.Graph, f.Arith.Wide(), masked))
}
