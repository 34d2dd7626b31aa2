package tokenizer

import "hives/internal/fault"

// Qwen3-Embedding's framing.
const (
	DefaultMaxLength = 256             // ids a text, end token included
	DefaultEndToken  = "<|endoftext|>" // its hidden state is the text's vector
)

// Framed frames texts for last-token pooling: ids cut to MaxLength−1, then the end token, always. It does
// so itself because published tokenizer.json files differ in whether their post-processor appends it. It is
// safe for concurrent use while nobody changes its fields.
type Framed struct {
	Tokenizer Tokenizer
	MaxLength int
	EndID     int32
}

// NewFramed resolves endToken in tok. A maxLength of 0 and an empty endToken mean the defaults.
func NewFramed(tok Tokenizer, maxLength int, endToken string) (*Framed, error) {
	if maxLength == 0 {
		maxLength = DefaultMaxLength
	}
	if maxLength < 2 {
		return nil, fault.New(fault.Invalid, "tokenizer: a maximum length of %d ids leaves no room for text before the end token; use 2 or more", maxLength)
	}
	if endToken == "" {
		endToken = DefaultEndToken
	}
	id, ok := tok.TokenID(endToken)
	if !ok {
		return nil, fault.New(fault.Mismatch, "tokenizer: no token %q among %d; name the end token that the model was trained with", endToken, tok.VocabSize())
	}
	return &Framed{Tokenizer: tok, MaxLength: maxLength, EndID: id}, nil
}

// prefixEncoder is a Tokenizer that can stop early.
type prefixEncoder interface {
	EncodePrefix(dst []int32, text string, limit int) ([]int32, error)
}

// Encode returns the framed ids of text, of length 1 (empty text) to MaxLength, and whether ids were cut
// off. Cutting a long text does not cost the encoding of all of it.
func (f *Framed) Encode(text string) (ids []int32, truncated bool, err error) {
	if p, ok := f.Tokenizer.(prefixEncoder); ok {
		ids, err = p.EncodePrefix(nil, text, f.MaxLength) // one more than is kept: shows whether more follow
	} else {
		ids, err = f.Tokenizer.Encode(nil, text)
	}
	if err != nil {
		return nil, false, err
	}
	return f.Frame(ids)
}

// Frame cuts ids, which hold no end token yet, and appends it. It refuses ids outside the vocabulary. The
// result shares no memory with ids.
func (f *Framed) Frame(ids []int32) (framed []int32, truncated bool, err error) {
	// Ids may come from outside (an RPC, a file), and an embedding look-up would not notice a wrong one.
	size := f.Tokenizer.VocabSize()
	for i, id := range ids {
		if id < 0 || int(id) >= size {
			return nil, false, fault.New(fault.Invalid, "tokenizer: id %d at position %d is outside the vocabulary of %d", id, i, size)
		}
	}
	truncated = len(ids) > f.MaxLength-1
	if truncated {
		ids = ids[:f.MaxLength-1]
	}
	framed = append(append(make([]int32, 0, len(ids)+1), ids...), f.EndID)
	return framed, truncated, f.check(framed)
}

// check asserts what pooling relies on.
func (f *Framed) check(framed []int32) error {
	if n := len(framed); n == 0 || n > f.MaxLength || framed[n-1] != f.EndID {
		return fault.New(fault.Mismatch, "tokenizer: framed row of %d ids (at most %d) does not end in token %d", n, f.MaxLength, f.EndID)
	}
	return nil
}

// FitsVocabulary refuses a tokenizer whose ids reach beyond the rows of an embedding table. A larger table
// is fine: Qwen3's has unused rows at its end.
func FitsVocabulary(tok Tokenizer, vocabSize int) error {
	if tok.VocabSize() > vocabSize {
		return fault.New(fault.Mismatch, "tokenizer has %d ids, the model's embedding table %d rows: they do not belong together; take the tokenizer.json of the model's own folder", tok.VocabSize(), vocabSize)
	}
	return nil
}

// PadLeft lays rows out as one [B, S] array, S = length, row by row, with padID before each row so that
// the last position of every row is its end token. lengths has the unpadded length of each row: the pad id
// may equal the end token's, so the ids alone do not tell.
func PadLeft(rows [][]int32, length int, padID int32) (ids []int32, lengths []int32, err error) {
	if length < 1 {
		return nil, nil, fault.New(fault.Invalid, "tokenizer: padding to length %d; it must be at least 1", length)
	}
	ids = make([]int32, 0, len(rows)*length) // [B, S]
	lengths = make([]int32, 0, len(rows))    // [B]
	for i, row := range rows {
		if len(row) == 0 || len(row) > length {
			return nil, nil, fault.New(fault.Invalid, "tokenizer: row %d has %d ids, a padded row 1 to %d", i, len(row), length)
		}
		for range length - len(row) {
			ids = append(ids, padID)
		}
		ids = append(ids, row...)
		lengths = append(lengths, int32(len(row)))
	}
	return ids, lengths, nil
}
