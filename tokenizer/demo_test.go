package tokenizer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hives/internal/rig/goldentest"
)

// demoFolder holds the small tokenizer of the demo, so a clone alone has a real one to test with.
func demoFolder(t testing.TB) string {
	return filepath.Join(goldentest.ModuleRoot(t), "demo", "model")
}

func demoTokenizer(t testing.TB) *plain {
	t.Helper()
	tok, err := Open(demoFolder(t))
	if err != nil {
		t.Fatal(err)
	}
	return tok.(*plain)
}

type reference struct {
	text string
	ids  []int32
}

// demoReference reads the ids that the Python library gives with the demo's tokenizer as it stands (qwen)
// or with another family's pre-tokeniser.
func demoReference(t testing.TB, variant string) (all []reference) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "demo_ids.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r reference
		var name string
		if err := json.Unmarshal(lines.Bytes(), &[]any{&name, &r.text, &r.ids}); err != nil {
			t.Fatal(err)
		}
		if name == variant {
			all = append(all, r)
		}
	}
	if lines.Err() != nil || len(all) == 0 {
		t.Fatalf("%d reference texts, error %v", len(all), lines.Err())
	}
	return all
}

func TestDemoTokenizerEqualsPython(t *testing.T) {
	for variant, raw := range map[string][]byte{
		"qwen":    demoJSON(t),
		"gpt2":    edited(t, byteLevelOnly, "pre_tokenizer"),
		"smollm2": edited(t, digitsThenBytes, "pre_tokenizer"),
	} {
		t.Run(variant, func(t *testing.T) {
			tok, err := parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range demoReference(t, variant) {
				for range 2 { // the second time from the cache
					got, err := tok.Encode(nil, want.text)
					checkEqual(t, want.text, got, want.ids, err)
				}
			}
		})
	}
}

func TestDemoTokenizerIsFramedByItsEndToken(t *testing.T) {
	framed, err := NewFramed(demoTokenizer(t), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	ids, truncated, err := framed.Encode("")
	if err != nil || truncated || !slices.Equal(ids, []int32{framed.EndID}) {
		t.Errorf("empty text: %v, truncated %v, error %v", ids, truncated, err)
	}
	if last := int32(framed.Tokenizer.VocabSize() - 5); framed.EndID != last {
		t.Errorf("end token %d, want the first of the five added ones, %d", framed.EndID, last)
	}
}
