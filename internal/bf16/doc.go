// Package bf16 multiplies matrices of bfloat16 on a processor that has an instruction for it (AVX512_BF16).
//
// A Matrix W [out, in] is packed once. Inputs x [tokens, in] are packed for each product, which is x·Wᵀ in float32:
//
//	w := bf16.NewMatrix(out, in)       // and w.Set(o, row) for each of its rows
//	var x bf16.Inputs
//	x.Begin(tokens, in)                // and x.Set(t, row) for each token
//	w.Multiply(y, out, &x, 0, w.Groups(), false)
//
// What does it round? Weights and inputs, to 8 bits of precision. Products are exact and sums are float32. The
// instruction takes numbers below 1.2e-38 for 0.
//
// Invariant: y[t, o] is the same to the bit whatever the other tokens are and however many: each sum is of one token
// and one row, in the order of in. A library that picks its order by the size of a product cannot promise this, and so
// a text's vector there depends in its last digits on the texts beside it.
//
// How fast? For 64 tokens and more as fast as the instruction can be issued; for a few as fast as weights come from
// memory (docs/BENCHMARKS.md).
//
// The caller asks Supported first. Without GOEXPERIMENT=simd, on other processors than amd64 and on those that lack
// the instruction it is false, and nothing else here may be called.
package bf16
