//go:build goexperiment.simd && amd64

package bf16

// A kernel multiplies packed weights with packed inputs, a step at a time: two numbers of 16 rows with two of each
// token.
//
//	w    panels of 16 rows, stride bytes apart: [steps, 16 rows, 2]
//	x    [steps, tokens, 2]
//	acc  [tokens, panels, 16 rows]
//
// dotPxT is for P panels and T tokens. The one of 16 tokens puts theirs any number of bytes apart, so that a product
// need not be copied to where it belongs.

//go:noescape
func dot1x16(acc *float32, apart int, w *byte, x *byte, steps int)

//go:noescape
func dot4x4(acc *float32, w *byte, stride int, x *byte, steps int)

//go:noescape
func dot4x1(acc *float32, w *byte, stride int, x *byte, steps int)
