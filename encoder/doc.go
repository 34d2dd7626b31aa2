// Package encoder defines what everything outside training knows of a model: texts in, unit vectors out.
//
// Three packages below it are encoders: local runs a model folder on this machine, remote asks a daemon of ours
// over gRPC, openai asks any server that speaks OpenAI's embeddings. Evaluation, value vectors and anchors take
// an Encoder, so they judge whatever answers like one and cannot reach into a model.
//
// The caller owes texts that are not empty, and compares Identity before it compares vectors: vectors of two
// models have cosines too, which mean nothing. An encoder owes unit rows, finite, one an input, in order; what it
// cannot embed it refuses by the input's number, and never with the text.
//
// Axis letters: N inputs, D numbers of a vector.
package encoder
