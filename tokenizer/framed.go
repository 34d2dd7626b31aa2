package tokenizer

import (
	"slices"

	"hives/internal/fault"
)

// Qwen3-Embedding's framing.
const (
	DefaultMaxLength = 256             // ids a text, end token included
	DefaultEndToken  = "<|endoftext|>" // its hidden state is the text's vector
)

// noEnd is the EndID of a Framed that puts nothing behind a text.
const noEnd = -1

// Framed frames texts as the model read them in training: the start ids, the text's ids, the end token. Ids of
// the text are cut so that all are MaxLength at most. A language model has no start ids, and its end token is
// always appended, because published tokenizer.json files differ in whether their post-processor does so (but
// NewFramedAsFile); of a WordPiece the file's post-processor holds ([CLS] text [SEP]). It is safe for concurrent
// use while nobody changes its fields.
//
// With MaxLength 6 and a text of the ids 1 to 8, e being the end token:
//
//	Qwen3   1 2 3 4 5 e              cut
//	BERT    [CLS] 1 2 3 4 [SEP]      cut
//	none    1 2 3 4 5 6              cut; NewFramedAsFile of a language model
//
// Invariant: a framed row has at least one id and at most MaxLength, begins with Start and ends with the end
// token: the text's vector is read there.
type Framed struct {
	Tokenizer Tokenizer
	MaxLength int
	Start     []int32
	EndID     int32
}

// framer is a Tokenizer whose file says what stands around a text.
type framer interface{ around() *frame }

func (t *plain) around() *frame { return t.frame }

// NewFramed resolves endToken in tok. A maxLength of 0 and an empty endToken mean the defaults. Of a tokenizer that
// knows its frame endToken may only be that frame's.
func NewFramed(tok Tokenizer, maxLength int, endToken string) (*Framed, error) {
	if maxLength == 0 {
		maxLength = DefaultMaxLength
	}
	f := &Framed{Tokenizer: tok, MaxLength: maxLength}
	// A tokenizer's own frame goes before the caller's end token, which may only repeat it.
	own := (*frame)(nil)
	if t, ok := tok.(framer); ok {
		own = t.around()
	}
	if own != nil {
		f.Start, f.EndID = own.start, own.end
	}
	if least := len(f.Start) + 2; maxLength < least {
		return nil, fault.New(fault.Invalid, "tokenizer: a maximum length of %d ids leaves no room for text before the end "+
			"token; use %d or more", maxLength, least)
	}
	if endToken == "" && own != nil {
		return f, nil
	}
	if endToken == "" {
		endToken = DefaultEndToken
	}
	id, ok := tok.TokenID(endToken)
	if !ok {
		return nil, fault.New(fault.Mismatch, "tokenizer: no token %q among %d; name the end token that the model was "+
			"trained with", endToken, tok.VocabSize())
	}
	if own != nil && id != own.end {
		return nil, fault.New(fault.Mismatch, "tokenizer: the end token is to be %q, id %d, but the file's post_processor "+
			"ends texts with id %d", endToken, id, own.end)
	}
	f.EndID = id
	return f, nil
}

// NewFramedAsFile frames texts with what the tokenizer's file puts around them, of a language model with nothing: some
// encoders were trained without an end token.
func NewFramedAsFile(tok Tokenizer, maxLength int) (*Framed, error) {
	if t, ok := tok.(framer); ok && t.around() != nil {
		return NewFramed(tok, maxLength, "")
	}
	if maxLength < 1 {
		return nil, fault.New(fault.Invalid, "tokenizer: a maximum length of %d ids leaves no room for text; use 1 or more",
			maxLength)
	}
	return &Framed{Tokenizer: tok, MaxLength: maxLength, EndID: noEnd}, nil
}

// end is what is put behind a text.
func (f *Framed) end() []int32 {
	if f.EndID == noEnd {
		return nil
	}
	return []int32{f.EndID}
}

// prefixEncoder is a Tokenizer that can stop early.
type prefixEncoder interface {
	EncodePrefix(dst []int32, text string, limit int) ([]int32, error)
}

// room is how many ids of a text are kept.
func (f *Framed) room() int { return f.MaxLength - len(f.Start) - len(f.end()) }

