package encoder

import "context"

// Input is one text, given as a string or as token ids; exactly one is set.
type Input struct {
	Text   string  // tokenised, cut to the model's length, end token appended
	IDs    []int32 // used as they are: whoever gives ids has put the end token last
	Prompt string  // put before Text, for instance "Instruct: …\nQuery:"
}

// Identity says which model made a vector; two vectors are comparable when their identities are equal but for
// name and engine (Unlike). Pooling and MaxLength belong to it: the same weights read another way give other
// vectors.
type Identity struct {
	Name            string `json:"name"`
	WeightsSHA256   string `json:"weights_sha256"`
	TokenizerSHA256 string `json:"tokenizer_sha256"`
	Dimension       int    `json:"dimension"`
	MaxLength       int    `json:"max_length"`
	Pooling         string `json:"pooling"`
	Engine          string `json:"engine"`
}

// Encoder embeds texts. Encode returns one unit row per input, in input order, all of the same length.
// It is safe for concurrent use and honours ctx between batches.
type Encoder interface {
	Encode(ctx context.Context, inputs []Input) ([][]float32, Identity, error)
}
