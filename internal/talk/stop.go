package talk

import (
	"strings"
	"unicode/utf8"

	"hives/tokenizer"
)

// speech turns ids into text as they come. It holds back what is not settled yet: a character of which some bytes are
// missing, and letters that may begin a stop string.
//
//	stop "END", ids spell "the E", "N", "D of it"
//	emitted:  "the "  ""  and the answer ends: "EN" was held back, and is dropped with the stop string
//
// Invariant: the parts that add returned, joined with what end returns, are the answer up to its first stop string.
type speech struct {
	tok   tokenizer.Talker
	stops []string
	held  string // bytes that are not emitted yet
	done  bool   // a stop string was found
}

// add takes one more id and returns the text that is settled by it, "" where nothing is. Control tokens are no part
// of the text. Bytes that are no UTF-8 come out as U+FFFD: a reply is JSON sooner or later, and JSON has no other
// bytes.
func (s *speech) add(id int32) string {
	if s.done || s.tok.Special(id) {
		return ""
	}
	piece, _ := s.tok.Spell(id)
	s.held += piece
	if at, found := s.first(); found {
		out := s.held[:at]
		s.held, s.done = "", true
		return strings.ToValidUTF8(out, "\uFFFD")
	}
	settled := min(len(s.held)-s.pending(), wholeCharacters(s.held))
	out := s.held[:settled]
	s.held = s.held[settled:]
	return strings.ToValidUTF8(out, "\uFFFD")
}

// end returns what was held back when the answer is over. A character of which bytes are still missing will not
// become whole any more, and is U+FFFD.
func (s *speech) end() string {
	out := s.held
	s.held = ""
	return strings.ToValidUTF8(out, "\uFFFD")
}

// first is where the earliest stop string begins. Earlier in the text wins over earlier in the list, as if the whole
// answer had been there at once.
func (s *speech) first() (at int, found bool) {
	at = len(s.held)
	for _, stop := range s.stops {
		if i := strings.Index(s.held, stop); i >= 0 && i <= at {
			at, found = i, true
		}
	}
	return at, found
}

// pending is the length of the longest end of held that begins a stop string. With the stops "END" and "\n\n", of
// "the EN" it is 2, of "the E\n" it is 1, of "the end" it is 0. A whole stop string is no case for it: first has
// found that.
func (s *speech) pending() (longest int) {
	for _, stop := range s.stops {
		for n := min(len(stop)-1, len(s.held)); n > longest; n-- {
			if strings.HasSuffix(s.held, stop[:n]) {
				longest = n
			}
		}
	}
	return longest
}

// wholeCharacters is the length of text without the beginning of a character at its end. Bytes that can begin none are
// settled: nothing that follows makes them valid.
//
// A character is UTFMax = 4 bytes at most, so one that is not whole has at most 3 here. "é" is C3 A9: after C3 alone
// the length is one less, after both it is all.
func wholeCharacters(text string) int {
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		at := len(text) - back
		if utf8.RuneStart(text[at]) {
			if !utf8.FullRuneInString(text[at:]) {
				return at
			}
			break
		}
	}
	return len(text)
}
