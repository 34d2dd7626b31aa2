package check

import (
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
)

// The shape of the step, that of the demo's model with a shorter vocabulary. weightsPerModel is the embedding and
// six matrices a layer: 13.
const (
	texts, tokens   = 16, 24
	hidden, heads   = 128, 4
	width           = hidden / heads
	feed            = 256
	vocabulary      = 512
	layers          = 2
	temperature     = 0.1
	perLayer        = 6 // q, k, v, o, up, down
	epsilon         = 1e-6
	initialSpread   = 0.05
	maskedLogit     = -1e9
	stepSeed        = 20240
	weightsPerModel = 1 + layers*perLayer
)

// inputs returns the weights, then the token ids [B, S]; the seed is fixed, so each process has the same. They are
// made anew for every call: what an engine was given it may have taken over.
func inputs() []any {
	rng := rand.New(rand.NewPCG(stepSeed, 1))
	normal := func(dims ...int) any {
		v := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
		for i := range v {
			v[i] = float32(rng.NormFloat64() * initialSpread)
		}
		return tensors.FromFlatDataAndDimensions(v, dims...)
	}
	in := []any{normal(vocabulary, hidden)}
	for range layers {
		for range 4 {
			in = append(in, normal(hidden, hidden))
		}
		in = append(in, normal(2*feed, hidden), normal(hidden, feed))
	}
	ids := make([]int32, texts*tokens)
	for i := range ids {
		ids[i] = int32(rng.IntN(vocabulary))
	}
	return append(in, tensors.FromFlatDataAndDimensions(ids, texts, tokens))
}

// newStep compiles the step with the operands of its products in dtype. It returns the loss and then the gradient of
// each weight. All that training uses is in it: gathers, products, a softmax with a mask, reductions, and the
// gradients of each.
// Values come out in f32 whatever dtype is, so one hash and one comparison serve both.
func newStep(b compute.Backend, dtype dtypes.DType) (*Exec, error) {
	return NewExec(b, func(in []*Node) []*Node {
		weights, ids := in[:weightsPerModel], in[weightsPerModel]
		loss := contrast(model{dtype}.vectors(weights, ids))
		return append([]*Node{loss}, Gradient(loss, weights...)...)
	})
}

// model builds the forward graph; operands is the type both sides of a product are cast to, f32 or bf16. It shares
// no code with the models that are trained: a mistake there must not hide one here.
type model struct{ operands dtypes.DType }

// product casts both operands and gives float32 back, as training in bf16 does.
func (m model) product(equation string, a, b *Node) *Node {
	return ConvertDType(Einsum(equation, ConvertDType(a, m.operands), ConvertDType(b, m.operands)), dtypes.Float32)
}

// vectors returns unit vectors [B, H] of ids [B, S].
func (m model) vectors(weights []*Node, ids *Node) *Node {
	x := Gather(weights[0], InsertAxes(ids, -1)) // [B, S, H]
	for l := range layers {
		w := weights[1+l*perLayer:][:perLayer]
		x = Add(x, m.attention(norm(x), w[0], w[1], w[2], w[3]))
		x = Add(x, m.feedForward(norm(x), w[4], w[5]))
	}
	last := Squeeze(Slice(norm(x), AxisRange(), AxisElem(tokens-1)), 1) // [B, H]
	return L2Normalize(last, -1)
}

// norm divides x [.., H] by its root mean square: x / √(mean(x²) + ε). It has no gain, which would be one more
// weight and no other arithmetic.
func norm(x *Node) *Node {
	return Div(x, Sqrt(AddScalar(ReduceAndKeep(Square(x), ReduceMean, -1), epsilon)))
}

// attention is causal, over x [B, S, H]; each w is [H, H]. logits are [B, Q, S, S], divided by √D; what lies in a
// token's future gets maskedLogit, of which exp is 0.
func (m model) attention(x, wq, wk, wv, wo *Node) *Node {
	split := func(w *Node) *Node { return Reshape(m.product("bsi,oi->bso", x, w), texts, tokens, heads, width) }
	logits := MulScalar(m.product("bqhd,bkhd->bhqk", split(wq), split(wk)), 1/math.Sqrt(width))
	seen := BroadcastToShape(InsertAxes(LowerTriangular(x.Graph(), tokens), 0, 0),
		shapes.Make(dtypes.Bool, logits.Shape().Dimensions...))
	logits = Where(seen, logits, MulScalar(OnesLike(logits), maskedLogit))
	mixed := m.product("bhqk,bkhd->bqhd", Softmax(logits, -1), split(wv)) // [B, S, Q, D]
	return m.product("bsi,oi->bso", Reshape(mixed, texts, tokens, hidden), wo)
}

// feedForward is SiLU-gated: up [2F, H] holds gate and value, down [H, F]. One product for both halves, as the
// trained models have it: down(silu(gate(x)) ∘ value(x)).
func (m model) feedForward(x, up, down *Node) *Node {
	both := m.product("bsi,oi->bso", x, up) // [B, S, 2F]
	gate := Slice(both, AxisRange(), AxisRange(), AxisRange(0, feed))
	value := Slice(both, AxisRange(), AxisRange(), AxisRange(feed))
	return m.product("bsf,hf->bsh", Mul(Mul(gate, Sigmoid(gate)), value), down)
}

// contrast pulls text i to text i+B/2 among all others: the mean over i of log Σ_a≠i exp s_ia − s_ij.
//
// With 16 texts: text 0's partner j is 8, text 8's is 0. The sum over a has 15 terms, the partner's among them, so
// a model that tells nothing apart has a loss of log 15 = 2.71.
func contrast(e *Node) *Node {
	s := DivScalar(Einsum("ih,jh->ij", e, e), temperature) // [B, B]
	self := Diagonal(e.Graph(), texts)
	s = Where(self, MulScalar(OnesLike(s), maskedLogit), s)
	// The maximum is taken out before exp, so that nothing overflows; it cancels in the gradient.
	top := StopGradient(ReduceAndKeep(s, ReduceMax, -1))
	logSum := Add(Log(ReduceSum(Exp(Sub(s, top)), -1)), Squeeze(top, -1))
	half := texts / 2
	positives := Concatenate([]*Node{Slice(e, AxisRange(half)), Slice(e, AxisRange(0, half))}, 0)
	return ReduceAllMean(Sub(logSum, DivScalar(ReduceSum(Mul(e, positives), -1), temperature)))
}
