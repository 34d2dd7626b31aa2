package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/model/folder"
)

// tokenizerKeys is the order in which the tokenizers library writes a tokenizer.json. In it a file that only gets
// another post-processor differs from the old one in that part alone.
var tokenizerKeys = []string{
	"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder",
	"model",
}

// frameTokenizer rewrites the folder's tokenizer.json so that its post-processor puts the end token behind every text,
// whatever it did before; a WordPiece's stays. The library cuts a text to the maximum less the post-processor's tokens
// before it runs it, which is what tokenizer.Framed does. Everything else stays, byte for byte.
//
// Invariant: Python's tokenizer makes the ids that tokenizer.Framed makes, cut and framed (TestFramingLeavesTheRest,
// and over the real library scripts/roundtrip.sh).
//
//	end token <|endoftext|>, before   {"type": "ByteLevel", …}
//	after                             {"type": "TemplateProcessing", "single": [A, <|endoftext|>], …}
//	no end token                      null
func frameTokenizer(dir, endToken string) error {
	path := filepath.Join(dir, folder.TokenizerFile)
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return fsutil.Classify(err, path)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	var model struct{ Type string }
	json.Unmarshal(parts["model"], &model) // which package tokenizer has read
	switch {
	case model.Type == "WordPiece": // whose own template is the frame here too
	case endToken == "":
		parts["post_processor"] = json.RawMessage("null")
	default:
		id, err := addedToken(parts["added_tokens"], endToken)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		parts["post_processor"] = marshal(appending(endToken, id))
	}
	// Both are for one call of the library; left in the file they would cut or pad every text.
	parts["truncation"], parts["padding"] = json.RawMessage("null"), json.RawMessage("null")
	var out bytes.Buffer
	for i, key := range tokenizerKeys {
		value, ok := parts[key]
		if !ok {
			value = json.RawMessage("null")
		}
		delete(parts, key)
		// An opening brace before the first field, a comma before the others.
		fmt.Fprintf(&out, "%c\n  %q: %s", "{,"[min(i, 1)], key, value)
	}
	// What is left is a field that the library's versions here do not have.
	for key := range parts {
		return fault.New(fault.Invalid, "%s: field %q is not known, so it cannot be said what it would change", path,
			key)
	}
	out.WriteString("\n}\n")
	return fsutil.WriteBytes(path, out.Bytes())
}

// padToken is what Python pads with: the end token, or of a model without one what its own tokenizer padded with.
//
//	hives.json end_token "<|endoftext|>"          that
//	none, "pad_token": {"content": "<pad>"}       <pad>
//	none, neither pad_token nor eos_token         refused
func padToken(dir, endToken string) (string, error) {
	if endToken != "" {
		return endToken, nil
	}
	path := filepath.Join(dir, folder.TokenizerConfigFile)
	var f map[string]any
	if raw, err := fsutil.ReadRegular(path); err == nil {
		json.Unmarshal(raw, &f) // of a torn file, and of none, nothing is taken
	}
	// Either is a string, or an object with the string under "content".
	for _, key := range []string{"pad_token", "eos_token"} {
		token := f[key]
		if object, ok := token.(map[string]any); ok {
			token = object["content"]
		}
		if name, ok := token.(string); ok && name != "" {
			return name, nil
		}
	}
	return "", fault.New(fault.Invalid, "%s names neither pad_token nor eos_token: Python needs one to pad with, "+
		"as the model puts no token behind a text", path)
}

// addedToken finds the id of the end token. It must be an added token: Python pads with it, and would make it one,
// after which it would match in texts where it does not here. An error names the file in which the end token is set.
func addedToken(raw json.RawMessage, token string) (id int, err error) {
	var tokens []struct {
		ID      int    `json:"id"`
		Content string `json:"content"`
	}
	if err := json.Unmarshal(raw, &tokens); err != nil {
		return 0, fault.New(fault.Corrupt, "added_tokens: %w", err)
	}
	for _, t := range tokens {
		if t.Content == token {
			return t.ID, nil
		}
	}
	return 0, fault.New(fault.Mismatch, "the end token %q is none of the %d added tokens: name one of them as "+
		"end_token in %s",
		token, len(tokens), folder.InfoFile)
}

// sequence and special are the two kinds of piece in a template.
type (
	sequence struct {
		Sequence struct {
			ID   string `json:"id"`
			Type int    `json:"type_id"`
		}
	}
	special struct {
		SpecialToken struct {
			ID   string `json:"id"`
			Type int    `json:"type_id"`
		}
	}
)

// appending is the post-processor "text, end token", and "text, end token, text, end token" for pairs. Written out,
// with the end token <|endoftext|>: single is "$A <|endoftext|>".
//
//	"single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}]
func appending(token string, id int) map[string]any {
	text := func(name string, kind int) (s sequence) {
		s.Sequence.ID, s.Sequence.Type = name, kind
		return s
	}
	end := func(kind int) (s special) {
		s.SpecialToken.ID, s.SpecialToken.Type = token, kind
		return s
	}
	return map[string]any{
		"type":   "TemplateProcessing",
		"single": []any{text("A", 0), end(0)},
		"pair":   []any{text("A", 0), end(0), text("B", 1), end(1)},
		"special_tokens": map[string]any{
			token: map[string]any{"id": token, "ids": []int{id}, "tokens": []string{token}},
		},
	}
}

// marshal encodes what cannot fail, without the escapes that HTML would need. Keys are sorted, so equal values are
// equal bytes; the < and > of control tokens stay as they are read.
func marshal(v any) json.RawMessage {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic(err) // maps, strings and numbers of this package only
	}
	return bytes.TrimSpace(out.Bytes())
}
