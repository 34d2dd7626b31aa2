package decoder

import (
	"fmt"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
)

// layer is one pre-norm block: [B, S, H] → [B, S, H], or with lastOnly the last tokens alone.
//
// A block adds to the stream x twice and never replaces it, so that what a table of embeddings has put there, or a
// hook, stays visible to all layers above:
//
//	x ← x + Wo · attention(norm x)      what other tokens say
//	x ← x + Wdown · (σ(Wgate · norm x) ⊙ Wup · norm x)      what follows from it, token by token
//
// The norm stands before each part and not behind the sum (as it does in BERT), so that the stream passes all layers
// unscaled and gradients reach the lowest as they are.
func (f *Pass) layer(l int, x *Node, lastOnly bool) *Node {
	name := fmt.Sprintf("layers.%d", l)
	h := f.See(name+".input_layernorm", f.norm(name+".input_layernorm", x))
	before, after := f.narrowing(x, lastOnly)
	// The query side may be fewer positions than x has; keys and values are of all: [B, S, H], [B, S, H] → [B, S, Q·D].
	mixed := after(f.attention(l, name+".self_attn", before(h, 1), h, before), 1)
	x = Add(after(before(x, 1), 1), f.See(name+".self_attn", f.Linear(name+".self_attn.o_proj", mixed))) // [B, S, H]
	h = f.See(name+".post_attention_layernorm", f.norm(name+".post_attention_layernorm", x))
	x = Add(x, f.See(name+".mlp", f.mlp(name+".mlp", h)))
	return f.See(name, x)
}

// pick keeps some positions of an axis that counts a row's positions.
type pick func(x *Node, axis int) *Node

func everywhere(x *Node, _ int) *Node { return x }

func lastPosition(x *Node, axis int) *Node {
	return SliceAxis(x, axis, AxisRangeToEnd(x.Shape().Dim(axis)-1))
}

// narrowing says which positions of x go into attention as queries, and which of those go on. Where all asked positions
// see the same keys, only they need a query. Packed texts of several rows have keys of their own, so every position
// attends, and the last tokens are picked afterwards.
//
//	rows                       before            after
//	padded, cached             last position     everywhere
//	packed, one row            last tokens       everywhere
//	packed, several rows       everywhere        last tokens
func (f *Pass) narrowing(x *Node, lastOnly bool) (before, after pick) {
	switch {
	case !lastOnly:
		return everywhere, everywhere
	case f.last == nil:
		return lastPosition, everywhere
	case x.Shape().Dim(0) == 1:
		return f.atLast, everywhere
	}
	return everywhere, f.atLast
}

// atLast picks the last token of each text: [R, S, X] → [1, T, X] for axis 1. An axis further right is
// picked in the same way where all axes before it are 1, as they are for a batch of one row.
func (f *Pass) atLast(x *Node, axis int) *Node {
	rest := x.Shape().Dimensions[axis+1:]
	flat := Reshape(x, append([]int{-1}, rest...)...)
	dims := append(slices.Repeat([]int{1}, axis), f.last.Shape().Dim(0))
	return Reshape(Gather(flat, InsertAxes(f.last, -1)), append(dims, rest...)...)
}

// norm is the family's norm of the last axis times a learned gain, in float32.
func (f *Pass) norm(name string, x *Node) *Node {
	normed := f.cfg.family().norm.of(f.Wide(x), f.cfg.RMSNormEps)
	gain := f.Wide(f.Tensor(name + ".weight")) // [H], of a head's norm [D]
	return f.Narrow(Mul(normed, ExpandLeftToRank(gain, x.Rank())))
}

// attention is grouped-query attention under the mask: queries [B, T, H] at the asked of x's positions,
// keys and values of x [B, S, H] → the heads side by side before o_proj, [B, T, Q·D].
//
// A head asks each key how well it fits, q·k/√D, and takes the values in these shares: weights = softmax over what it
// sees. √D: of D products of numbers of variance 1 the sum has variance D, and softmax of numbers of that size would
// take one key alone, through which no gradient passes.
//
// G query heads share a key-value head, so that a cache holds K and not Q of them. Worked example, Q 4 and K 2: query
// heads 0, 1 ask key head 0, and 2, 3 ask key head 1; reshaping Q to [K, G] puts them so, and no key is copied.
//
// Invariant: every row of weights sums to 1 and is 0 where the mask forbids (−1e9 before the softmax, whose exponential
// is 0 in every type), but for a padded query, which may see nothing: its row is uniform, finite, and read by nobody.
func (f *Pass) attention(l int, name string, asking, x *Node, asked pick) *Node {
	c := f.cfg
	batch, sequence, t := x.Shape().Dim(0), x.Shape().Dim(1), asking.Shape().Dim(1)
	groups := c.NumHeads / c.NumKVHeads

	q := Reshape(f.Linear(name+".q_proj", asking), batch, t, c.NumHeads, c.HeadDim)     // [B, T, Q, D]
	k := Reshape(f.Linear(name+".k_proj", x), batch, sequence, c.NumKVHeads, c.HeadDim) // [B, S, K, D]
	v := Reshape(f.Linear(name+".v_proj", x), batch, sequence, c.NumKVHeads, c.HeadDim) // [B, S, K, D]
	if c.QKNorm() {
		q = f.See(name+".q_norm", f.norm(name+".q_norm", q))
		k = f.See(name+".k_norm", f.norm(name+".k_norm", k))
	}
	// A key is turned by its own position once and for all, which is why a cache can hold it.
	q, k = f.rotate(q, asked), f.rotate(k, everywhere)
	scores, mix := "bqkgd,bskd->bkgqs", "bkgqs,bskd->bqkgd"
	if f.slots != nil {
		k, v = f.slots.extend(l, k, v) // [B, K, W, D]
		scores, mix = "bqkgd,bksd->bkgqs", "bkgqs,bksd->bqkgd"
	}

	q = Reshape(q, batch, t, c.NumKVHeads, groups, c.HeadDim)
	logits := f.Wide(f.Product(scores, q, k)) // [B, K, G, T, S]
	logits = Add(MulScalar(logits, 1/math.Sqrt(float64(c.HeadDim))), asked(f.bias, 3))
	weights := f.Narrow(Softmax(logits, -1))
	mixed := f.Product(mix, weights, v) // [B, T, K, G, D]
	return Reshape(mixed, batch, t, c.NumHeads*c.HeadDim)
}

// mlp is down(σ(gate x) ⊙ up x), of each token by itself: [B, S, H] → [B, S, F] → [B, S, H]. The gate opens and shuts
// each of F features by what the token is; without one the two matrices would be a single one.
func (f *Pass) mlp(name string, x *Node) *Node {
	gate, up := f.Linear(name+".gate_proj", x), f.Linear(name+".up_proj", x)
	open := f.Narrow(f.cfg.family().activation.of(f.Wide(gate)))
	return f.Linear(name+".down_proj", Mul(open, up))
}
