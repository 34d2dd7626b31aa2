package tokenizer

import (
	"math"
	"strings"

	"hives/internal/fault"
)

// Talker is a Tokenizer that a language model can be asked and can answer through: it reads ids backwards, and it takes
// texts as data.
type Talker interface {
	Tokenizer
	Speller
	// EncodePlain appends the ids of text as Encode does, but a control token that is written in it stays the letters
	// that it is. "<|im_end|>" in what a user says is text: as one id it would end the user's turn and let the text speak
	// as the system.
	EncodePlain(dst []int32, text string) ([]int32, error)
	// Special tells whether an id is a control token, which a reader of an answer does not want to see.
	Special(id int32) bool
}

// AsTalker refuses a tokenizer that no language model talks with: a WordPiece, whose pieces do not say where blanks
// were, and the Rust library, which cannot spell.
func AsTalker(tok Tokenizer) (Talker, error) {
	t, ok := tok.(*plain)
	if !ok {
		return nil, fault.New(fault.Invalid, "tokenizer: this build's Rust tokenizer reads no answers: "+
			"use the program without -tags daulet")
	}
	if t.frame != nil {
		return nil, fault.New(fault.Invalid, "tokenizer: a WordPiece belongs to an encoder, which writes no answers: "+
			"give the folder of a language model")
	}
	return t, nil
}

// EncodePlain implements Talker. Normalising and cutting into words are as in Encode; only the two searches for added
// tokens are left out.
//
// Invariant: no id is one of Special. With merges alone none can be, as no merge makes a control token; a file that
// takes whole words from the vocabulary (ignore_merges) might hold one spelled like a word, and is refused for that
// text.
func (t *plain) EncodePlain(dst []int32, text string) ([]int32, error) {
	if err := validText(text); err != nil {
		return dst, err
	}
	run := encoding{plain: t, ids: dst, end: math.MaxInt}
	run.split(t.normalize(text), t.splitters, false)
	for _, id := range run.ids[len(dst):] {
		if t.special[id] {
			word, _ := t.Spell(id)
			return dst, fault.New(fault.Invalid, "the text holds %q, which this tokenizer cannot keep apart from its "+
				"control token", word)
		}
	}
	return run.ids, nil
}

// Special implements Talker.
func (t *plain) Special(id int32) bool { return t.special[id] }

// Decode joins the bytes of ids, control tokens left out. What is no valid UTF-8, such as the first half of a character
// that a model was cut off in, becomes U+FFFD, as in transformers.
func Decode(t Talker, ids []int32) string {
	var out strings.Builder
	for _, id := range ids {
		if !t.Special(id) {
			piece, _ := t.Spell(id)
			out.WriteString(piece)
		}
	}
	return strings.ToValidUTF8(out.String(), "\uFFFD")
}
