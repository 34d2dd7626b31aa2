package tokenizer

// Tokenizer turns text into token ids, without adding any special token. Implementations are safe for
// concurrent use.
//
//	ids, err := t.Encode(nil, "He kept his word.")      // the ids of He, Ġkept, Ġhis, Ġword and .
//	framed, err := NewFramed(t, 256, "<|endoftext|>")   // puts the end token behind, and cuts
type Tokenizer interface {
	// Encode appends the ids of text to dst. It refuses text that is not valid UTF-8.
	Encode(dst []int32, text string) ([]int32, error)
	// VocabSize is one more than the largest id.
	VocabSize() int
	// TokenID returns the id of a whole token such as "<|endoftext|>".
	TokenID(token string) (int32, bool)
	// SHA256 is the hex digest of the tokenizer.json it was read from.
	SHA256() string
	Close() error
}
