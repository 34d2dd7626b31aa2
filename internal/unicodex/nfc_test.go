package unicodex

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// Expected forms are those of Python's unicodedata.normalize("NFC", …).
func TestNFCWhereTheLibraryIsWrong(t *testing.T) {
	for reason, c := range map[string][2]string{
		"astral rune before a mark":      {"\U00010049\u0307", "\U00010049\u0307"},
		"astral pair that does compose":  {"\U00011099\U000110BA", "\U0001109A"},
		"emoji between composable runes": {"e\u0301\U0001F600e\u0301", "\u00e9\U0001F600\u00e9"},
		"forty marks on one letter":      {"a" + strings.Repeat("\u0300", 40), "\u00e0" + strings.Repeat("\u0300", 39)},
		"marks out of order":             {"q\u0307\u0323", "q\u0323\u0307"},
		"a blocked mark":                 {"a\u0315\u0300\u05ae", "\u00e0\u05ae\u0315"},
		"excluded from composition":      {"\u0958", "\u0915\u093c"},
		"singleton":                      {"\u212b", "\u00c5"},
		"Hangul in pieces":               {"\u1112\u1161\u11ab", "\ud55c"},
		"Hangul syllable and final":      {"\ud558\u11ab", "\ud55c"},
		"two steps":                      {"o\u0302\u0301", "\u1ed1"},
		"plain":                          {"values", "values"},
	} {
		if got := NFC(c[0]); got != c[1] {
			t.Errorf("%s: %+q, want %+q", reason, got, c[1])
		}
	}
}

// Below U+10000 and with few marks the library is right, so it is the twin there.
func TestNFCEqualsTheLibraryElsewhere(t *testing.T) {
	letters := []rune("aoIqe\u00e9\u1ed1\u0915\u093c\u0958\u0300\u0301\u0302\u0307\u0323\u0315\u05ae\u1100\u1161\u11a8" +
		"\uac00\u0b92\u0bd7\u3046\u3099")
	text := rapid.SliceOfN(rapid.SampledFrom(letters), 0, 20)
	rapid.Check(t, func(r *rapid.T) {
		s := string(text.Draw(r, "text"))
		if got, want := NFC(s), norm.NFC.String(s); got != want {
			r.Fatalf("%+q: %+q, want %+q", s, got, want)
		}
	})
}

// Every composite of the tables comes back from its parts.
func TestEveryCompositeIsStable(t *testing.T) {
	n := 0
	for pair, r := range pairs() {
		if pair[0] == 0 || NFC(string(pair[:])) != string(r) {
			t.Errorf("%+q composes to %+q, want %+q", string(pair[:]), NFC(string(pair[:])), string(r))
		}
		n++
	}
	if n < 900 {
		t.Errorf("only %d composites found", n)
	}
}
