package tokenizer

import (
	"math"
	"unicode/utf8"

	"hives/internal/fault"
)

// A first window holds 8 bytes for every id that is asked for, and a little more: English takes four to five.
const (
	windowBytes = 8
	windowLeast = 1024
)

// Encode appends the ids of text; see Tokenizer.
func (t *plain) Encode(dst []int32, text string) ([]int32, error) {
	return t.EncodePrefix(dst, text, math.MaxInt)
}

// EncodePrefix appends the first limit ids of text, or all if there are fewer. A text that is much longer is read
// in part: what a window at its beginning settles, whatever follows, is taken, and if that is too little a window
// twice as long is tried. So a very long text costs little more than checking its encoding.
//
// For 256 ids of a text of 1 MB the first window has 1,024 + 8 · 256 = 3,072 bytes, which English fills with 600
// ids or more; the rest is never cut nor merged.
//
// Invariant: the ids are the first of those that Encode gives, whatever the limit.
func (t *plain) EncodePrefix(dst []int32, text string, limit int) ([]int32, error) {
	if err := validText(text); err != nil {
		return dst, err
	}
	// end is compared with len(ids), so what dst brought along counts in; a sum beyond int means no limit.
	run := encoding{plain: t, ids: dst, end: math.MaxInt}
	if limit < math.MaxInt-len(dst) {
		run.end = len(dst) + limit
	}
	if limit < len(text) { // there are no more ids than bytes
		for window := windowLeast + windowBytes*limit; window < len(text); window *= 2 {
			run.ids = dst
			if run.text(text[:wholeBefore(text, window)], true); len(run.ids) >= run.end {
				return run.ids[:run.end], nil
			}
		}
	}
	run.ids = dst
	run.text(text, false)
	// The last piece may have given more ids than were asked for.
	return run.ids[:min(len(run.ids), run.end)], nil
}

// wholeBefore is the start of the character of text, valid UTF-8, that holds byte at.
func wholeBefore(text string, at int) int {
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
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
//
// A text passes four stages, each of which hands its pieces to the next:
//
//	text      the added tokens of the raw text are cut out
//	segment   what lies between them is normalised, and the tokens of normalised text cut out
//	split     what lies between those is cut into words by the splitters, one inside the other
//	piece     a word becomes ids
//
// Its methods are told whether what they are given is open: the beginning of something longer. Of that they
// encode only what is the same whatever follows, and leave out the rest. "don" of "don't", for example, is a
// piece once the apostrophe is seen, but at the end of a window it may still become "done".
type encoding struct {
	*plain
	ids []int32
	end int
}

// text encodes a text as it was given.
func (e *encoding) text(text string, open bool) {
	for len(text) > 0 && len(e.ids) < e.end {
		start, token := e.raw.find(text)
		if open && e.raw.doubtful(text, start) {
			e.segment(text[:e.raw.clear(text)], true)
			return
		}
		e.segment(text[:start], false)
		if start == len(text) {
			break
		}
		e.ids = append(e.ids, token.id)
		text = text[start+len(token.content):]
	}
}

// segment encodes text between two tokens of the raw text. Each is normalised by itself: a mark after a
// token does not join it.
func (e *encoding) segment(text string, open bool) {
	if open && len(e.normalizers) > 0 {
		text = text[:e.chars.settled(text)]
	}
	text = e.normalize(text)
	for len(text) > 0 && len(e.ids) < e.end {
		start, token := e.normalized.find(text)
		if open && e.normalized.doubtful(text, start) {
			e.split(text[:e.normalized.clear(text)], e.splitters, true)
			return
		}
		e.split(text[:start], e.splitters, false)
		if start == len(text) {
			return
		}
		e.ids = append(e.ids, token.id)
		text = text[start+len(token.content):]
	}
}

// split cuts text by the first splitter and its pieces by the rest; what none is left to cut is encoded.
func (e *encoding) split(text string, by []splitter, open bool) {
	if len(by) == 0 {
		e.piece(text, open)
		return
	}
	last := len(text)
	if open {
		last = e.chars.lastSolid(text)
	}
	for at := 0; at < len(text) && len(e.ids) < e.end; {
		end := at + by[0](e.chars, text[at:])
		switch {
		case end <= last:
			e.split(text[at:end], by[1:], false)
		case end == len(text) && at <= last: // it goes on beyond the window, or ends with it
			e.split(text[at:], by[1:], true)
			return
		default: // a run of blanks, of which nothing is known before its end
			return
		}
		at = end
	}
}

// piece encodes what no splitter cuts, as far as ids are wanted. The cache is for whole words; a piece of which
// only the beginning is wanted must not stand in it as if it were whole.
func (e *encoding) piece(text string, open bool) {
	switch want := e.end - len(e.ids); {
	case len(text) == 0:
	case open || len(text) > max(want, smallPiece):
		e.ids = e.model.encodeFirst(e.ids, text, want, open)
	default:
		e.ids = e.cache.encode(e.ids, text, e.model)
	}
}

// Head encodes as much of a prompt as is the same whatever text follows, and returns its ids and the rest, to be
// encoded with the text. Of a prompt that is normalised, or has marks or added tokens, nothing is encoded ahead.
//
// Of "Instruct: …\nQuery:" the ids of all but the colon are settled; a text that begins with another colon would
// make one piece of the two.
func (t *plain) Head(prompt string) (ids []int32, rest string, err error) {
	if err := validText(prompt); err != nil {
		return nil, "", err
	}
	text := prompt[:min(t.raw.clear(prompt), t.normalized.clear(prompt))]
	raw, _ := t.raw.find(prompt)
	normalized, _ := t.normalized.find(prompt)
	if len(t.splitters) == 0 || min(raw, normalized) < len(prompt) ||
		t.chars.until(prompt, 0, reordered) < len(prompt) || t.normalize(prompt) != prompt {
		return nil, prompt, nil
	}
	run, at := encoding{plain: t, end: math.MaxInt}, 0
	for last := t.chars.lastSolid(text); at < len(text); {
		end := at + t.splitters[0](t.chars, text[at:])
		if end > last {
			break
		}
		run.split(text[at:end], t.splitters[1:], false)
		at = end
	}
	return run.ids, prompt[at:], nil
}
