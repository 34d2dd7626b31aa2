//go:build goexperiment.simd && amd64

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"simd/archsimd"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/bf16"
)

// The shape of Qwen3-Embedding-0.6B.
const (
	hidden = 1024
	heads  = 2048 // numbers of all heads' queries
	inner  = 3072 // of the feed-forward
)

// Products of a layer, in order; products holds their out and in.
const (
	query = iota
	key
	value
	output
	gate
	up
	down
)

var products = [][2]int{
	query: {heads, hidden}, key: {hidden, hidden}, value: {hidden, hidden}, output: {hidden, heads},
	gate: {inner, hidden}, up: {inner, hidden}, down: {hidden, inner},
}

// A pass is products alone, chained so that each depends on the one before and none can be left out: x [n, H] →
//
//	q = x·Wqᵀ + [x·Wkᵀ, x·Wvᵀ]    h = q·Woᵀ    x = (h·Wgᵀ + h·Wuᵀ)·Wdᵀ
//
// once for each layer. No layer's weights are in a cache when their turn comes again.
type pass func(x []float32, n int) ([]float32, error)

// weights of one product: N(0, 1 / 2·in), which keeps the chain's numbers near 1.
func weights(layer, which int) []float32 {
	out, in := products[which][0], products[which][1]
	draw := rand.New(rand.NewPCG(uint64(layer), uint64(which)))
	w, deviation := make([]float32, out*in), 1/math.Sqrt(2*float64(in))
	for i := range w {
		w[i] = float32(draw.NormFloat64() * deviation)
	}
	return w
}

// packed are weights of a product whose inputs a kernel takes as a P.
type packed[P any] interface {
	multiply(y []float32, p *P)
}

// kernelPass is the chain with kernels; fill packs a product's inputs.
func kernelPass[M packed[P], P any](layers [][]M, fill func(p *P, x []float32, n int)) pass {
	var p P
	return func(x []float32, n int) ([]float32, error) {
		x = slices.Clone(x)
		q, k, v := make([]float32, n*heads), make([]float32, n*hidden), make([]float32, n*hidden)
		h, g, u := make([]float32, n*hidden), make([]float32, n*inner), make([]float32, n*inner)
		for _, w := range layers {
			fill(&p, x, n)
			w[query].multiply(q, &p)
			w[key].multiply(k, &p)
			w[value].multiply(v, &p)
			for t := range n {
				add(q[t*heads:][:hidden], k[t*hidden:])
				add(q[t*heads+hidden:][:hidden], v[t*hidden:])
			}
			fill(&p, q, n)
			w[output].multiply(h, &p)
			fill(&p, h, n)
			w[gate].multiply(g, &p)
			w[up].multiply(u, &p)
			add(g, u)
			fill(&p, g, n)
			w[down].multiply(x, &p)
		}
		return x, nil
	}
}

// half is a matrix of bfloat16, whose kernels embedd has.
type half struct{ *bf16.Matrix }

func (m half) multiply(y []float32, p *bf16.Inputs) { m.Multiply(y, m.Out, p, 0, m.Groups(), false) }

func packHalf(w []float32, out, in int) half {
	m := half{bf16.NewMatrix(out, in)}
	for o := range out {
		m.Set(o, w[o*in:(o+1)*in])
	}
	return m
}

func fillHalf(p *bf16.Inputs, x []float32, tokens int) {
	in := len(x) / tokens
	p.Begin(tokens, in)
	for t := range tokens {
		p.Set(t, x[t*in:(t+1)*in])
	}
}

func add(to, x []float32) {
	for i := 0; i < len(to); i += 16 {
		archsimd.LoadFloat32x16Slice(to[i:]).Add(archsimd.LoadFloat32x16Slice(x[i:])).StoreSlice(to[i:])
	}
}

// product is how the engine makes x·Wᵀ for x [1, n, in].
type product func(x *Node, layer, which int) *Node

