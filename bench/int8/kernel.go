//go:build goexperiment.simd && amd64

package main

import (
	"encoding/binary"
	"math"
	"simd/archsimd"
)

// A kernel multiplies packed weights with packed inputs, a step at a time: four int8 of 16 rows with as many of each
// token. Those of bfloat16 are package internal/bf16's.
//
//	w    panels of 16 rows, stride bytes apart: [steps, 16 rows, 4 bytes]
//	x    [steps, tokens, 4 bytes]
//	acc  [tokens, panels, 16 rows], int32
//
// For example four int8 of row 3 lie in one piece, so that a register of 64 bytes holds them for 16 rows, and one
// instruction adds four products to the sum of each row.
type kernel func(acc *int32, w *byte, stride int, x *byte, steps int)

//go:noescape
func dot1x16Int8(acc *int32, w *byte, stride int, x *byte, steps int)

//go:noescape
func dot4x4Int8(acc *int32, w *byte, stride int, x *byte, steps int)

//go:noescape
func dot4x1Int8(acc *int32, w *byte, stride int, x *byte, steps int)

// tile is what one call of a kernel makes: 16 · panels rows of some tokens. 16 tokens are enough to hide the loads of
// weights; of fewer, four panels at a time keep the sums independent.
type tile struct {
	panels, tokens int
	run            kernel
}

var tiles = []tile{{1, 16, dot1x16Int8}, {4, 4, dot4x4Int8}, {4, 1, dot4x1Int8}}

// tileFor is the largest whose tokens divide n.
func tileFor(n int) tile {
	for _, t := range tiles {
		if n%t.tokens == 0 {
			return t
		}
	}
	panic("a tile of one token fits all")
}

const lanes = 16 // rows of a panel

// matrix is W [out, in], packed. out is a multiple of 64, in of 16.
type matrix struct {
	out, in int
	bytes   []byte
	scale   []float32 // the size of a step of each row
}

// place is where number i of row o begins.
func (m matrix) place(o, i int) int {
	return o/lanes*lanes*m.in + i/4*4*lanes + o%lanes*4 + i%4
}

// packInt8 rounds each row to ±127 steps of its own. The instruction multiplies an unsigned with a signed number. So a
// byte is a weight's steps + 128, and inputs.excess takes 128 × the sum of the inputs off again.
func packInt8(w []float32, out, in int) matrix {
	m := matrix{out, in, make([]byte, out*in), make([]float32, out)}
	for o := range out {
		row := w[o*in : (o+1)*in]
		m.scale[o] = largest(row) / 127
		for i, v := range row {
			m.bytes[m.place(o, i)] = byte(128 + int(math.RoundToEven(float64(v/m.scale[o]))))
		}
	}
	return m
}

// inputs are x [tokens, in] of a product, packed for a tile.
type inputs struct {
	tokens int
	tile   tile
	bytes  []byte
	scale  []float32 // the size of a step of each token
	excess []int32   // what the weights' +128 adds to each of a token's sums
}

// int8 rounds each token to ±127 steps of its own.
func (p *inputs) int8(x []float32, tokens int) {
	in := p.begin(tokens, len(x))
	for t := range tokens {
		row := x[t*in : (t+1)*in]
		top := largest(row)
		if top == 0 {
			top = 1
		}
		p.scale[t] = top / 127
		steps := archsimd.BroadcastFloat32x16(127 / top)
		var sum archsimd.Int32x16
		to, stride := p.row(t, in), 4*p.tile.tokens
		for i := 0; i < in; i += 16 {
			n := archsimd.LoadFloat32x16Slice(row[i:]).Mul(steps).RoundToEvenScaled(0).ConvertToInt32()
			sum = sum.Add(n)
			var four [4]uint32
			n.TruncateToInt8().AsUint32x4().Store(&four)
			for k, v := range four {
				binary.LittleEndian.PutUint32(to[(i/4+k)*stride:], v)
			}
		}
		var sums [16]int32
		sum.Store(&sums)
		p.excess[t] = 0
		for _, v := range sums {
			p.excess[t] += 128 * v
		}
	}
}

// begin makes room and returns in.
func (p *inputs) begin(tokens, numbers int) int {
	p.tokens, p.tile = tokens, tileFor(tokens)
	p.bytes = grown(p.bytes, numbers)
	p.scale, p.excess = grown(p.scale, tokens), grown(p.excess, tokens)
	return numbers / tokens
}

// row is where the first four bytes of token t lie.
func (p *inputs) row(t, rowBytes int) []byte {
	g := p.tile.tokens
	return p.bytes[t/g*g*rowBytes+t%g*4:]
}

func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// multiply writes y [tokens, out] = x·Wᵀ in float32.
func (m matrix) multiply(y []float32, p *inputs) {
	rowBytes := m.in
	var acc [256]int32
	for first := 0; first < m.out; first += p.tile.panels * lanes {
		for t := 0; t < p.tokens; t += p.tile.tokens {
			p.tile.run(&acc[0], &m.bytes[first*rowBytes], lanes*rowBytes, &p.bytes[t*rowBytes], rowBytes/4)
			for k := range p.tile.tokens {
				for q := range p.tile.panels {
					sums := archsimd.LoadInt32x16Slice(acc[(k*p.tile.panels+q)*lanes:])
					m.scaled(sums, first+q*lanes, p, t+k).StoreSlice(y[(t+k)*m.out+first+q*lanes:])
				}
			}
		}
	}
}

// scaled turns the sums of 16 rows from o on into numbers.
func (m matrix) scaled(sums archsimd.Int32x16, o int, p *inputs, t int) archsimd.Float32x16 {
	steps := sums.Sub(archsimd.BroadcastInt32x16(p.excess[t])).ConvertToFloat32()
	return steps.Mul(archsimd.LoadFloat32x16Slice(m.scale[o:])).Mul(archsimd.BroadcastFloat32x16(p.scale[t]))
}

// largest is the largest absolute value of a row.
func largest(row []float32) float32 {
	unsigned := archsimd.BroadcastInt32x16(math.MaxInt32)
	var top archsimd.Float32x16
	for i := 0; i < len(row); i += 16 {
		top = top.Max(archsimd.LoadFloat32x16Slice(row[i:]).AsInt32x16().And(unsigned).AsFloat32x16())
	}
	var all [16]float32
	top.Store(&all)
	m := all[0]
	for _, v := range all {
		m = max(m, v)
	}
	return m
}
