package fuse

import (
	"encoding/binary"
	"math"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
)

// kind is how a stored type's numbers become float64, which holds all of them exactly, and back with one rounding.
type kind struct {
	width int
	read  func(src []byte) float64
	write func(dst []byte, x float64)
}

var little = binary.LittleEndian

// kinds are the stored types of weights. Types of 8 bits are none of them: their numbers have scales beside them, and
// mean nothing alone.
var kinds = map[string]kind{
	"F64": {8, func(b []byte) float64 { return math.Float64frombits(little.Uint64(b)) },
		func(b []byte, x float64) { little.PutUint64(b, math.Float64bits(x)) }},
	"F32": {4, func(b []byte) float64 { return float64(math.Float32frombits(little.Uint32(b))) },
		func(b []byte, x float64) { little.PutUint32(b, math.Float32bits(float32(x))) }},
	"BF16": {2, func(b []byte) float64 { return float64(math.Float32frombits(uint32(little.Uint16(b)) << 16)) },
		func(b []byte, x float64) { little.PutUint16(b, bfloat16.FromFloat32(odd(x)).Bits()) }},
	"F16": {2, func(b []byte) float64 { return float16.FromBits(little.Uint16(b)).Float64() },
		func(b []byte, x float64) { little.PutUint16(b, float16.FromFloat32(odd(x)).Bits()) }},
}

// odd rounds to float32 so that rounding on to 16 bits is right: towards zero, and the last bit set where anything was
// cut off. Rounding to the nearest twice would not be. With x = 1 + 2⁻⁸ + 2⁻⁴⁰, just above the middle of two bfloat16
// numbers, the nearest float32 is the middle itself, which goes down to the even 1; x belongs to 1 + 2⁻⁷.
func odd(x float64) float32 {
	near := float32(x)
	if float64(near) == x || math.IsInf(float64(near), 0) {
		return near
	}
	bits := math.Float32bits(near)
	if math.Abs(float64(near)) > math.Abs(x) {
		bits-- // one towards zero
	}
	return math.Float32frombits(bits | 1)
}
