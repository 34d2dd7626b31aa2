package qwen3embed

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/model/transformer"
)

// forward is one graph under construction.
type forward struct {
	*transformer.Pass
	cfg        *Config
	cos, sin   *Node // [1, S, 1, D] float32, of packed texts [R, S, 1, D]
	bias       *Node // [B, 1, 1, S, S] float32: 0 where a query may look, masked elsewhere
	last       *Node // [T] flat positions of packed texts' last tokens; nil where rows end with theirs
	checkpoint bool  // keep each layer's input only, and compute the layer again for its gradient
}

// Hidden returns the states after the final norm, [B, S, H] in arith.Stream.
//
// ids: [B, S] int32, padded on the left; lengths: [B] int32, real tokens of each row, at least 1.
// What stands at padded positions is finite and means nothing. tap may be nil.
func (m *Model) Hidden(ids, lengths *Node, arith transformer.Arithmetic, tap transformer.Tap) *Node {
	return m.newForward(ids, lengths, arith, tap).states(ids, false)
}

// Last returns the states of each row's last token after the final norm, [B, H] in arith.Stream: the
// same numbers as Hidden's last position, but for rounding. The last layer computes nothing for the
// other positions than their keys and values, which spares almost half the work of a model of two layers
// and 3 % of one of 28.
func (m *Model) Last(ids, lengths *Node, arith transformer.Arithmetic) *Node {
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
	return f.See("norm", f.rmsNorm("norm", x))
}

func (m *Model) newForward(ids, lengths *Node, arith transformer.Arithmetic, tap transformer.Tap) *forward {
	if ids.Rank() != 2 || lengths.Rank() != 1 || ids.Shape().Dim(0) != lengths.Shape().Dim(0) {
		panic(fmt.Errorf("qwen3embed: ids %s and lengths %s: want [B, S] and [B]", ids.Shape(), lengths.Shape()))
	}
	f := m.begin(ids, arith, tap)
	f.bias = f.attentionBias(transformer.OnItsLeft(f.realKeys(lengths, ids.Shape().Dim(1))))
	return f
}

// begin prepares all but the mask, in which padded and packed rows differ.
func (m *Model) begin(ids *Node, arith transformer.Arithmetic, tap transformer.Tap) *forward {
	f := &forward{Pass: m.Begin(ids.Graph(), arith, tap), cfg: m.Config}
	f.cos, f.sin = f.rope(ids.Shape().Dim(1))
	return f
}

// embed gathers rows of the embedding table: [B, S] → [B, S, H].
func (f *forward) embed(ids *Node) *Node {
	return f.See("embed_tokens", f.Rows("embed_tokens.weight", ids))
}

// layer is one pre-norm block: [B, S, H] → [B, S, H], or with lastOnly the last tokens alone.
func (f *forward) layer(l int, x *Node, lastOnly bool) *Node {
	name := fmt.Sprintf("layers.%d", l)
	h := f.See(name+".input_layernorm", f.rmsNorm(name+".input_layernorm", x))
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
	x = Add(after(before(x, 1), 1), f.See(name+".self_attn", f.Linear(name+".self_attn.o_proj", mixed)))
	h = f.See(name+".post_attention_layernorm", f.rmsNorm(name+".post_attention_layernorm", x))
	x = Add(x, f.See(name+".mlp", f.mlp(name+".mlp", h)))
	return f.See(name, x)
}

// pick keeps some positions of an axis that counts a row's positions.
type pick func(x *Node, axis int) *Node

func everywhere(x *Node, _ int) *Node { return x }

func lastPosition(x *Node, axis int) *Node {
	return SliceAxis(x, axis, AxisRangeToEnd(x.Shape().Dim(axis)-1))
}

// rmsNorm is x / sqrt(mean(x²) + ε) · w over the last axis, in float32.
func (f *forward) rmsNorm(name string, x *Node) *Node {
	wide := f.Wide(x)
	mean := ReduceAndKeep(Square(wide), ReduceMean, -1)
	normed := Div(wide, Sqrt(AddScalar(mean, f.cfg.RMSNormEps)))
	w := f.Wide(f.Tensor(name + ".weight"))
	return f.Narrow(Mul(normed, ExpandLeftToRank(w, x.Rank())))
}

// attention is grouped-query attention under the mask: queries [B, T, H] at the asked of x's positions,
// keys and values of x [B, S, H] → the heads side by side before o_proj, [B, T, Q·D].
func (f *forward) attention(name string, queries, x *Node, asked pick) *Node {
	c := f.cfg
	batch, sequence, t := x.Shape().Dim(0), x.Shape().Dim(1), queries.Shape().Dim(1)
	groups := c.NumHeads / c.NumKVHeads

	q := Reshape(f.Linear(name+".q_proj", queries), batch, t, c.NumHeads, c.HeadDim)
	k := Reshape(f.Linear(name+".k_proj", x), batch, sequence, c.NumKVHeads, c.HeadDim)
	v := Reshape(f.Linear(name+".v_proj", x), batch, sequence, c.NumKVHeads, c.HeadDim)
	if c.QKNorm() {
		q = f.See(name+".q_norm", f.rmsNorm(name+".q_norm", q))
		k = f.See(name+".k_norm", f.rmsNorm(name+".k_norm", k))
	}
	q, k = f.rotate(q, asked), f.rotate(k, everywhere)

	q = Reshape(q, batch, t, c.NumKVHeads, groups, c.HeadDim)
	logits := f.Wide(f.Product("bqkgd,bskd->bkgqs", q, k)) // [B, K, G, T, S]
	logits = Add(MulScalar(logits, 1/math.Sqrt(float64(c.HeadDim))), asked(f.bias, 3))
	weights := f.Narrow(Softmax(logits, -1))
	mixed := f.Product("bkgqs,bskd->bqkgd", weights, v)
	return Reshape(mixed, batch, t, c.NumHeads*c.HeadDim)
}

// mlp is down(silu(gate x) · up x).
func (f *forward) mlp(name string, x *Node) *Node {
	gate, up := f.Linear(name+".gate_proj", x), f.Linear(name+".up_proj", x)
	wide := f.Wide(gate)
	silu := f.Narrow(Mul(wide, Sigmoid(wide)))
	return f.Linear(name+".down_proj", Mul(silu, up))
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
		t := ConstTensor(f.Graph, tensors.FromFlatDataAndDimensions(values, 1, sequence, 1, 2*half))
		return f.See(name, f.Wide(t))
	}
	return table("rope.cos", c), table("rope.sin", s)
}

// rotate turns each pair (j, j + D/2) of x: [B, T, heads, D], which stands at the asked positions.
func (f *forward) rotate(x *Node, asked pick) *Node {
	wide, half := f.Wide(x), f.cfg.HeadDim/2
	first := SliceAxis(wide, -1, AxisRangeFromStart(half))
	second := SliceAxis(wide, -1, AxisRangeToEnd(half))
	turned := Concatenate([]*Node{Neg(second), first}, -1)
	return f.Narrow(Add(Mul(wide, asked(f.cos, 1)), Mul(turned, asked(f.sin, 1))))
}

// attentionBias is 0 where a key is seen: [B, S, S] → [B, 1, 1, S, S].
func (f *forward) attentionBias(seen *Node) *Node { return InsertAxes(f.Bias(seen), 1, 1) }

// realKeys tells tokens from the padding on their left: lengths [B] → [B, 1, S].
func (f *forward) realKeys(lengths *Node, sequence int) *Node {
	key := Iota(f.Graph, shapes.Make(dtypes.Int32, 1, 1, sequence), 2)
	return GreaterOrEqual(key, firstToken(lengths, sequence))
}
