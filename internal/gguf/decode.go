package gguf

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"
)

// The decoders follow ggml's definitions of its blocks (ggml-quants.c), with sums and products rounded to float32
// one by one, as the reference does: float32(x*y) also keeps a compiler from fusing it with a sum.

// half reads a little-endian float16; widening to float32 is exact.
func half(b []byte) float32 { return float16.Frombits(binary.LittleEndian.Uint16(b)).Float32() }

// plain types: dst and src are a whole row.

// decodeF32 and decodeF16 take a whole row: a block of one number would be a call for each.
func decodeF32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func decodeF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = half(src[2*i:])
	}
}

// A bfloat16 is the upper half of a float32, so shifting is all.
//
//	c0 3f → 0x3fc0 → 0x3fc00000 → 1.5
func decodeBF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}

// decodeQ8_0: scale f16, 32 signed bytes. A number is d·q: 8.5 bits each, and the error is at most half of d.
func decodeQ8_0(dst []float32, b []byte) {
	d := half(b)
	for i, q := range b[2:34] {
		dst[i] = d * float32(int8(q))
	}
}

// decodeQ4_0: scale f16, 16 bytes; low halves are the first 16 numbers, high halves the last, each less 8. With a
// scale of 0.5 the byte 0x7f is (15−8)·0.5 = 3.5 for number i and (7−8)·0.5 = −0.5 for number i+16.
func decodeQ4_0(dst []float32, b []byte) {
	d := half(b)
	for i, q := range b[2:18] {
		dst[i] = d * float32(int(q&15)-8)
		dst[i+16] = d * float32(int(q>>4)-8)
	}
}

// decodeQ4_1: scale and least value f16, 16 bytes as in Q4_0. A number is scale·q + least, so blocks of one sign
// lose no code to the other.
//
//	scale .5, least −1, byte 0x72: number i is .5·2 − 1 = 0, number i+16 is .5·7 − 1 = 2.5
func decodeQ4_1(dst []float32, b []byte) {
	d, least := half(b), half(b[2:])
	for i, q := range b[4:20] {
		dst[i] = float32(d*float32(q&15)) + least
		dst[i+16] = float32(d*float32(q>>4)) + least
	}
}

// decodeQ4K: f16 scale of scales and of minima, 12 bytes with 8 scales and 8 minima of 6 bits, 128 bytes. Each 32
// bytes hold 64 numbers: low halves with one scale, then high halves with the next. A number is d·scale·q −
// dmin·minimum with q from 0 to 15: 256 numbers in 144 bytes, 4.5 bits each.
//
// The scales are scaled themselves: 6 bits of 8 scales and 8 minima are 12 bytes where float16 would be 32.
func decodeQ4K(dst []float32, b []byte) {
	d, least := half(b), half(b[2:])
	packed, quants := b[4:16], b[16:144]
	for s := range 8 {
		scale, minimum := scaleQ4K(packed, s)
		step, floor := d*float32(scale), least*float32(minimum)
		shift := uint(s%2) * 4
		for i, q := range quants[s/2*32 : s/2*32+32] {
			dst[s*32+i] = float32(step*float32(q>>shift&15)) - floor
		}
	}
}

// scaleQ4K unpacks scale and minimum s of 8. The first four lie in the low 6 bits of bytes s and s+4; of the last
// four the low 4 bits lie in byte s+4 and the high 2 in the top of the bytes of the first four. For s = 5: the scale
// is the low half of byte 9 under the top two bits of byte 1, the minimum the high half of byte 9 under those of
// byte 5.
func scaleQ4K(packed []byte, s int) (scale, minimum byte) {
	if s < 4 {
		return packed[s] & 63, packed[s+4] & 63
	}
	return packed[s+4]&15 | packed[s-4]>>6<<4, packed[s+4]>>4 | packed[s]>>6<<4
}

// decodeQ6K: 128 bytes of low halves, 64 bytes of 2 high bits each, 16 signed scales, f16 scale of scales. Of each
// 128 numbers, number 32·g + i has its low half in byte 32·(g%2) + i, the high nibble from g = 2 on, its two high
// bits in byte i at 2·g, and scale 2·g + i/16; less 32. A number is d·scale·(q−32) with q from 0 to 63: 256 numbers
// in 210 bytes, 6.56 bits each.
func decodeQ6K(dst []float32, b []byte) {
	low, high, scales, d := b[:128], b[128:192], b[192:208], half(b[208:])
	for part := range 2 {
		for g := range 4 {
			for i := range 32 {
				q := low[64*part+g%2*32+i] >> (g / 2 * 4) & 15
				q |= high[32*part+i] >> (2 * g) & 3 << 4
				step := d * float32(int8(scales[8*part+2*g+i/16]))
				dst[128*part+32*g+i] = step * float32(int(q)-32)
			}
		}
	}
}