// enginePass is the chain as one graph of the engine.
func enginePass(b compute.Backend, store *model.Store, layers int, stream dtypes.DType, mul product) (pass, error) {
	exec, err := model.NewExec(b, store, func(_ *model.Scope, x *Node) *Node {
		x = ConvertDType(InsertAxes(x, 0), stream)
		for l := range layers {
			q := Add(mul(x, l, query), Concatenate([]*Node{mul(x, l, key), mul(x, l, value)}, -1))
			h := mul(q, l, output)
			x = mul(Add(mul(h, l, gate), mul(h, l, up)), l, down)
		}
		return ConvertDType(x, dtypes.Float32)
	})
	if err != nil {
		return nil, err
	}
	exec.SetMaxCache(-1)
	return func(x []float32, n int) ([]float32, error) {
		y, err := exec.Call1(tensors.FromFlatDataAndDimensions(x, n, hidden))
		if err != nil {
			return nil, err
		}
		defer y.FinalizeAll()
		return tensors.CopyFlatData[float32](y)
	}, nil
}

// held are weights in the engine's memory: kind f32, bf16, int8, and scale of int8's rows.
type held struct{ *model.Store }

func path(kind string, layer, which int) string { return fmt.Sprintf("/%s/%d/%d", kind, layer, which) }

func (s held) node(x *Node, kind string, layer, which int) *Node {
	return s.GetVariable(path(kind, layer, which)).NodeValue(x.Graph())
}

func (s held) keep(layer, which int, w []float32, scale []float32) error {
	out, in := products[which][0], products[which][1]
	half, small := make([]bfloat16.BFloat16, len(w)), make([]int8, len(w))
	for i, v := range w {
		half[i] = bfloat16.FromFloat32(v)
		small[i] = int8(math.RoundToEven(float64(v / scale[i/in])))
	}
	for kind, t := range map[string]*tensors.Tensor{
		"f32":   tensors.FromFlatDataAndDimensions(w, out, in),
		"bf16":  tensors.FromFlatDataAndDimensions(half, out, in),
		"int8":  tensors.FromFlatDataAndDimensions(small, out, in),
		"scale": tensors.FromFlatDataAndDimensions(scale, 1, 1, out),
	} {
		if _, err := s.CreateVariable(path(kind, layer, which), t); err != nil {
			return err
		}
	}
	return nil
}

// plain multiplies by weights of a kind as the models of this repository do.
func (s held) plain(kind string) product {
	return func(x *Node, l, k int) *Node { return Einsum("bsi,oi->bso", x, s.node(x, kind, l, k)) }
}

// left has the weights as the left operand, which the CPU plugin does more quickly for few tokens.
func (s held) left(kind string) product {
	return func(x *Node, l, k int) *Node { return Einsum("oi,bsi->bso", s.node(x, kind, l, k), x) }
}

// widened keeps weights in int8 and multiplies in bf16.
func (s held) widened(x *Node, l, k int) *Node {
	y := Einsum("bsi,oi->bso", x, ConvertDType(s.node(x, "int8", l, k), x.DType()))
	return Mul(y, ConvertDType(s.node(x, "scale", l, k), x.DType()))
}

// exact is what the int8 kernel computes, by the engine: both sides in steps, sums in int32. go-xla v0.4.1 has no
// product of int8 with sums in int32: it drops the type that was asked for, and sums of int8 overflow without a word.
func (s held) exact(x *Node, l, k int) *Node {
	size := MulScalar(ReduceAndKeep(Abs(x), ReduceMax, -1), 1./127)
	steps := ConvertDType(Round(Div(x, size)), dtypes.Int32)
	y := Einsum("bsi,oi->bso", steps, ConvertDType(s.node(x, "int8", l, k), dtypes.Int32))
	return Mul(Mul(ConvertDType(y, dtypes.Float32), size), s.node(x, "scale", l, k))
}
