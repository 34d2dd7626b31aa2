//go:build daulet

package tokenizer

// #cgo LDFLAGS: -L${SRCDIR}/../third_party/lib
import "C"

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/daulet/tokenizers"

	"hives/internal/fault"
)

// rust is the Rust library behind the interface: the other implementation, for files that the plain one refuses,
// and for tests that hold the two to each other.
type rust struct {
	inner  *tokenizers.Tokenizer
	ids    map[string]int32
	size   int
	digest string
}

// OpenDaulet reads the tokenizer at path, a tokenizer.json or a folder that holds one, with the Rust
// library. It knows every component of that format; the caller closes it to free its memory.
func OpenDaulet(path string) (Tokenizer, error) {
	raw, path, err := readJSON(path)
	if err != nil {
		return nil, err
	}
	t, err := parseRust(raw)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "read tokenizer %s: %w", path, err)
	}
	return t, nil
}

// parseRust takes the vocabulary from the file itself: the binding knows the number of tokens but not their
// ids.
func parseRust(raw []byte) (*rust, error) {
	var f struct {
		AddedTokens []fileToken `json:"added_tokens"`
		Model       struct {
			Vocab map[string]int32 `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, err
	}
	ids, size, err := vocabulary(f.Model.Vocab, f.AddedTokens)
	if err != nil {
		return nil, err
	}
	bare, err := unframed(raw)
	if err != nil {
		return nil, err
	}
	inner, err := tokenizers.FromBytes(bare)
	if err != nil {
		return nil, err
	}
	return &rust{inner: inner, ids: ids, size: size, digest: digest(raw)}, nil
}

// unframed takes out of a file what would cut, pad or extend rows: Framed does that. The rest of the file stays
// to the letter.
func unframed(raw []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	for _, name := range []string{"truncation", "padding", "post_processor"} {
		fields[name] = json.RawMessage("null")
	}
	return json.Marshal(fields)
}

// Encode refuses a NUL byte: the binding hands texts over as C strings, and the library would see no more
// than what stands before it.
func (t *rust) Encode(dst []int32, text string) ([]int32, error) {
	if err := validText(text); err != nil {
		return dst, err
	}
	if at := strings.IndexByte(text, 0); at >= 0 {
		return dst, fault.New(fault.Invalid, "text has a NUL at byte %d, where daulet/tokenizers would cut it; "+
			"use the plain tokenizer", at)
	}
	// false: no post-processor. Without options the binding returns ids and nothing else.
	found, err := t.inner.EncodeWithOptionsErr(text, false)
	if err != nil {
		return dst, fmt.Errorf("encode: %w", err)
	}
	for _, id := range found.IDs {
		dst = append(dst, int32(id))
	}
	return dst, nil
}

func (t *rust) VocabSize() int { return t.size }
func (t *rust) SHA256() string { return t.digest }
func (t *rust) Close() error   { return t.inner.Close() }

func (t *rust) TokenID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}
