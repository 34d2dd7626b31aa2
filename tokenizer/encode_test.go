package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
)

func checkEqual(t testing.TB, text string, got, want []int32, err error) {
	t.Helper()
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q: error %v\n got %v\nwant %v", text, err, got, want)
	}
}

// realLines are texts of the demo's sample.
func realLines(t testing.TB) (lines []string) {
	t.Helper()
	data := filepath.Join(goldentest.ModuleRoot(t), "demo", "data")
	for _, name := range []string{"mfrc/mfrc.tsv", "valueeval/arguments-training.tsv"} {
		raw, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(strings.TrimSpace(string(raw)), "\n")...)
	}
	return lines
}

// TestTwinAgreesOnRealText runs every kind of splitting over texts of the corpora.
func TestTwinAgreesOnRealText(t *testing.T) {
	lines := realLines(t)
	for name, c := range map[string]struct {
		raw  []byte
		slow *twin
	}{
		"qwen": {demoJSON(t), newTwin(t, demoJSON(t), true, qwenAlternatives())},
		"gpt2": {edited(t, byteLevelOnly, "pre_tokenizer"), newTwin(t, demoJSON(t), true, gpt2Alternatives())},
		"smollm2": {edited(t, digitsThenBytes, "pre_tokenizer"), newTwin(t, demoJSON(t), true, digitAlternatives(),
			gpt2Alternatives())},
	} {
		t.Run(name, func(t *testing.T) {
			tok, err := parse(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(lines); i += 20 {
				got, err := tok.Encode(nil, lines[i])
				checkEqual(t, lines[i], got, c.slow.encode(lines[i]), err)
			}
		})
	}
}

// TestRandomUnicode draws characters from the blocks where tokenizers disagree.
func TestRandomUnicode(t *testing.T) {
	const seed = 7
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	alphabet := []rune(" \t\n\r'sStTreLLvdm<|>09٣²ⅧaéÅßſǅ\u00a0\u0085\u3000\u0301\u0307\u0323\u0345\u093c\u0c3c\u11a7" +
		"\u11a8ᄀ가ᅡ日本👩\u200d\U00010049\U0001d15e\x00")
	tok, slow := demoTokenizer(t), newTwin(t, demoJSON(t), true, qwenAlternatives())
	for range 3000 {
		var b strings.Builder
		for range random.IntN(24) {
			b.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		got, err := tok.Encode(nil, b.String())
		checkEqual(t, b.String(), got, slow.encode(b.String()), err)
	}
}

// TestLongPieces compares the heap with the twin on pieces beyond the size of the quick path.
func TestLongPieces(t *testing.T) {
	const seed = 11
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	tok, slow := demoTokenizer(t), newTwin(t, demoJSON(t), true, qwenAlternatives())
	for _, n := range []int{smallPiece - 1, smallPiece, smallPiece + 1, 200, 700} {
		for range 10 {
			piece := make([]byte, n)
			for i := range piece {
				piece[i] = "etaoinshr"[random.IntN(9)]
			}
			got, err := tok.Encode(nil, string(piece))
			checkEqual(t, string(piece), got, slow.encode(string(piece)), err)
		}
	}
}

func TestEncodeConcurrently(t *testing.T) {
	tok, want := demoTokenizer(t), demoReference(t, "qwen")
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range want {
				r := want[(i*7+worker*31)%len(want)]
				got, err := tok.Encode(nil, r.text)
				checkEqual(t, r.text, got, r.ids, err)
			}
		})
	}
	group.Wait()
}

// TestCacheEviction makes two pieces share a slot by filling the cache far beyond its size.
func TestCacheEviction(t *testing.T) {
	tok := demoTokenizer(t)
	before := map[string][]int32{}
	for i := range 2 * cacheSlots {
		piece := fmt.Sprintf("x%xq", i)
		ids := tok.model.encode(nil, piece)
		if got := tok.cache.encode(nil, piece, tok.model); !slices.Equal(got, ids) {
			t.Fatalf("%q: cached %v, fresh %v", piece, got, ids)
		}
		if i%997 == 0 {
			before[piece] = ids
		}
	}
	for piece, ids := range before {
		checkEqual(t, piece, tok.cache.encode(nil, piece, tok.model), ids, nil)
	}
}

func TestEncodeAppendsAndKeepsDst(t *testing.T) {
	tok := demoTokenizer(t)
	alone, _ := tok.Encode(nil, "care for others")
	got, err := tok.Encode([]int32{5, 6}, "care for others")
	checkEqual(t, "appended", got, append([]int32{5, 6}, alone...), err)
	got, err = tok.EncodePrefix([]int32{5, 6}, "care for others", 2)
	checkEqual(t, "prefix", got, append([]int32{5, 6}, alone[:2]...), err)
}

func TestEncodeRefusesInvalidUTF8(t *testing.T) {
	tok := demoTokenizer(t)
	for name, c := range map[string]struct{ text, where string }{
		"lone continuation": {"ab\x80secret", "byte 2 of 9"},
		"surrogate":         {"é\xed\xa0\x80", "byte 2 of 5"},
		"cut short":         {"日本\xe6\x97", "byte 6 of 8"},
		"overlong NUL":      {"\xc0\x80", "byte 0 of 2"},
		"after U+FFFD":      {"\uFFFD\xff", "byte 3 of 4"},
		"beyond the prefix": {strings.Repeat("word ", 2000) + "\xff", "byte 10000 of 10001"},
	} {
		_, err := tok.EncodePrefix(nil, c.text, 4)
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.where) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want an error naming %q and not the text", name, err, c.where)
		}
	}
}

// TestVeryLongTexts would not end in time if any step were quadratic.
func TestVeryLongTexts(t *testing.T) {
	framed, err := NewFramed(demoTokenizer(t), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	for name, text := range map[string]string{
		"words":     strings.Repeat("some words ", n/11),
		"one word":  strings.Repeat("a", n),
		"blanks":    strings.Repeat(" ", n),
		"breaks":    strings.Repeat(" \n", n/2) + "x",
		"marks":     "a" + strings.Repeat("\u0301\u0323", n/2),
		"tokens":    strings.Repeat("<|im_end|>", n/10),
		"brackets":  strings.Repeat("<", n),
		"NUL bytes": strings.Repeat("\x00", n),
		"jamo":      strings.Repeat("\u1100\u1161\u11a8", n/3),
	} {
		start := time.Now()
		ids, truncated, err := framed.Encode(text)
		t.Logf("%s: %v", name, time.Since(start))
		whole, wholeErr := framed.Tokenizer.Encode(nil, text)
		if err != nil || wholeErr != nil {
			t.Fatalf("%s: %v, %v", name, err, wholeErr)
		}
		want, cut, _ := framed.Frame(whole)
		if !slices.Equal(ids, want) || truncated != cut {
			t.Errorf("%s: stopping early gives %d ids, the whole text cut %d", name, len(ids), len(want))
		}
	}
}
