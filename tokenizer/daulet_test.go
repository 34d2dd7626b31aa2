//go:build daulet

package tokenizer

import (
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/goldentest"
)

func openDaulet(t testing.TB, path string) Tokenizer {
	t.Helper()
	tok, err := OpenDaulet(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tok.Close() })
	return tok
}

func TestGoldenTokenizerDaulet(t *testing.T) {
	var want goldenTexts
	goldentest.ReadJSON(t, &want, "b_tokenizer", "texts.json")
	want.Items = slices.DeleteFunc(want.Items, func(item goldenText) bool { return strings.Contains(item.Text, "\x00") })
	checkGolden(t, openDaulet(t, goldentest.Path(t, "b_tokenizer", "tokenizer.json")), &want)
}

func TestDauletEqualsPython(t *testing.T) {
	tok := openDaulet(t, demoFolder(t))
	for i, want := range demoReference(t, "qwen") {
		if strings.Contains(want.text, "\x00") {
			continue
		}
		got, err := tok.Encode(nil, want.text)
		if err != nil || !slices.Equal(got, want.ids) {
			t.Errorf("text %d: error %v\n got %v\nwant %v", i, err, got, want.ids)
		}
	}
}

func TestDauletRefusesWhatItWouldCut(t *testing.T) {
	_, err := openDaulet(t, demoFolder(t)).Encode(nil, "ab\x00cd")
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "byte 2") {
		t.Errorf("NUL: %v", err)
	}
}

// FuzzAgainstDaulet looks for a text that the two implementations encode differently.
func FuzzAgainstDaulet(f *testing.F) {
	for _, text := range hostileTexts() {
		f.Add(text)
	}
	path := benchmarkTokenizer(f)
	rust := openDaulet(f, path)
	plain, err := Open(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := rust.Encode(nil, text)
		if err != nil {
			t.Skip("not UTF-8, or a NUL")
		}
		got, err := plain.Encode(nil, text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: error %v\n plain  %v\n daulet %v", text, err, got, want)
		}
	})
}

func BenchmarkEncodeDaulet(b *testing.B) { benchmarkEncode(b, openDaulet(b, benchmarkTokenizer(b))) }
