//go:build goexperiment.simd && amd64

package bf16

import (
	"encoding/binary"
	"math"
	"simd/archsimd"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// Supported tells whether this processor has the instructions.
func Supported() bool {
	return cpu.X86.HasAVX512BF16 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ &&
		cpu.X86.HasAVX512VL
}

const (
	lanes = 16        // rows of a panel: float32 of a register
	Group = 4 * lanes // rows that a share of Multiply has at least
)

// Matrix is W [out, in] in panels of 16 rows. A panel has a step for every two columns, of 16 rows × 2 numbers:
//
//	step 0: row 0 col 0, row 0 col 1, row 1 col 0, … row 15 col 1     64 bytes, a register
//	step 1: row 0 col 2, …
//
// Rows are filled up with zeros to a multiple of 64, columns to an even number. The zero value is ready for Reset.
type Matrix struct {
	Out   int
	steps int
	bytes []byte // [out / 16, steps, 16, 2] bfloat16
}

// NewMatrix is a matrix of zeros for weights, in memory that Free gives back (Room).
func NewMatrix(out, in int) *Matrix {
	m := &Matrix{Out: out, steps: (in + 1) / 2}
	m.bytes = Room(m.size())
	return m
}

// Free ends a matrix of NewMatrix.
func (m *Matrix) Free() {
	Free(m.bytes)
	m.bytes = nil
}

// Reset makes a matrix that has not its memory from NewMatrix one of other sizes. Numbers that were set stay where they
// lie and mean nothing: every row is to be set anew. Those beyond the sizes are zeros.
func (m *Matrix) Reset(out, in int) {
	m.Out, m.steps = out, (in+1)/2
	if cap(m.bytes) < m.size() {
		m.bytes = make([]byte, m.size())
	}
	m.bytes = m.bytes[:m.size()]
	for o := out; o < m.size()/m.panelBytes()*lanes; o++ {
		m.Set(o, nil)
	}
}

// size is that of all panels, in groups of 64 rows.
func (m *Matrix) size() int { return m.Groups() * Group / lanes * m.panelBytes() }

func (m *Matrix) panelBytes() int { return m.steps * 4 * lanes }

// Groups is into how many shares of 64 rows a product can be divided.
func (m *Matrix) Groups() int { return (m.Out + Group - 1) / Group }

// Set rounds and files row o. Columns beyond the row are zeros.
func (m *Matrix) Set(o int, row []float32) {
	at := m.bytes[o/lanes*m.panelBytes()+o%lanes*4:]
	scatter(at, 4*lanes, m.steps, row)
}

// Get reads row o as it was rounded.
func (m *Matrix) Get(o int, row []float32) {
	at := m.bytes[o/lanes*m.panelBytes()+o%lanes*4:]
	for i := range row {
		half := binary.LittleEndian.Uint16(at[i/2*4*lanes+i%2*2:])
		row[i] = math.Float32frombits(uint32(half) << 16)
	}
}

// SetColumn rounds and files column i, a number of each row. Attention's values come so: a token at a time, where the
// product wants what all tokens say of a number.
func (m *Matrix) SetColumn(i int, column []float32) {
	left := uint64(16 * (i % 2))
	other := archsimd.BroadcastInt32x16(int32(uint32(0xffff0000) >> left))
	for o := 0; o < m.Out; o += lanes {
		at := m.bytes[o/lanes*m.panelBytes()+i/2*4*lanes:][:4*lanes]
		pairs := (*[lanes]int32)(unsafe.Pointer(&at[0]))
		archsimd.LoadInt32x16(pairs).And(other).Or(narrow(load(column, o)).ShiftAllLeft(left)).Store(pairs)
	}
}

// load is 16 numbers from o on, zeros beyond the end.
func load(v []float32, o int) archsimd.Float32x16 {
	if o >= len(v) {
		return archsimd.Float32x16{}
	}
	return archsimd.LoadFloat32x16SlicePart(v[o:])
}

// narrow is the upper half of each float32, rounded to the even neighbour: bfloat16 in the lower 16 bits. The NaN that
// a processor makes stays one. Others, which only a file could bring, would not; weights are finite (package native).
func narrow(v archsimd.Float32x16) archsimd.Int32x16 {
	half, one := archsimd.BroadcastInt32x16(0x7fff), archsimd.BroadcastInt32x16(1)
	b := v.AsInt32x16()
	odd := b.ShiftAllRight(16).And(one)
	upper := archsimd.BroadcastInt32x16(0xffff)
	return b.Add(half).Add(odd).ShiftAllRight(16).And(upper)
}

// scatter files a row as steps words of two bfloat16 each, stride bytes apart, zeros beyond its end. It looks once at
// whether there is room: a look at each word took 2 % of a pass.
func scatter(at []byte, stride, steps int, row []float32) {
	_ = at[(steps-1)*stride+3]
	to := unsafe.Pointer(&at[0])
	var eight [8]uint32
	for step := 0; step < steps; step += 8 {
		narrow(load(row, 2*step)).TruncateToInt16().AsUint32x8().Store(&eight)
		for k := range min(8, steps-step) {
			*(*uint32)(unsafe.Add(to, k*stride)) = eight[k]
		}
		to = unsafe.Add(to, 8*stride)
	}
}

// Round is v as bfloat16 keeps it.
func Round(v float32) float32 {
	b := math.Float32bits(v)
	return math.Float32frombits((b + 0x7fff + b>>16&1) >> 16 << 16)
}

// tile is what one call of a kernel makes: 16 · panels rows of some tokens. 16 tokens are enough to hide the loads of
// weights; of fewer, four panels at a time keep the sums independent.
type tile struct {
	panels, tokens int
	run            func(acc *float32, w *byte, stride int, x *byte, steps int)
}

var tiles = [...]tile{{1, 16, func(acc *float32, w *byte, _ int, x *byte, steps int) {
	dot1x16(acc, 4*lanes, w, x, steps)
}}, {4, 4, dot4x4}, {4, 1, dot4x1}}

// tileFor is the tile of the next of so many tokens. Two or three at the end take a tile of four.
func tileFor(left int) tile {
	switch {
	case left >= 16:
		return tiles[0]
	case left == 1:
		return tiles[2]
	}
	return tiles[1]
}

// Inputs are x [tokens, in], packed: a tile after the other, in each [steps, tokens of the tile, 2] bfloat16. The zero
// value is ready for Begin.
type Inputs struct {
	tokens, steps int
	bytes         []byte
}

// Begin makes room. Every token is to be set.
func (p *Inputs) Begin(tokens, in int) {
	p.tokens, p.steps = tokens, (in+1)/2
	if size := (tokens + 3) * p.tokenBytes(); cap(p.bytes) < size {
		p.bytes = make([]byte, size)
	} else {
		p.bytes = p.bytes[:size]
	}
	if last := tokens % 16 % 4; last > 1 {
		for t := tokens; t < tokens-last+4; t++ {
			p.put(t, tokens-last, 4, nil)
		}
	}
}

func (p *Inputs) tokenBytes() int { return 4 * p.steps }

// Set rounds and files token t. Different tokens may be set at once.
func (p *Inputs) Set(t int, row []float32) {
	first := t / 16 * 16 // of its tile
	size := 16
	if first+16 > p.tokens {
		first = t / 4 * 4
		size = tileFor(p.tokens - first).tokens
	}
	p.put(t, first, size, row)
}

func (p *Inputs) put(t, first, size int, row []float32) {
	at := p.bytes[first*p.tokenBytes()+(t-first)*4:]
	scatter(at, 4*size, p.steps, row)
}

// Multiply makes rows 64·from to 64·to of the product of every token: y[t·stride + o], replaced, or added to. Shares of
// different rows may be made at once.
func (m *Matrix) Multiply(y []float32, stride int, p *Inputs, from, to int, add bool) {
	if p.steps != m.steps {
		panic("bf16: inputs of another width than the matrix")
	}
	var acc [16 * lanes]float32
	for first := from * Group; first < min(to*Group, m.Out); first += Group {
		for t := 0; t < p.tokens; {
			k := tileFor(p.tokens - t)
			for o := first; o < min(first+Group, m.Out); o += k.panels * lanes {
				w, x := &m.bytes[o/lanes*m.panelBytes()], &p.bytes[t*p.tokenBytes()]
				if k.tokens == 16 && !add && o+lanes <= m.Out { // whole, so it goes where it belongs
					to := y[t*stride+o:]
					_ = to[15*stride+lanes-1]
					dot1x16(&to[0], 4*stride, w, x, m.steps)
					continue
				}
				k.run(&acc[0], w, m.panelBytes(), x, m.steps)
				for n := range min(k.tokens, p.tokens-t) {
					file(y[(t+n)*stride:], acc[n*k.panels*lanes:][:k.panels*lanes], o, m.Out, add)
				}
			}
			t += k.tokens
		}
	}
}

// file puts the sums of rows from o on into a token's numbers.
func file(y, sums []float32, o, out int, add bool) {
	for q := 0; q < len(sums) && o+q < out; q += lanes {
		to := y[o+q : min(o+q+lanes, out)]
		s := archsimd.LoadFloat32x16Slice(sums[q:])
		if add {
			s = s.Add(archsimd.LoadFloat32x16SlicePart(to))
		}
		s.StoreSlicePart(to)
	}
}

// Block is the product of 16 tokens, the only ones of x, with rows 16·panel to 16·panel + 15, over the first steps of
// two columns: [16 tokens, 16 rows]. Attention asks for less than a whole product, since a token sees those before it.
func (m *Matrix) Block(acc *[16 * lanes]float32, panel int, p *Inputs, steps int) {
	dot1x16(&acc[0], 4*lanes, &m.bytes[panel*m.panelBytes()], &p.bytes[0], steps)
}
