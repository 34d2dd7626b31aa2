package data

import (
	"html"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCleanText(t *testing.T) {
	for reason, c := range map[string][2]string{
		"entity escaped twice, as MFRC has it": {"Trump&amp;#039;s", "Trump's"},
		"entities that appear by decoding":     {"&amp;amp;amp;lt;b&gt;", "<b>"},
		"digit of an entity is an entity":      {"&#3&#56;;lt;", "<"},
		"an ampersand of prose":                {"R&D at AT&T; tea & milk", "R&D at AT&T; tea & milk"},
		"query string is no entity":            {"?a=1&copy=2&lt", "?a=1&copy=2&lt"},
		"an unknown name that begins like one": {"&notit;", "&notit;"},
		"semicolon entity":                     {"&amp&semi;x", "&x"},
		"spaces and line ends":                 {" a\u00a0\t b\r\n\nc ", "a b c"},
		"control characters and NUL":           {"a\x00b\x07c", "a b c"},
		"zero-width space of Reddit":           {"&#x200B;x", "x"},
		"hidden in an entity":                  {"&l&#x200B;t;&l\u200bt;", "<<"},
		"semicolon by composition":             {"&lt\u037e&gt&#x37e;", "<>"},
		"decoded mark":                         {"e&#x301;", "\u00e9"},
		"marks are composed":                   {"cafe\u0301", "caf\u00e9"},
		"nothing but spaces":                   {" \n", ""},
	} {
		if got := CleanText(c[0]); got != c[1] {
			t.Errorf("%s: %q, want %q", reason, got, c[1])
		}
	}
}

// untilStable is the definition: decode whole entities from left to right until nothing changes.
func untilStable(s string) string {
	for {
		next := s
		for i := 0; i < len(next); i++ {
			if next[i] != '&' {
				continue
			}
			end := strings.IndexAny(next[i+1:], "&; ")
			if end < 0 || next[i+1+end] != ';' {
				continue
			}
			entity := next[i : i+end+2]
			plain := html.UnescapeString(entity)
			if plain != entity && (plain == ";" || !strings.HasSuffix(plain, ";")) {
				next = next[:i] + plain + next[i+len(entity):]
				i += len(plain) - 1
			}
		}
		if next == s {
			return s
		}
		s = next
	}
}

// piece is what hostile texts are made of.
var piece = rapid.SampledFrom([]string{"&", "amp;", "#39;", "#x26;", "lt;", "gt", ";", "a", " ", "&amp;", "&#51;", "#3",
	"\u200b", "\u037e", "\u0301"})

func TestUnescapeEqualsDecodingUntilStable(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := plain(strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(r, "pieces"), ""))
		got := unescape(s)
		if want := untilStable(s); got != want {
			r.Fatalf("%q: %q, want %q", s, got, want)
		}
		if again := unescape(got); again != got {
			r.Fatalf("%q is not stable: %q", got, again)
		}
	})
}

func TestCleaningTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.OneOf(piece, rapid.String()), 0, 8).Draw(r, "text"), "")
		once := CleanText(s)
		if twice := CleanText(once); twice != once {
			r.Fatalf("%+q, then %+q", once, twice)
		}
		if TextID(once) != TextID(s) {
			r.Fatalf("%+q and its clean form have unlike ids", s)
		}
	})
}

func TestNormaliseText(t *testing.T) {
	for reason, c := range map[string][2]string{
		"case and full stop":         {"It's good to Help.", "its good to help"},
		"curly and straight quotes":  {"don\u2019t “do” it", "dont do it"},
		"hyphen is a gap":            {"well-being, of   all!", "well being of all"},
		"digits and signs stay":      {"$5 + 3%", "$ 5 + 3 %"},
		"a picture stays":            {"ok \U0001F44D!", "ok \U0001F44D"},
		"other scripts stay":         {"मानव मूल्य।", "मानव मूल्य"},
		"punctuation alone is kept":  {"?!", "?!"},
		"soft hyphen is not a gap":   {"val\u00adues", "values"},
		"entities are decoded first": {"Tom &amp; Ann", "tom ann"},
	} {
		if got := NormaliseText(c[0]); got != c[1] {
			t.Errorf("%s: %q, want %q", reason, got, c[1])
		}
	}
}

// The id is part of stored files: printf 'its good to help' | sha256sum | head -c 32
func TestTextIDIsFixed(t *testing.T) {
	const want = "992295eade7949af5f560f6ba68b56a5"
	if got := TextID("It's good to help."); got != want {
		t.Errorf("id %s, want %s", got, want)
	}
}
