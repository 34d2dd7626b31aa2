package gguf

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/x448/float16"

	"hives/internal/safetensorsio"
)

// Every type against the numbers that Python's gguf package decodes, bit for bit.
func TestRowsAreThoseOfTheReference(t *testing.T) {
	f := mustOpen(t, "testdata/quants.gguf")
	want, err := safetensorsio.Open("testdata/quants.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if len(f.Names()) != len(layouts) {
		t.Fatalf("the fixture has %d tensors for %d types", len(f.Names()), len(layouts))
	}
	for _, name := range f.Names() {
		tensor, _ := f.Tensor(name)
		reference, err := want.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		row := make([]float32, tensor.Width())
		for i := range tensor.Rows() {
			tensor.Row(i, row)
			for j, got := range row {
				expected := make([]float32, 1)
				decodeF32(expected, reference.Data[4*(i*len(row)+j):])
				if math.Float32bits(got) != math.Float32bits(expected[0]) {
					t.Fatalf("%s [%d, %d]: %v, want %v", tensor.Type, i, j, got, expected[0])
				}
			}
		}
	}
}

// bit returns n bits from position at of a string of bytes, counted from the low end.
func bit(b []byte, at, n int) (out int) {
	for i := range n {
		out |= int(b[(at+i)/8]>>((at+i)%8)&1) << i
	}
	return out
}

func wide(b []byte) float64 {
	return float64(float16.Frombits(uint16(b[0]) | uint16(b[1])<<8).Float32())
}

// twins compute number i of a block in float64, from the drawing of its bits.
var twins = map[Type]func(b []byte, i int) float64{
	Q8_0: func(b []byte, i int) float64 { return wide(b) * float64(int8(b[2+i])) },
	Q4_0: func(b []byte, i int) float64 { return wide(b) * float64(bit(b, 16+8*(i%16)+4*(i/16), 4)-8) },
	Q4_1: func(b []byte, i int) float64 {
		return wide(b)*float64(bit(b, 32+8*(i%16)+4*(i/16), 4)) + wide(b[2:])
	},
	Q4_K: func(b []byte, i int) float64 {
		s := i / 32 // of 8 scales and minima, 6 bits each
		at := 32 + 8*s
		scale, least := bit(b, at, 6), bit(b, at+32, 6)
		if s >= 4 {
			scale = bit(b, at+32, 4) | bit(b, at-32+6, 2)<<4
			least = bit(b, at+36, 4) | bit(b, at+6, 2)<<4
		}
		q := bit(b, 128+8*(s/2*32+i%32)+4*(s%2), 4)
		return wide(b)*float64(scale)*float64(q) - wide(b[2:])*float64(least)
	},
	Q6_K: func(b []byte, i int) float64 {
		part, within := i/128, i%128
		quarter, column := within/32, within%32
		q := bit(b, 8*(64*part+32*(quarter%2)+column)+4*(quarter/2), 4) |
			bit(b, 8*(128+32*part+column)+2*quarter, 2)<<4
		return wide(b[208:]) * float64(int8(b[192+i/16])) * float64(q-32)
	},
}

// A block may hold any bytes but scales that are not finite; rows hold several blocks.
func TestBlocksAgainstTheirTwins(t *testing.T) {
	const seed, blocks = 5, 40
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 0))
	for kind, twin := range twins {
		l := layouts[kind]
		tensor := Tensor{Name: "w", Type: kind, Shape: []int{blocks / 4, 4 * l.block}, Data: make([]byte, blocks*l.bytes)}
		for i := range tensor.Data {
			tensor.Data[i] = byte(draw.Uint32())
		}
		scales := []int{0, 2} // bytes at which a block's float16 lie; the second is a scale of some types only
		if kind == Q6_K {
			scales = []int{208}
		}
		for b := range blocks {
			for _, at := range scales {
				tensor.Data[b*l.bytes+at+1] &^= 0x40 // an exponent below its largest: finite, at most 2
			}
		}
		row := make([]float32, tensor.Width())
		for i := range tensor.Rows() {
			tensor.Row(i, row)
			for j, got := range row {
				block := (i*len(row) + j) / l.block
				want := twin(tensor.Data[block*l.bytes:(block+1)*l.bytes], j%l.block)
				// Sums of float32 are rounded to their largest part, at most 2·63·15.
				if math.Abs(float64(got)-want) > 4e-7*math.Max(math.Abs(want), 2*63*15) {
					t.Fatalf("%s block %d number %d: %v, want %v", kind, block, j%l.block, got, want)
				}
			}
		}
	}
	if len(twins)+3 != len(layouts) { // the plain types have none
		t.Errorf("%d twins for %d types", len(twins), len(layouts))
	}
}

func TestTypeNames(t *testing.T) {
	if Q4_K.String() != "Q4_K" || Type(77).String() != "type 77" {
		t.Errorf("%s, %s", Q4_K, Type(77))
	}
}
