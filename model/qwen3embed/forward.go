package qwen3embed

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// masked is what a forbidden attention logit becomes: −Inf would make a row without any allowed key NaN.
const masked = -1e9

// Arithmetic says in which precision a forward pass computes. Norms, softmax, rotary embedding and
// pooling are float32 in all of them.
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

// Tap sees every sub-module's output under transformers' name for it; tests compare layer by layer.
type Tap func(name string, x *Node)

// forward is one graph under construction.
type forward struct {
	cfg      *Config
	store    *model.Store
	adapters map[string]Adapter // by module
	arith    Arithmetic
	tap      Tap

	g          *Graph
	cos, sin   *Node // [1, S, 1, D] float32, of packed texts [R, S, 1, D]
	bias       *Node // [B, 1, 1, S, S] float32: 0 where a query may look, masked elsewhere
	last       *Node // [T] flat positions of packed texts' last tokens; nil where rows end with theirs
	checkpoint bool  // keep each layer's input only, and compute the layer again for its gradient
}

// Hidden returns the states after the final norm, [B, S, H] in arith.Stream.
//
// ids: [B, S] int32, padded on the left; lengths: [B] int32, real tokens of each row, at least 1.
// What stands at padded positions is finite and means nothing. tap may be nil.
func (m *Model) Hidden(ids, lengths *Node, arith Arithmetic, tap Tap) *Node {
	return m.newForward(ids, lengths, arith, tap).states(ids, false)
}

// Last returns the states of each row's last token after the final norm, [B, H] in arith.Stream: the
// same numbers as Hidden's last position, but for rounding. The last layer computes nothing for the
// other positions than their keys and values, which spares almost half the work of a model of two layers
// and 3 % of one of 28.
func (m *Model) Last(ids, lengths *Node, arith Arithmetic) *Node {
	return Squeeze(m.newForward(ids, lengths, arith, nil).states(ids, true), 1)
}

// states runs all layers and the final norm: [B, S, H], or where only last tokens are asked for
// [B, 1, H], packed [1, T, H].
func (f *forward) states(ids *Node, lastOnly bool) *Node {
	return f.finish(f.embed(ids), 0, lastOnly)
}

// finish runs the layers from one on, and the final norm, of x: [B, S, H].
func (f *forward) finish(x *Node, from int, lastOnly bool) *Node {
	for l := from; l < f.cfg.NumLayers; l++ {
		if f.checkpoint {
			x = x.Checkpoint()
		}
		x = f.layer(l, x, lastOnly && l == f.cfg.NumLayers-1)
	}
	if f.checkpoint {
		x = x.StopCheckpoint()
	}
	return f.see("norm", f.rmsNorm("norm", x))
}

func (m *Model) newForward(ids, lengths *Node, arith Arithmetic, tap Tap) *forward {
	if ids.Rank() != 2 || lengths.Rank() != 1 || ids.Shape().Dim(0) != lengths.Shape().Dim(0) {
		panic(fmt.Errorf("qwen3embed: ids %s and lengths %s: want [B, S] and [B]", ids.Shape(), lengths.Shape()))
	}
	f := m.begin(ids, arith, tap)
	f.bias = f.attentionBias(f.seen(f.realKeys(lengths, ids.Shape().Dim(1))))
	return f
}

// begin prepares all but the mask, in which padded and packed rows differ.
func (m *Model) begin(ids *Node, arith Arithmetic, tap Tap) *forward {
	if tap == nil {
		tap = func(string, *Node) {}
	}
	f := &forward{cfg: m.Config, store: m.Store, adapters: m.adapters, arith: arith, tap: tap, g: ids.Graph()}
	f.cos, f.sin = f.rope(ids.Shape().Dim(1))
	return f
}

func (f *forward) see(name string, x *Node) *Node {
	f.tap(name, x)
	return x
}

// wide is the type of what must not be rounded: norms, softmax, rotary embedding.
func (f *forward) wide() dtypes.DType { return wideOf(f.arith) }

func wideOf(arith Arithmetic) dtypes.DType {
	if arith.Stream == dtypes.Float64 {
		return dtypes.Float64
	}
	return dtypes.Float32
}

func (f *forward) weight(name string) *Node { return f.variable(VariablePath(name)) }

