package tokenizer

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// hostileTexts are seeds for fuzzing: whatever has broken a tokenizer before.
func hostileTexts() []string {
	return []string{
		"", " ", "  a", "a \n\n  b", "\r\n\r\n", "x\t\ty ", "'S'ſ'LL'll'rE", "' s", "12a3 ٣²Ⅷ", "\u00a0\u3000 \u2028",
		"\U00010049\u0307", "\u0041\u030a\u0323", "\uac00\u11a8\u1100\u1161\u11a7", "a\x00b\x00", "\u0c3c\u0301",
		"<|endoftext|>", "<|endoftext|>\u0301", "<|im_<|im_end|>", "<think></think>x", "<think <think>", "é<think>é",
		"👩‍👩‍👧 🏳️‍🌈", "नमस्ते", "日本語", "\ufeffx", "\uFFFD", "ﬁ\u0344\u212b", "a" + strings.Repeat("\u0301", 40),
		strings.Repeat("ab", 200), strings.Repeat(" ", 70) + "x", strings.Repeat("!?", 90), "Ⓐ\u20dd",
	}
}

// FuzzAgainstTwin compares with the slow implementation, for whole texts and for prefixes.
func FuzzAgainstTwin(f *testing.F) {
	for i, text := range hostileTexts() {
		f.Add(text, uint8(i))
	}
	raw := demoJSON(f)
	tok, slow := demoTokenizer(f), newTwin(f, raw, true, qwenAlternatives())
	f.Fuzz(func(t *testing.T, text string, limit uint8) {
		got, err := tok.Encode(nil, text)
		if !utf8.ValidString(text) {
			if err == nil {
				t.Fatalf("%q: no error for bytes that are no UTF-8", text)
			}
			return
		}
		want := slow.encode(text)
		checkEqual(t, text, got, want, err)
		got, err = tok.EncodePrefix(nil, text, int(limit))
		checkEqual(t, text, got, want[:min(len(want), int(limit))], err)
	})
}
