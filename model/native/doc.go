// Package native is a decoder's forward pass in Go, with products of package internal/bf16, for a processor that has
// AVX512_BF16: it embeds, and a language model reads, writes and scores by it. It is the same arithmetic as package
// decoder's graph, read there for what a layer is and why.
//
// Why a second pass? An engine compiles a graph for each shape, lays texts into rows of a few lengths, and picks for
// each shape its own order of sums. Here nothing is compiled, nothing is padded, and a text's vector is the same to the
// bit in any company. For few tokens the engine's products in bf16 are slow, see docs/BENCHMARKS.md.
//
//	Fits(arch) ──▶ Load(dir, arch, pooling) ──▶ Model.Vectors(ctx, batch)
//
// What is rounded? Weights, and the inputs of each product: to bfloat16. Sums, the residual stream, norms, rotary
// embedding and softmax are float32. The engine's "bf16" rounds the stream too, so these vectors are the nearer ones to
// those of float32.
//
// Where to begin: native.go (weights and the pass), attention.go, vector.go (norms, softmax, gate, rotary embedding by
// 16 numbers at a time).
//
// Axis letters: N tokens of several texts one after the other, T texts, H hidden, Q query heads, K key-value heads,
// G query heads per key-value head, D head width, F feed-forward width.
//
// Refused, by Fits: other families than decoders of RMS norm and SiLU, and processors without the instruction. The
// engine computes those. Weights are held to the config's layout and must be finite, as in package transformer.
package native
