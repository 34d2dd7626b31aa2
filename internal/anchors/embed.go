package anchors

import (
	"context"
	"encoding/hex"
	"encoding/json"

	bank "hives/data/anchors"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/kmeans"
	"hives/model/folder"
)

// embedChunk is how many texts are embedded by one call: enough for full batches, and no second copy of all vectors
// in memory. With 1,024 numbers a vector that is 4 MB.
const embedChunk = 1024

// identified is an encoder that knows who it is before its first text. A refusal then costs nothing; with others it
// costs the first chunk.
type identified interface{ Identity() encoder.Identity }

// embed returns the vectors of n texts as one matrix, [N, d]. accept may refuse the embedder; it is asked before
// the first text where the encoder can tell, and again with the first vectors: a server may have been given
// another model since it said who it was.
func embed(ctx context.Context, enc encoder.Encoder, n int, text func(int) string,
	accept func(encoder.Identity) error) (kmeans.Points, encoder.Identity, error) {
	var p kmeans.Points
	var id encoder.Identity
	// an HTTP endpoint learns it from its first vector
	if known, ok := enc.(identified); ok && known.Identity().Dimension > 0 {
		if err := accept(known.Identity()); err != nil {
			return p, id, err
		}
	}
	for from := 0; from < n; from += embedChunk {
		to := min(from+embedChunk, n)
		inputs := make([]encoder.Input, to-from)
		for i := range inputs {
			inputs[i].Text = text(from + i)
		}
		vectors, who, err := enc.Encode(ctx, inputs)
		if err != nil {
			return p, id, fault.New(fault.Of(err), "embed texts %d to %d: %w", from, to-1, err)
		}
		if from == 0 {
			if err := accept(who); err != nil {
				return p, id, err
			}
			id, p = who, kmeans.NewPoints(n, len(vectors[0]))
		}
		// Stricter than Unlike: a build is recorded to the engine, and one build has one.
		if who != id {
			return p, id, fault.New(fault.Mismatch, "the embedder changed after %d texts, from weights %s to %s", from,
				short(id.WeightsSHA256), short(who.WeightsSHA256))
		}
		for i, v := range vectors {
			copy(p.Row(from+i), v)
		}
	}
	return p, id, p.Check()
}

// refuseWeights returns a check that the embedder is none of those that the bank is to train. A model whose own
// vectors chose the anchors would be pulled to where it already is: the loss falls, and nothing was learned.
func refuseWeights(notFor []string) func(encoder.Identity) error {
	return func(id encoder.Identity) error {
		if len(notFor) > 0 && id.WeightsSHA256 == "" {
			return fault.New(fault.Mismatch, "the endpoint does not tell its weights, so nobody can say that they are not "+
				"those to be trained; use a model folder or embedd's gRPC")
		}
		for _, sum := range notFor {
			if sum == id.WeightsSHA256 {
				return fault.New(fault.Mismatch, "the embedder has the weights %s, which are to be trained with these anchors: "+
					"they would teach the model its own opinion; embed with another model", short(sum))
			}
		}
		return nil
	}
}

// WeightsOf names weights by their digest: arg is a digest already, or a model folder.
//
//	0437e45c… (64 hex digits)     that
//	weights/Qwen3-…               the SHA-256 of its weights
func WeightsOf(arg string) (string, error) {
	if raw, err := hex.DecodeString(arg); err == nil && len(raw) == 32 {
		return arg, nil
	}
	return folder.WeightsSHA256(arg)
}

// Embedder returns who made the vectors of a bank. A bank that somebody wrote by hand names none, and cannot be
// assigned by.
func Embedder(b *bank.Bank) (encoder.Identity, error) {
	var id encoder.Identity
	if err := json.Unmarshal([]byte(b.Meta[metaEmbedder]), &id); err != nil {
		return id, fault.New(fault.Invalid, "anchors: the bank names no embedder; make it with hives anchors build")
	}
	return id, nil
}

// refuseOther returns a check that the embedder is want. Its name and engine may differ: they change no
// vector beyond rounding.
func refuseOther(want encoder.Identity) func(encoder.Identity) error {
	return func(id encoder.Identity) error {
		switch {
		case id.WeightsSHA256 != want.WeightsSHA256:
			return fault.New(fault.Mismatch, "the anchors were made with the weights %s (%s), this embedder has %s; "+
				"use the same model or build the anchors anew", short(want.WeightsSHA256), want.Name, short(id.WeightsSHA256))
		case id.WeightsSHA256 == "" && id.Name != want.Name:
			return fault.New(fault.Mismatch, "the anchors were made by the endpoint's model %q, this one is %q, and neither "+
				"tells its weights", want.Name, id.Name)
		case id.TokenizerSHA256 != want.TokenizerSHA256:
			return fault.New(fault.Mismatch, "the anchors were made with the tokenizer %s, this embedder has %s",
				short(want.TokenizerSHA256), short(id.TokenizerSHA256))
		case id.Dimension != want.Dimension || id.MaxLength != want.MaxLength || id.Pooling != want.Pooling:
			return fault.New(fault.Mismatch, "the anchors were made with %d dimensions, %d tokens and %s pooling, "+
				"this embedder has %d, %d and %s",
				want.Dimension, want.MaxLength, want.Pooling, id.Dimension, id.MaxLength, id.Pooling)
		}
		return nil
	}
}

// short is enough of a digest to recognise it by. Twelve digits are 48 bits: two of a user's files do not share them.
func short(digest string) string { return digest[:min(12, len(digest))] }
