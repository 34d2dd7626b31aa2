//go:build goexperiment.simd && amd64

package main

import (
	"encoding/binary"
	"math"
	"simd/archsimd"
)

// group is how many numbers of a row share a size of their steps, on both sides, where rows as a whole are too coarse.
const group = 32

// abreast is how many tokens groups1x8Int8 takes; fewer are filled up with zeros.
const abreast = 8

// groups1x8Int8 is a kernel whose integers become float32 after each group:
//
//	acc   [8 tokens, 16 rows] float32     w, x      as of a kernel, 8 tokens
//	size  [groups, 16 rows]               of, less  [groups, 8 tokens]
//
//	acc = Σ over groups of (less + Σ w·x) · size · of
//
//go:noescape
func groups1x8Int8(acc *float32, w *byte, size *float32, x *byte, of *float32, less *int32, groups, steps int)

// grouped is W [out, in] in int8, panels of 16 rows as a matrix has them.
type grouped struct {
	matrix
	size []float32 // [out/16, in/32, 16 rows]
}

func packGroups(w []float32, out, in int) grouped {
	m := grouped{matrix{out, in, make([]byte, out*in), nil}, make([]float32, out*in/group)}
	for o := range out {
		for g := range in / group {
			from := w[o*in+g*group:][:group]
			size := largest(from) / 127
			m.size[o/lanes*lanes*in/group+g*lanes+o%lanes] = size
			for i, v := range from {
				m.bytes[m.place(o, g*group+i)] = byte(128 + int(math.RoundToEven(float64(v/size))))
			}
		}
	}
	return m
}

// groupInputs are x [tokens, in], filled up to a multiple of 8 tokens.
type groupInputs struct {
	tokens int
	bytes  []byte    // [tokens/8, steps, 8, 4]
	of     []float32 // [tokens/8, groups, 8]
	less   []int32   // −128 × the sum of a group's bytes, laid out as of
}

func (p *groupInputs) fill(x []float32, tokens int) {
	in := len(x) / tokens
	full := (tokens + abreast - 1) / abreast * abreast
	p.tokens = tokens
	p.bytes, p.of, p.less = grown(p.bytes, full*in), grown(p.of, full*in/group), grown(p.less, full*in/group)
	if full > tokens {
		clear(p.bytes)
		clear(p.of)
		clear(p.less)
	}
	for t := range tokens {
		for g := range in / group {
			at := t/abreast*abreast*in/group + g*abreast + t%abreast
			to := p.bytes[t/abreast*abreast*in+g*group*abreast+t%abreast*4:]
			p.of[at], p.less[at] = groupSteps(to, x[t*in+g*group:][:group])
		}
	}
}

// groupSteps writes 32 numbers as ±127 steps, four by four, and returns the size of a step and what to add to sums.
func groupSteps(to []byte, x []float32) (size float32, less int32) {
	a, b := archsimd.LoadFloat32x16Slice(x), archsimd.LoadFloat32x16Slice(x[16:])
	unsigned := archsimd.BroadcastInt32x16(math.MaxInt32)
	top := across(a.AsInt32x16().And(unsigned).Max(b.AsInt32x16().And(unsigned)))
	if top == 0 {
		top = 1
	}
	steps := archsimd.BroadcastFloat32x16(127 / top)
	m, n := a.Mul(steps).RoundToEvenScaled(0).ConvertToInt32(), b.Mul(steps).RoundToEvenScaled(0).ConvertToInt32()
	var eight [8]uint32
	m.TruncateToInt8().AsUint32x4().Store((*[4]uint32)(eight[:4]))
	n.TruncateToInt8().AsUint32x4().Store((*[4]uint32)(eight[4:]))
	for k, v := range eight {
		binary.LittleEndian.PutUint32(to[k*4*abreast:], v)
	}
	var sums [16]int32
	m.Add(n).Store(&sums)
	for _, v := range sums {
		less -= 128 * v
	}
	return top / 127, less
}

// across is the largest of 16 floats that are not negative, given by their bits, which then order as integers do.
func across(v archsimd.Int32x16) float32 {
	half := v.GetLo().Max(v.GetHi())
	quarter := half.GetLo().Max(half.GetHi())
	var four [4]int32
	quarter.Store(&four)
	return math.Float32frombits(uint32(max(four[0], four[1], four[2], four[3])))
}

func (m grouped) multiply(y []float32, p *groupInputs) {
	var acc [abreast * lanes]float32
	groups := m.in / group
	for first := 0; first < m.out; first += lanes {
		for t := 0; t < p.tokens; t += abreast {
			groups1x8Int8(&acc[0], &m.bytes[first*m.in], &m.size[first*groups], &p.bytes[t*m.in], &p.of[t*groups],
				&p.less[t*groups], groups, group/4)
			for k := range min(abreast, p.tokens-t) {
				copy(y[(t+k)*m.out+first:][:lanes], acc[k*lanes:])
			}
		}
	}
}
