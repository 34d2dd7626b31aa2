package tokenizer

import (
	"math"
	"unicode/utf8"

	"hives/internal/fault"
)

// Encode appends the ids of text; see Tokenizer.
func (t *plain) Encode(dst []int32, text string) ([]int32, error) {
	return t.EncodePrefix(dst, text, math.MaxInt)
}

// EncodePrefix appends the first limit ids of text, or all if there are fewer. It stops at the piece that
// reaches the limit, so a very long text costs little more than checking its encoding.
func (t *plain) EncodePrefix(dst []int32, text string, limit int) ([]int32, error) {
	if err := validText(text); err != nil {
		return dst, err
	}
	// end is compared with len(ids), so what dst brought along counts in; a sum beyond int means no limit.
	run := encoding{plain: t, ids: dst, end: math.MaxInt}
	if limit < math.MaxInt-len(dst) {
		run.end = len(dst) + limit
	}
	for len(text) > 0 && len(run.ids) < run.end {
		start, token := t.raw.find(text)
		run.segment(text[:start])
		if start == len(text) {
			break
		}
		run.ids = append(run.ids, token.id)
		text = text[start+len(token.content):]
	}
	// The last piece may have given more ids than were asked for.
	return run.ids[:min(len(run.ids), run.end)], nil
}

// validText refuses bytes that are no UTF-8 and says where they are, but not what the text says.
func validText(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 { // a real U+FFFD has 3 bytes
			break
		}
		at += size
	}
	return fault.New(fault.Invalid, "text is not valid UTF-8 at byte %d of %d; convert it first", at, len(text))
}

// encoding is the state of one Encode: ids so far, and the count at which it may stop.
type encoding struct {
	*plain
	ids []int32
	end int
}

// segment encodes text between two tokens of the raw text. Each is normalised by itself: a mark after a
// token does not join it.
func (e *encoding) segment(text string) {
	text = e.normalize(text)
	for len(text) > 0 && len(e.ids) < e.end {
		start, token := e.normalized.find(text)
		e.split(text[:start], e.splitters)
		if start == len(text) {
			return
		}
		e.ids = append(e.ids, token.id)
		text = text[start+len(token.content):]
	}
}

// split cuts text by the first splitter and its pieces by the rest; what none is left to cut is encoded.
func (e *encoding) split(text string, by []splitter) {
	if len(by) == 0 {
		if len(text) > 0 {
			e.ids = e.cache.encode(e.ids, text, e.model)
		}
		return
	}
	for len(text) > 0 && len(e.ids) < e.end {
		n := by[0](e.chars, text)
		e.split(text[:n], by[1:])
		text = text[n:]
	}
}
