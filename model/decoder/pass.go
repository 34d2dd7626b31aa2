package decoder

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/model/transformer"
)

// Options of a pass. Those that are left out cost nothing: the graph is the same node by node.
type Options struct {
	Arith transformer.Arithmetic
	Tap   transformer.Tap // sees every sub-module's output under transformers' name
	Hook  Hook            // sees and may change the residual stream between layers

	// Checkpoint keeps each layer's input only and computes the layer again for its gradient.
	Checkpoint bool
}

// Hook is given the residual stream x [B, S, H] after a number of layers, and returns what goes on: 0 is what the
// table of embeddings gave, l is the sum that l layers have built, before the final norm. Returning x changes nothing.
// The last layer gives the last tokens alone where only they are asked for.
//
// One hook serves both to look and to steer. Means over marked positions: keep ReduceSum(Mul(x, mark), 1), return x.
// Steering of block l as persona vectors do: where behind == l+1 return Add(x, Mul(mark, v)), for v [1, 1, H].
type Hook func(behind int, x *Node) *Node

// Pass is a forward pass under construction: weights in a graph, and where each position stands and looks.
type Pass struct {
	*transformer.Pass
	cfg     *Config
	options Options

	cos, sin *Node  // [1, S, 1, D] where all rows count alike, else [B, S, 1, D]; float32, or wider
	bias     *Node  // [B, 1, 1, S, keys]: 0 where a query may look, masked elsewhere
	last     *Node  // [T] flat positions of packed texts' last tokens; nil where rows end with theirs
	slots    *slots // nil where keys and values are those of the rows themselves
}

// Asked says of which positions the states are wanted.
type Asked bool

const (
	// Everywhere is all positions.
	Everywhere Asked = false
	// LastTokens is the last token of each text. The last layer then computes nothing for the other positions but their
	// keys and values, which spares almost half the work of a model of two layers and 3 % of one of 28.
	LastTokens Asked = true
)

// Padded begins a pass over rows that are padded on the left.
//
// ids: [B, S] int32; lengths: [B] int32, real tokens of each row, at least 1. What stands at padded positions is finite
// and means nothing.
func Padded(w *transformer.Weights, ids, lengths *Node, o Options) *Pass {
	if ids.Rank() != 2 || lengths.Rank() != 1 || ids.Shape().Dim(0) != lengths.Shape().Dim(0) {
		panic(fmt.Errorf("decoder: ids %s and lengths %s: want [B, S] and [B]", ids.Shape(), lengths.Shape()))
	}
	sequence := ids.Shape().Dim(1)
	f := begin(w, ids.Graph(), sequence, o)
	key := Iota(f.Graph, shapes.Make(dtypes.Int32, 1, 1, sequence), 2)
	real := GreaterOrEqual(key, FirstToken(lengths, sequence)) // [B, 1, S]
	f.see(transformer.OnItsLeft(real))
	return f
}

// FirstToken is the position at which the padding of rows of a length ends: lengths [B] → [B, 1, 1].
func FirstToken(lengths *Node, sequence int) *Node {
	return Reshape(SubScalar(Neg(lengths), -sequence), -1, 1, 1)
}

// Packed begins a pass over rows of several texts.
//
// A query looks at keys on its left of its own text, so the mask is block-diagonal and causal. Positions count from
// a text's first token: rotary embedding sees differences only, but rounds by the position, in bf16 to a cosine
// of .9997 between two places of a row.
func Packed(w *transformer.Weights, p *transformer.Packed, o Options) *Pass {
	p.Check(w.Sizes())
	f := begin(w, p.IDs.Graph(), p.IDs.Shape().Dim(1), o)
	f.last = p.Last
	seen := transformer.OnItsLeft(p.Together()) // [R, S, S]
	f.see(seen)
	f.stand(transformer.Positions(seen))
	return f
}

// begin prepares a pass whose positions count from the left edge of rows of a length.
func begin(w *transformer.Weights, g *Graph, sequence int, o Options) *Pass {
	cfg, ok := w.Architecture().(*Config)
	if !ok {
		panic(fmt.Errorf("decoder: weights of a %s model", w.Architecture().Family()))
	}
	f := &Pass{Pass: w.Begin(g, o.Arith, o.Tap), cfg: cfg, options: o}
	f.cos, f.sin = f.rope(sequence)
	return f
}

// see sets what each position looks at: [B, S, keys], query before key.
func (f *Pass) see(seen *Node) { f.bias = InsertAxes(f.Bias(seen), 1, 1) }

// stand sets where each position stands: [B, S] → cosines and sines [B, S, 1, D].
func (f *Pass) stand(position *Node) {
	f.cos, f.sin = at(f.cos, position), at(f.sin, position)
}

// Embed looks tokens up: ids [B, S] → [B, S, H].
func (f *Pass) Embed(ids *Node) *Node {
	return f.through(0, f.See("embed_tokens", f.Rows(table.name, ids)))
}

// Layers runs the layers from..to-1 of x: [B, S, H] → [B, S, H].
func (f *Pass) Layers(x *Node, from, to int) *Node { return f.layers(x, from, to, Everywhere) }

// States runs the layers from one on and the final norm: [B, S, H] → [B, S, H], or of the last tokens [B, 1, H],
// of packed texts [1, T, H].
func (f *Pass) States(x *Node, from int, asked Asked) *Node {
	return f.See("norm", f.norm("norm", f.layers(x, from, f.cfg.NumLayers, asked)))
}

// Logits are what a language model says of the next token: states after the final norm [B, S, H] → [B, S, V], in
// float32 or wider. The weights must be those of a config that asked for a head.
func (f *Pass) Logits(states *Node) *Node {
	if !f.cfg.Head {
		panic(fmt.Errorf("decoder: logits of weights that were loaded without a head"))
	}
	return f.Wide(f.Product("bsh,vh->bsv", states, f.Tensor(f.cfg.HeadName())))
}

func (f *Pass) layers(x *Node, from, to int, asked Asked) *Node {
	for l := from; l < to; l++ {
		if f.options.Checkpoint {
			x = x.Checkpoint()
		}
		x = f.through(l+1, f.layer(l, x, asked == LastTokens && l == f.cfg.NumLayers-1))
	}
	if f.options.Checkpoint {
		x = x.StopCheckpoint()
	}
	return x
}

// through shows the hook what a number of layers have built.
func (f *Pass) through(behind int, x *Node) *Node {
	if f.options.Hook == nil {
		return x
	}
	changed := f.options.Hook(behind, x)
	if !changed.Shape().Equal(x.Shape()) {
		panic(fmt.Errorf("decoder: a hook made %s of %s after %d layers", changed.Shape(), x.Shape(), behind))
	}
	return changed
}