func (f *forward) variable(path string) *Node {
	v := f.store.GetVariable(path)
	if v == nil {
		panic(fmt.Errorf("qwen3embed: no variable %s", path))
	}
	return v.NodeValue(f.g)
}

// embed gathers rows of the embedding table: [B, S] → [B, S, H].
func (f *forward) embed(ids *Node) *Node {
	rows := Gather(f.weight("embed_tokens"), InsertAxes(ids, -1))
	return f.see("embed_tokens", ConvertDType(rows, f.arith.Stream))
}

// layer is one pre-norm block: [B, S, H] → [B, S, H], or with lastOnly the last tokens alone.
func (f *forward) layer(l int, x *Node, lastOnly bool) *Node {
	name := fmt.Sprintf("layers.%d", l)
	h := f.see(name+".input_layernorm", f.rmsNorm(name+".input_layernorm", x))
	// Where all asked positions see the same keys, only they need a query. Packed texts of several rows
	// have keys of their own, so every position attends, and the last tokens are picked afterwards.
	before, after := everywhere, everywhere
	switch {
	case lastOnly && f.last == nil:
		before = lastPosition
	case lastOnly && x.Shape().Dim(0) == 1:
		before = f.atLast
	case lastOnly:
		after = f.atLast
	}
	mixed := after(f.attention(name+".self_attn", before(h, 1), h, before), 1)
	x = Add(after(before(x, 1), 1), f.see(name+".self_attn", f.linear(name+".self_attn.o_proj", mixed)))
	h = f.see(name+".post_attention_layernorm", f.rmsNorm(name+".post_attention_layernorm", x))
	x = Add(x, f.see(name+".mlp", f.mlp(name+".mlp", h)))
	return f.see(name, x)
}

// pick keeps some positions of an axis that counts a row's positions.
type pick func(x *Node, axis int) *Node

func everywhere(x *Node, _ int) *Node { return x }

func lastPosition(x *Node, axis int) *Node {
	return SliceAxis(x, axis, AxisRangeToEnd(x.Shape().Dim(axis)-1))
}

// rmsNorm is x / sqrt(mean(x²) + ε) · w over the last axis, in float32.
func (f *forward) rmsNorm(name string, x *Node) *Node {
	wide := ConvertDType(x, f.wide())
	mean := ReduceAndKeep(Square(wide), ReduceMean, -1)
	normed := Div(wide, Sqrt(AddScalar(mean, f.cfg.RMSNormEps)))
	w := ConvertDType(f.weight(name), f.wide())
	return ConvertDType(Mul(normed, ExpandLeftToRank(w, x.Rank())), f.arith.Stream)
}

// linear is x·Wᵀ for W [out, in], which the engine reads without a transposed copy, and what an adapter adds.
func (f *forward) linear(name string, x *Node) *Node {
	y := f.product("bsi,oi->bso", x, f.weight(name))
	if a, ok := f.adapters[name]; ok {
		y = Add(y, f.adapted(a, x))
	}
	return f.see(name, y)
}

// product casts both operands and returns the sum in the stream's type.
func (f *forward) product(equation string, a, b *Node) *Node {
	a, b = ConvertDType(a, f.arith.Operand), ConvertDType(b, f.arith.Operand)
	if f.arith.Operand == f.arith.Stream {
		return Einsum(equation, a, b)
	}
	return ConvertDType(Dot(a, b).WithOutputDType(f.wide()).Einsum(equation), f.arith.Stream)
}

