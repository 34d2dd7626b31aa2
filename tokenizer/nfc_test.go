package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// TestNFCEqualsXText compares with Go's normaliser where that one is right: the Basic Multilingual Plane,
// fewer than 30 marks, classes both know.
func TestNFCEqualsXText(t *testing.T) {
	const seed = 5
	t.Logf("seed %d", seed)
	chars, differ := tables(), 0
	var pool []rune
	for r := rune(0xA0); r < 0x10000; r++ {
		if 0xD800 <= r && r < 0xE000 {
			continue
		}
		p := norm.NFC.PropertiesString(string(r))
		switch same := len(p.Decomposition()) > 0 || int(p.CCC()) == chars.combiningClass(r); {
		case !same:
			differ++
		case chars.class(r)&reordered != 0 || len(p.Decomposition()) > 0:
			pool = append(pool, r)
			if got, want := chars.nfc(string(r)), norm.NFC.String(string(r)); got != want {
				t.Errorf("U+%04X: got %+q, want %+q", r, got, want)
			}
		}
	}
	if differ == 0 {
		t.Error("the reference library's old combining classes were expected to differ somewhere")
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for range 20000 {
		text := []rune{'a', 0x1100 + rune(random.IntN(19))}
		for range random.IntN(6) {
			text = append(text, pool[random.IntN(len(pool))])
		}
		if got, want := chars.nfc(string(text)), norm.NFC.String(string(text)); got != want {
			t.Errorf("%+q: got %+q, want %+q", string(text), got, want)
		}
	}
}

// TestNFCBeyondXText has the cases in which x/text cannot be followed; values from tokenizers 0.23.3.
func TestNFCBeyondXText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"an astral character does not compose":   {"\U00010049\u0307", "\U00010049\u0307"},
		"an astral composition":                  {"\U00011099\U000110ba", "\U0001109a"},
		"forty marks stay one run":               {"a" + strings.Repeat("\u0301", 40), "á" + strings.Repeat("\u0301", 39)},
		"a mark newer than Unicode 9 is not one": {"\u0301\u0c3c", "\u0301\u0c3c"},
		"the Hangul filler joins nothing":        {"\uac00\u11a7", "\uac00\u11a7"},
	} {
		if got := tables().nfc(c.in); got != c.want {
			t.Errorf("%s: %+q gives %+q, want %+q", name, c.in, got, c.want)
		}
	}
}
