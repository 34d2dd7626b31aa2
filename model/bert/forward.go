package bert

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/model/transformer"
)

// forward is one graph under construction.
type forward struct {
	*transformer.Pass
	cfg        *Config
	positions  *Node // [R, S] int32, from each text's first token
	bias       *Node // [R, 1, S, S]: 0 where a query may look, masked elsewhere
	checkpoint bool  // keep each layer's input only, and compute the layer again for its gradient
}

// Hidden returns the states after the last layer, [R, S, H] in arith.Stream. What stands at padded positions is finite
// and means nothing. tap may be nil.
func (m *Model) Hidden(p transformer.Packed, arith transformer.Arithmetic, tap transformer.Tap) *Node {
	f := m.begin(&p, arith, tap)
	if p.States != nil {
		return f.layers(f.Narrow(p.States), p.Frozen, m.Config.NumLayers)
	}
	return f.layers(f.embed(p.IDs), 0, m.Config.NumLayers)
}

// Packed embeds every slot, see transformer.Model.
func (m *Model) Packed(p transformer.Packed, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
	states := m.Hidden(p, arith, nil)
	return p.Pool(ConvertDType(states, arith.Wide()), pooling)
}

// Lower returns the states after the first p.Frozen layers, see transformer.Model.
func (m *Model) Lower(p transformer.Packed, arith transformer.Arithmetic) *Node {
	p.Checkpoint = false
	f := m.begin(&p, arith, nil)
	return f.layers(f.embed(p.IDs), 0, p.Frozen)
}

// begin prepares a pass whose mask keeps texts apart: a query looks at all of its own text.
func (m *Model) begin(p *transformer.Packed, arith transformer.Arithmetic, tap transformer.Tap) *forward {
	p.Check(m.Sizes())
	f := &forward{Pass: m.Begin(p.IDs.Graph(), arith, tap), cfg: m.Config, checkpoint: p.Checkpoint}
	together := p.Together() // [R, S, S]
	f.bias = InsertAxes(f.Bias(together), 1)
	// Padding alone may lie beyond the table: callers refuse longer texts.
	f.positions = MinScalar(transformer.Positions(transformer.OnItsLeft(together)), m.Config.MaxPositions-1)
	return f
}

// embed sums the three tables' rows under a norm: [R, S] → [R, S, H].
func (f *forward) embed(ids *Node) *Node {
	words := f.Rows("embeddings.word_embeddings.weight", ids)
	positions := f.Rows("embeddings.position_embeddings.weight", f.positions)
	kind := f.Rows("embeddings.token_type_embeddings.weight", ZerosLike(ids))
	return f.See("embeddings", f.layerNorm("embeddings.LayerNorm", Add(Add(words, kind), positions)))
}

// layers runs layers from..to-1.
func (f *forward) layers(x *Node, from, to int) *Node {
	for l := from; l < to; l++ {
		if f.checkpoint {
			x = x.Checkpoint()
		}
		x = f.See(fmt.Sprintf("layers.%d", l), f.layer(fmt.Sprintf("encoder.layer.%d.", l), x))
	}
	if f.checkpoint {
		x = x.StopCheckpoint()
	}
	return x
}

// layer is one post-norm block: [R, S, H] → [R, S, H].
//
//	x ← norm(x + Wo · attention(x))
//	x ← norm(x + Wout · gelu(Win · x))
//
// The norm stands behind each sum, so that every layer's output has mean 0 and variance 1 before gain and bias, and
// what a lower layer wrote is scaled again by each above it. A decoder norms before (see package decoder) and keeps
// the sum.
func (f *forward) layer(name string, x *Node) *Node {
	mixed := f.Linear(name+"attention.output.dense", f.attention(name+"attention.self.", x))
	x = f.layerNorm(name+"attention.output.LayerNorm", Add(x, mixed))
	wider := f.gelu(f.Linear(name+"intermediate.dense", x))
	return f.layerNorm(name+"output.LayerNorm", Add(x, f.Linear(name+"output.dense", wider)))
}

// attention is that of all heads side by side, before the output's product: [R, S, H] → [R, S, H]. A token sees its
// whole text, on both sides; derivation and invariants are those of package decoder's, with as many keys as queries.
func (f *forward) attention(name string, x *Node) *Node {
	rows, sequence, width := x.Shape().Dim(0), x.Shape().Dim(1), f.cfg.HiddenSize/f.cfg.NumHeads
	heads := func(part string) *Node {
		return Reshape(f.Linear(name+part, x), rows, sequence, f.cfg.NumHeads, width) // [R, S, A, D]
	}
	q, k, v := heads("query"), heads("key"), heads("value")
	logits := f.Wide(f.Product("bqad,bkad->baqk", q, k)) // [R, A, S, S]
	logits = Add(MulScalar(logits, 1/math.Sqrt(float64(width))), f.bias)
	weights := f.Narrow(Softmax(logits, -1))
	return Reshape(f.Product("baqk,bkad->bqad", weights, v), rows, sequence, f.cfg.HiddenSize)
}

// layerNorm is (x − mean) / sqrt(variance + ε) · gain + bias over the last axis, in float32.
func (f *forward) layerNorm(name string, x *Node) *Node {
	wide := f.Wide(x)
	centred := Sub(wide, ReduceAndKeep(wide, ReduceMean, -1))
	variance := ReduceAndKeep(Square(centred), ReduceMean, -1)
	normed := Div(centred, Sqrt(AddScalar(variance, f.cfg.LayerNormEps)))
	gain, bias := f.Wide(f.Tensor(name+".weight")), f.Wide(f.Tensor(name+".bias"))
	return f.Narrow(Add(Mul(normed, ExpandLeftToRank(gain, x.Rank())), ExpandLeftToRank(bias, x.Rank())))
}

// gelu is x·Φ(x) for the normal distribution Φ, in float32.
func (f *forward) gelu(x *Node) *Node {
	wide := f.Wide(x)
	return f.Narrow(Mul(wide, MulScalar(AddScalar(Erf(DivScalar(wide, math.Sqrt2)), 1), .5)))
}

var _ transformer.Model = (*Model)(nil)
