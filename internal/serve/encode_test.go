package serve_test

import (
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	hivesv1 "hives/proto/hives/v1"
)

// half decodes an IEEE half-precision number from its definition.
func half(bits uint16) float64 {
	sign, exponent, fraction := 1.0, int(bits>>10&31), float64(bits&1023)
	if bits>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * fraction / 1024 * math.Pow(2, -14)
	case 31:
		return sign * math.Inf(1)
	}
	return sign * (1 + fraction/1024) * math.Pow(2, float64(exponent-15))
}

// TestHalvesAreTheNearest compares each number with the two neighbours of its half, the smallest ones included.
func TestHalvesAreTheNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float32Range(-1, 1).Draw(t, "x") *
			float32(math.Pow(2, float64(-rapid.IntRange(0, 28).Draw(t, "exponent"))))
		_, packed, _, err := serve.EncodeVector([]float32{x}, hivesv1.Encoding_ENCODING_FLOAT16)
		if err != nil || len(packed) != 2 {
			t.Fatal(packed, err)
		}
		bits := binary.LittleEndian.Uint16(packed)
		off := math.Abs(half(bits) - float64(x))
		for _, next := range []uint16{bits + 1, bits - 1} {
			if next&0x7fff < 0x7c00 && math.Abs(half(next)-float64(x)) < off {
				t.Fatalf("%g became %g, %g is nearer", x, half(bits), half(next))
			}
		}
	})
}

// TestBytesAreWithinHalfAStep decodes as the interface says: number = byte · scale.
func TestBytesAreWithinHalfAStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float32Range(-3, 3), 1, 40).Draw(t, "v")
		_, packed, scale, err := serve.EncodeVector(v, hivesv1.Encoding_ENCODING_INT8)
		if err != nil || len(packed) != len(v) {
			t.Fatal(packed, err)
		}
		most := 0.0
		for i, x := range v {
			most = math.Max(most, math.Abs(float64(x)))
			if off := math.Abs(float64(int8(packed[i]))*float64(scale) - float64(x)); off > float64(scale)*0.5001 {
				t.Fatalf("%g is off by %g at a scale of %g", x, off, scale)
			}
			if int8(packed[i]) == -128 {
				t.Fatal("−128 has no opposite")
			}
		}
		if math.Abs(float64(scale)-most/127) > 1e-6*most {
			t.Fatalf("scale %g, want %g / 127", scale, most)
		}
	})
}

func TestSignsAreInNumpysOrder(t *testing.T) {
	v := []float32{1, -1, 0, 2, -3, -0.5, 0.1, 0.2, 7, -7} // 1 0 0 1 0 0 1 1 | 1 0
	_, packed, scale, err := serve.EncodeVector(v, hivesv1.Encoding_ENCODING_BINARY)
	if err != nil || len(packed) != 2 || packed[0] != 0b10010011 || packed[1] != 0b10000000 || scale != 0 {
		t.Errorf("%08b, scale %g, %v", packed, scale, err)
	}
}

func TestHalvesRefuseOverflow(t *testing.T) {
	if _, _, _, err := serve.EncodeVector([]float32{1e6}, hivesv1.Encoding_ENCODING_FLOAT16); err == nil {
		t.Error("a million became a half-precision number")
	}
	if _, packed, _, err := serve.EncodeVector([]float32{65504, 0}, hivesv1.Encoding_ENCODING_FLOAT16); err != nil ||
		len(packed) != 4 {
		t.Errorf("the largest half-precision number: %v", err)
	}
}

// TestEncodingsOverTheWire asks for each encoding of one text and decodes it.
func TestEncodingsOverTheWire(t *testing.T) {
	_, c := start(t)
	full := want(t, "a lie")
	for e, tolerance := range map[hivesv1.Encoding]float64{
		hivesv1.Encoding_ENCODING_FLOAT32: 1e-6, hivesv1.Encoding_ENCODING_FLOAT16: 5e-4, hivesv1.Encoding_ENCODING_INT8: 1. /
			254,
	} {
		got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"a lie"}, Encoding: e})
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(decode(got.Embeddings[0], e), full); d > tolerance {
			t.Errorf("%v differs by %g", e, d)
		}
	}
	got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"a lie"},
		Encoding: hivesv1.Encoding_ENCODING_BINARY})
	if err != nil || len(got.Embeddings[0].Packed) != 1 {
		t.Fatal(got, err)
	}
	for i := range servetest.Dim {
		if set := got.Embeddings[0].Packed[0]>>(7-i)&1 == 1; set != (full[i] > 0) {
			t.Errorf("bit %d is %v for %g", i, set, full[i])
		}
	}
}

func decode(e *hivesv1.Embedding, as hivesv1.Encoding) []float32 {
	var out []float32
	switch as {
	case hivesv1.Encoding_ENCODING_FLOAT16:
		for i := 0; i < len(e.Packed); i += 2 {
			out = append(out, float32(half(binary.LittleEndian.Uint16(e.Packed[i:]))))
		}
	case hivesv1.Encoding_ENCODING_INT8:
		for _, b := range e.Packed {
			out = append(out, float32(int8(b))*e.Scale)
		}
	default:
		return e.Values
	}
	return out
}
