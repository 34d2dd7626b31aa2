package gguf

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"hives/internal/fault"
)

// Pre names the splitter that a tokenizer.json's normaliser and pre-tokeniser are, for tokenizer.ggml.pre. It
// compares the components themselves and not names: a tokenizer.json says what it does and not whose it is.
//
//	null, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}     gpt-2
//	NFC, Split by splitQwen then ByteLevel                                       qwen2
//	another expression                                                           refused
func Pre(normalizer, preTokenizer json.RawMessage) (string, error) {
	given, err := canonical(normalizer, preTokenizer)
	if err != nil {
		return "", err
	}
	known := slices.Sorted(maps.Keys(splits))
	for _, name := range known {
		want, err := canonical(splits[name].normalizer, splits[name].preTokenizer)
		if err == nil && bytes.Equal(given, want) {
			return name, nil
		}
	}
	return "", fault.New(fault.Invalid, "the tokenizer splits texts like none that a GGUF file can name here (%s)",
		strings.Join(known, ", "))
}

// canonical writes components with sorted keys and without what has no effect on ids. Written, read and written
// again: maps are sorted by the encoder, and numbers and blanks are all of one kind.
func canonical(parts ...any) ([]byte, error) {
	raw, err := json.Marshal(parts)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	strip(tree)
	return json.Marshal(tree)
}

// strip removes trim_offsets everywhere: it moves offsets, which nobody asks for.
func strip(tree any) {
	switch t := tree.(type) {
	case map[string]any:
		delete(t, "trim_offsets")
		for _, inner := range t {
			strip(inner)
		}
	case []any:
		for _, inner := range t {
			strip(inner)
		}
	}
}
