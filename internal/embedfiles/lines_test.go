package embedfiles_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/encoder"
	"hives/internal/embedfiles"
	"hives/internal/fault"
)

// lengths embeds a text as its length, enough to see the order.
type lengths struct{ err error }

func (l lengths) Encode(_ context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	var out [][]float32
	for _, i := range in {
		out = append(out, []float32{float32(len(i.Prompt + i.Text)), float32(len(i.IDs))})
	}
	return out, encoder.Identity{Dimension: 2}, l.err
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.jsonl")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// embedLines is hives embed without its flags.
func embedLines(enc encoder.Encoder, in, out, prompt string) (rows int, id encoder.Identity, err error) {
	inputs, err := embedfiles.ReadLines(in, prompt)
	if err != nil {
		return 0, id, err
	}
	return embedfiles.EmbedLines(context.Background(), enc, inputs, in, out)
}

func TestReadRefusesBadLines(t *testing.T) {
	for _, c := range []struct{ name, content, says string }{
		{"not JSON", "{\"text\": \"a\"}\nnope\n", "line 2"},
		{"torn line", "{\"text\": \"a", "line 1"},
		{"neither", "{}\n", "exactly one"},
		{"both", `{"text": "a", "ids": [1]}`, "exactly one"},
		{"empty text", `{"text": ""}`, "empty"},
		{"no ids", `{"ids": []}`, "no ids"},
		{"ids are not integers", `{"ids": [1.5]}`, "line 1"},
		{"blank line", "{\"text\": \"a\"}\n\n{\"text\": \"b\"}\n", "line 2"},
		{"two objects on a line", `{"text": "a"} {"text": "b"}`, "line 1"},
		{"not UTF-8", "{\"text\": \"a\xff\"}", "UTF-8"},
		{"half a surrogate pair", "{\"text\": \"a\"}\n{\"text\": \"cut \\ud83d\"}", "line 2: has half a surrogate pair"},
		{"a key twice", `{"text": "a", "text": "b"}`, "\"text\" twice"},
		{"a key in two cases", `{"text": "a", "Text": "b"}`, "spelled \"text\""},
		{"NaN", `{"text": "a", "score": NaN}`, "NaN"},
		{"UTF-16", "\xff\xfe{\x00", "UTF-16"},
		{"CR alone", "{\"text\": \"a\"}\r{\"text\": \"b\"}\r", "CR alone"},
		{"nothing", "", "no lines"},
	} {
		_, err := embedfiles.ReadLines(write(t, c.content), "")
		if err == nil || !strings.Contains(err.Error(), c.says) || fault.Of(err) != fault.Invalid {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.says)
		}
	}
}

func TestReadTakesMarksAndBlankLinesAtTheEnd(t *testing.T) {
	in, err := embedfiles.ReadLines(write(t, "\uFEFF{\"text\": \"a\"}\r\n{\"text\": \"b\"}\r\n\r\n\n"), "")
	if err != nil || len(in) != 2 || in[0].Text != "a" || in[1].Text != "b" {
		t.Errorf("%v, %v", in, err)
	}
}

func TestRunWritesNothingOnError(t *testing.T) {
	out := filepath.Join(t.TempDir(), "v.npy")
	in := write(t, "{\"text\": \"abc\", \"source\": \"x\"}\n{\"ids\": [4, 5]}\n")
	if _, _, err := embedLines(lengths{errors.New("engine")}, in, out, ""); err == nil {
		t.Fatal("no error")
	}
	if entries, _ := os.ReadDir(filepath.Dir(out)); len(entries) != 0 {
		t.Errorf("a failed run left %v", entries)
	}
	n, id, err := embedLines(lengths{}, in, out, "p ")
	if err != nil || n != 2 || id.Dimension != 2 {
		t.Fatalf("%d rows of %d, %v", n, id.Dimension, err)
	}
	raw, err := os.ReadFile(out)
	if err != nil || len(raw) != 128+16 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	if got := raw[128:132]; string(got) != "\x00\x00\xa0\x40" { // 5: "p abc"
		t.Errorf("first number is % x", got)
	}
}

// The lines of a file of plain text are the texts, also those that look like JSON.
func TestReadPlainText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.txt")
	if err := os.WriteFile(path, []byte("I owe her.\r\n {\"text\": \"b\"}\n\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := embedfiles.ReadLines(path, "p ")
	if err != nil || len(in) != 2 || in[0].Text != "I owe her." || in[1].Text != ` {"text": "b"}` || in[0].Prompt != "p " {
		t.Errorf("%v, %v", in, err)
	}
	for _, bad := range []string{"a\n\nb\n", "a\xff\n", ""} {
		if err := os.WriteFile(path, []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := embedfiles.ReadLines(path, ""); fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