// Encode returns the framed ids of text, those of the frame alone for an empty one, at most MaxLength, and whether ids
// were cut off. Cutting a long text does not cost the encoding of all of it.
func (f *Framed) Encode(text string) (ids []int32, truncated bool, err error) {
	if p, ok := f.Tokenizer.(prefixEncoder); ok {
		ids, err = p.EncodePrefix(nil, text, f.room()+1) // one more than is kept: shows whether more follow
	} else {
		ids, err = f.Tokenizer.Encode(nil, text)
	}
	if err != nil {
		return nil, false, err
	}
	return f.Frame(ids)
}

// Frame cuts ids, which hold nothing of the frame yet, and puts it around them. It refuses ids outside the
// vocabulary. The result shares no memory with ids. The end token is put on after the cut, never cut off.
func (f *Framed) Frame(ids []int32) (framed []int32, truncated bool, err error) {
	// Ids may come from outside (an RPC, a file), and an embedding look-up would not notice a wrong one.
	size := f.Tokenizer.VocabSize()
	for i, id := range ids {
		if id < 0 || int(id) >= size {
			return nil, false, fault.New(fault.Invalid, "tokenizer: id %d at position %d is outside the vocabulary of %d",
				id, i, size)
		}
	}
	if truncated = len(ids) > f.room(); truncated {
		ids = ids[:f.room()]
	}
	framed = make([]int32, 0, len(f.Start)+len(ids)+1)
	framed = append(append(append(framed, f.Start...), ids...), f.end()...)
	if len(framed) == 0 {
		return nil, false, fault.New(fault.Invalid, "tokenizer: the text has no tokens, and this model puts none around "+
			"it: there is nothing to embed")
	}
	return framed, truncated, f.check(framed)
}

// check asserts what pooling relies on.
func (f *Framed) check(framed []int32) error {
	if n := len(framed); n == 0 || n > f.MaxLength || !f.inside(framed) || f.EndID != noEnd && framed[n-1] != f.EndID {
		return fault.New(fault.Mismatch, "tokenizer: framed row of %d ids (at most %d) does not stand between %v and "+
			"token %d", n, f.MaxLength, f.Start, f.EndID)
	}
	return nil
}

// inside tells whether ids begin with Start and are longer.
func (f *Framed) inside(ids []int32) bool {
	return len(ids) > len(f.Start) && slices.Equal(ids[:len(f.Start)], f.Start)
}

// Parts splits framed ids into what stands before the text, the text's own, and what stands behind it.
func (f *Framed) Parts(framed []int32) (before, own, behind []int32) {
	first, last := len(f.Start), len(framed)-len(f.end())
	return framed[:first], framed[first:last], framed[last:]
}

// CheckGiven refuses ids that a caller gives in place of a text where they lack the frame of a model with start ids:
// it never read a text without. A language model embeds any ids, as its vector is the state of the last.
func (f *Framed) CheckGiven(ids []int32) error {
	if len(f.Start) == 0 || f.inside(ids) && ids[len(ids)-1] == f.EndID {
		return nil
	}
	return fault.New(fault.Invalid, "the ids of a text must begin with %v and end with %d: this model reads no text "+
		"without them", f.Start, f.EndID)
}

// FitsVocabulary refuses a tokenizer whose ids reach beyond the rows of an embedding table. A larger table
// is fine: Qwen3's has unused rows at its end.
func FitsVocabulary(tok Tokenizer, vocabSize int) error {
	if tok.VocabSize() > vocabSize {
		return fault.New(fault.Mismatch, "tokenizer has %d ids, the model's embedding table %d rows: "+
			"they do not belong together; take the tokenizer.json of the model's own folder", tok.VocabSize(), vocabSize)
	}
	return nil
}

// PadLeft lays rows out as one [B, S] array, S = length, row by row, with padID before each row so that the last
// position of every row is its end token. lengths has the unpadded length of each row: the pad id may equal the
// end token's, so the ids alone do not tell.
//
//	rows 1 2 9 and 3 9, length 4, pad 0   →   0 1 2 9  0 0 3 9   lengths 3 2
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
