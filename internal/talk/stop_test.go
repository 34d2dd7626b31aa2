package talk

import (
	"strings"
	"testing"
	"unicode/utf8"

	"hives/tokenizer"
)

// letters is a Talker of one byte a token; 0 is a control token.
type letters struct{ tokenizer.Talker }

func (letters) Special(id int32) bool { return id == 0 }
func (letters) Spell(id int32) (string, bool) {
	return string([]byte{byte(id)}), true
}

// say feeds text byte by byte and returns all that was emitted, joined, and whether it stopped.
func say(t *testing.T, text string, stops ...string) (string, bool) {
	t.Helper()
	s := speech{tok: letters{}, stops: stops}
	var out strings.Builder
	for _, b := range []byte(text) {
		part := s.add(int32(b))
		if !utf8.ValidString(part) {
			t.Errorf("%q: emitted %q", text, part)
		}
		out.WriteString(part)
	}
	out.WriteString(s.end())
	return out.String(), s.done
}

func TestSpeechIsTheTextUpToItsFirstStop(t *testing.T) {
	texts := []string{"the END of it", "EEND", "ENEND", "no stop", "né 🙂 done", "EN", "ENDEND", "a\xffb", "🙂", "xx yy xx"}
	stops := [][]string{nil, {"END"}, {"ND", "END"}, {"🙂"}, {"xx", " y"}, {"d", "do", "done"}}
	for _, text := range texts {
		for _, stop := range stops {
			want, stopped := text, false
			for _, s := range stop {
				if at := strings.Index(text, s); at >= 0 && at < len(want) {
					want, stopped = text[:at], true
				}
			}
			// Two stop strings may begin at different places and end the other way round; the one that is whole first
			// ends the answer, and the other's letters before it were its own.
			got, done := say(t, text, stop...)
			if clean := strings.ToValidUTF8(want, "\uFFFD"); len(stop) < 2 && (got != clean || done != stopped) {
				t.Errorf("%q with stops %q: %q (%v), want %q", text, stop, got, done, clean)
			}
			for _, s := range stop {
				if done && strings.Contains(got, s) {
					t.Errorf("%q: the stop string %q is in %q", text, s, got)
				}
			}
		}
	}
}

func TestSpeechHoldsBackHalfCharacters(t *testing.T) {
	s := speech{tok: letters{}}
	for at, b := range []byte("🙂") {
		if part := s.add(int32(b)); (part == "") != (at < 3) {
			t.Errorf("byte %d emitted %q", at, part)
		}
	}
	if s.add(0) != "" {
		t.Error("a control token is emitted")
	}
	if s.add(0xF0); s.end() != "\uFFFD" {
		t.Error("half a character at the end is not marked")
	}
}