// attention is grouped-query attention under the mask: queries [B, T, H] at the asked of x's positions,
// keys and values of x [B, S, H] → the heads side by side before o_proj, [B, T, Q·D].
func (f *forward) attention(name string, queries, x *Node, asked pick) *Node {
	c := f.cfg
	batch, sequence, t := x.Shape().Dim(0), x.Shape().Dim(1), queries.Shape().Dim(1)
	groups := c.NumHeads / c.NumKVHeads

	q := Reshape(f.linear(name+".q_proj", queries), batch, t, c.NumHeads, c.HeadDim)
	k := Reshape(f.linear(name+".k_proj", x), batch, sequence, c.NumKVHeads, c.HeadDim)
	v := Reshape(f.linear(name+".v_proj", x), batch, sequence, c.NumKVHeads, c.HeadDim)
	if c.QKNorm() {
		q = f.see(name+".q_norm", f.rmsNorm(name+".q_norm", q))
		k = f.see(name+".k_norm", f.rmsNorm(name+".k_norm", k))
	}
	q, k = f.rotate(q, asked), f.rotate(k, everywhere)

	q = Reshape(q, batch, t, c.NumKVHeads, groups, c.HeadDim)
	logits := ConvertDType(f.product("bqkgd,bskd->bkgqs", q, k), f.wide()) // [B, K, G, T, S]
	logits = Add(MulScalar(logits, 1/math.Sqrt(float64(c.HeadDim))), asked(f.bias, 3))
	weights := ConvertDType(Softmax(logits, -1), f.arith.Stream)
	mixed := f.product("bkgqs,bskd->bqkgd", weights, v)
	return Reshape(mixed, batch, t, c.NumHeads*c.HeadDim)
}

// mlp is down(silu(gate x) · up x).
func (f *forward) mlp(name string, x *Node) *Node {
	gate, up := f.linear(name+".gate_proj", x), f.linear(name+".up_proj", x)
	wide := ConvertDType(gate, f.wide())
	silu := ConvertDType(Mul(wide, Sigmoid(wide)), f.arith.Stream)
	return f.linear(name+".down_proj", Mul(silu, up))
}

// rope returns the cosines and sines of every position, [1, S, 1, D], computed in float64.
// Positions count from the left edge of the row, padding included: only differences matter.
func (f *forward) rope(sequence int) (cos, sin *Node) {
	half := f.cfg.HeadDim / 2
	c, s := make([]float64, sequence*2*half), make([]float64, sequence*2*half)
	for pos := range sequence {
		for j := range half {
			angle := float64(pos) * math.Pow(f.cfg.RopeTheta, -float64(j)/float64(half))
			for _, at := range []int{pos*2*half + j, pos*2*half + half + j} {
				c[at], s[at] = math.Cos(angle), math.Sin(angle)
			}
		}
	}
	table := func(name string, values []float64) *Node {
		t := ConstTensor(f.g, tensors.FromFlatDataAndDimensions(values, 1, sequence, 1, 2*half))
		return f.see(name, ConvertDType(t, f.wide()))
	}
	return table("rope.cos", c), table("rope.sin", s)
}

// rotate turns each pair (j, j + D/2) of x: [B, T, heads, D], which stands at the asked positions.
func (f *forward) rotate(x *Node, asked pick) *Node {
	wide, half := ConvertDType(x, f.wide()), f.cfg.HeadDim/2
	first := SliceAxis(wide, -1, AxisRangeFromStart(half))
	second := SliceAxis(wide, -1, AxisRangeToEnd(half))
	turned := Concatenate([]*Node{Neg(second), first}, -1)
	return ConvertDType(Add(Mul(wide, asked(f.cos, 1)), Mul(turned, asked(f.sin, 1))), f.arith.Stream)
}

// seen tells which keys a query looks at, [B, S, S], query before key: itself and those on its left that are
// allowed, a boolean that broadcasts to that shape.
func (f *forward) seen(allowed *Node) *Node {
	sequence := allowed.Shape().Dim(-1)
	position := Iota(f.g, shapes.Make(dtypes.Int32, sequence), 0)                      // [S]
	query, key := Reshape(position, 1, sequence, 1), Reshape(position, 1, 1, sequence) // [1, S, 1], [1, 1, S]
	return And(LessOrEqual(key, query), allowed)
}

// attentionBias is 0 where a key is seen.
func (f *forward) attentionBias(seen *Node) *Node {
	zero, low := Scalar(f.g, f.wide(), 0.0), Scalar(f.g, f.wide(), masked)
	return InsertAxes(Where(seen, zero, low), 1, 1)
}

// realKeys tells tokens from the padding on their left: lengths [B] → [B, 1, S].
func (f *forward) realKeys(lengths *Node, sequence int) *Node {
	key := Iota(f.g, shapes.Make(dtypes.Int32, 1, 1, sequence), 2)
	return GreaterOrEqual(key, firstToken(lengths, sequence))
}
