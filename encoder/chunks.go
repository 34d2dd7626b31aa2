package encoder

import (
	"context"

	"hives/internal/fault"
)

// Chunk is how many texts a call of Encode is given by those who have many: enough for full batches, and few
// enough that an error or a cancelled context is heard of soon.
const Chunk = 1024

// Chunks embeds n texts by calls of at most Chunk and hands the vectors of each call to take, in order. It
// refuses an encoder that answers with another number of vectors, or that becomes another model on the way: a
// daemon may be given new weights between two calls, and half of the vectors would then lie in another space.
//
// 2,500 texts are three calls: take is given 0 with 1,024 vectors, 1,024 with as many, 2,048 with 452. text is
// asked for each text once, so it may read them from a disk.
func Chunks(ctx context.Context, enc Encoder, n int, text func(int) string, take func(from int, vectors [][]float32,
	id Identity) error) error {
	var first Identity
	for from := 0; from < n; from += Chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		inputs := make([]Input, min(Chunk, n-from))
		for i := range inputs {
			inputs[i].Text = text(from + i)
		}
		vectors, id, err := enc.Encode(ctx, inputs)
		if err != nil {
			return fault.New(fault.Of(err), "embed texts %d to %d: %w", from, from+len(inputs)-1, err)
		}
		if from == 0 {
			first = id
		}
		if difference := first.Unlike(id); difference != "" {
			return fault.New(fault.Mismatch, "the embedder changed after %d texts: %s; begin again with one model",
				from, difference)
		}
		if len(vectors) != len(inputs) {
			return fault.New(fault.Mismatch, "the embedder answered %d vectors for %d texts", len(vectors), len(inputs))
		}
		if err := take(from, vectors, id); err != nil {
			return err
		}
	}
	return nil
}
