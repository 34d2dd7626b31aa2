package tokenizer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
)

func ggufFixture(t testing.TB, name string) string {
	return filepath.Join(goldentest.ModuleRoot(t), "internal", "gguf", "testdata", name)
}

// TestTokenizerInGGUF holds the tokenizer in a file to the Python library's ids: digits cut one by one, bytes without
// entries, control and user-defined tokens.
func TestTokenizerInGGUF(t *testing.T) {
	tok, err := Open(ggufFixture(t, "llama.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(ggufFixture(t, "ids.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var text string
		var want []int32
		if err := json.Unmarshal(lines.Bytes(), &[]any{&text, &want}); err != nil {
			t.Fatal(err)
		}
		got, err := tok.Encode(nil, text)
		checkEqual(t, text, got, want, err)
	}
	if n < 20 || tok.VocabSize() != 290 {
		t.Errorf("%d texts, %d tokens", n, tok.VocabSize())
	}
	for token, want := range map[string]int32{"<|endoftext|>": 0, "<|im_end|>": 2, "</think>": 289} {
		if id, ok := tok.TokenID(token); id != want || !ok {
			t.Errorf("%s: %d, %v", token, id, ok)
		}
	}
}

// TestFolderWithGGUF: the only GGUF file of a folder brings the tokenizer, unless a tokenizer.json stands beside it.
func TestFolderWithGGUF(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(ggufFixture(t, "llama.gguf"), filepath.Join(dir, "m.gguf")); err != nil {
		t.Fatal(err)
	}
	inside, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	direct, err := Open(ggufFixture(t, "llama.gguf"))
	if err != nil || inside.SHA256() != direct.SHA256() {
		t.Fatalf("error %v, digest %s, of the file %s", err, inside.SHA256(), direct.SHA256())
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), demoJSON(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "m.gguf")} {
		beside, err := Open(path)
		if err != nil || beside.SHA256() != demoTokenizer(t).SHA256() {
			t.Errorf("%s: error %v, digest %s, want the file's %s", path, err, beside.SHA256(), demoTokenizer(t).SHA256())
		}
	}
	if _, err := Open(ggufFixture(t, "quants.gguf")); fault.Of(err) != fault.NotFound {
		t.Errorf("a file without a tokenizer: %v", err)
	}
}
