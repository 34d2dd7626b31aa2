package serve

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"

	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// Cut keeps the first d numbers of a raw vector and, if asked, divides them by their L2 norm, summed in float64. raw
// is not changed. A vector of zeros stays one. Qwen3-Embedding is trained so that the first d numbers are a shorter
// embedding, but they have no length of one any more: the order is cut, then divide.
//
//	[3, 4, 12], d = 2, normalised     [0.6, 0.8]
//	divide first, then cut            [3, 4]/13, of length 5/13: not a unit vector
func Cut(raw []float32, d int, normalize bool) []float32 {
	out := append([]float32(nil), raw[:d]...)
	if !normalize {
		return out
	}
	sum := 0.0
	for _, x := range out {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return out
	}
	scale := 1 / math.Sqrt(sum)
	for i, x := range out {
		out[i] = float32(float64(x) * scale)
	}
	return out
}

// EncodeVector writes v in an encoding: the numbers themselves, or packed bytes and the scale of INT8.
//
//	vector                FLOAT32   FLOAT16 (2 bytes each)   INT8                       BINARY
//	[0.5, −1.0, 0.25]     itself    3800 bc00 3400           scale 1/127: 64, −127, 32  101…… (0xa0)
//
// FLOAT16 and INT8 lose digits, BINARY all but the sign; the reply says which it is, and the scale of INT8.
func EncodeVector(v []float32, e hivesv1.Encoding) (values []float32, packed []byte, scale float32, err error) {
	switch e {
	case hivesv1.Encoding_ENCODING_FLOAT32:
		return v, nil, 0, nil
	case hivesv1.Encoding_ENCODING_FLOAT16:
		packed, err = halves(v)
	case hivesv1.Encoding_ENCODING_INT8:
		packed, scale = bytes8(v)
	case hivesv1.Encoding_ENCODING_BINARY:
		packed = signs(v)
	default:
		err = Refuse(fault.Invalid, "UNKNOWN_ENCODING", "encoding %d is not known", e)
	}
	return nil, packed, scale, err
}

// halves rounds to the nearest half-precision number, ties to even: little-endian, 2·d bytes.
func halves(v []float32) ([]byte, error) {
	out := make([]byte, 0, 2*len(v))
	for _, x := range v {
		h := float16.Fromfloat32(x)
		if h.IsInf(0) { // a raw vector may be larger than 65,504
			return nil, Refuse(fault.Invalid, "FLOAT16_OVERFLOW",
				"the vector does not fit half precision; normalise it or ask for another encoding")
		}
		out = binary.LittleEndian.AppendUint16(out, h.Bits())
	}
	return out, nil
}

// bytes8 is the symmetric code x ≈ byte · scale with scale = max|x|/127. A vector of zeros has a scale of 0 and
// bytes of 0. Rounding is to the nearest, so a number is off by half a step at most, scale/2
// (TestBytesAreWithinHalfAStep).
//
//	[0.254, −0.127]     scale .254/127 = .002     bytes 127, −64 (−63.5, ties to even)
//	back                                          .254, −.128: off by .001, half a step
func bytes8(v []float32) (out []byte, scale float32) {
	for _, x := range v {
		scale = max(scale, float32(math.Abs(float64(x))))
	}
	scale /= 127
	out = make([]byte, len(v))
	if scale == 0 {
		return out, 0
	}
	for i, x := range v {
		q := math.RoundToEven(float64(x) / float64(scale))
		out[i] = byte(int8(max(-127, min(127, q))))
	}
	return out, scale
}

// signs has a bit for every number, set above 0, the first in the highest bit: numpy.packbits(v > 0).
func signs(v []float32) []byte {
	out := make([]byte, (len(v)+7)/8)
	for i, x := range v {
		if x > 0 {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

// encodedBytes is the size of one vector on the wire, the numbers alone.
func encodedBytes(d int, e hivesv1.Encoding) int {
	switch e {
	case hivesv1.Encoding_ENCODING_FLOAT16:
		return 2 * d
	case hivesv1.Encoding_ENCODING_INT8:
		return d
	case hivesv1.Encoding_ENCODING_BINARY:
		return (d + 7) / 8
	}
	return 4 * d
}
