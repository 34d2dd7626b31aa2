package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"hives/internal/fault"
)

// file is the layout of tokenizer.json. Truncation, padding and decoder are read over: how long a text may be is
// Framed's to say. So is what stands around a text, but for WordPiece, whose post_processor holds.
//
//	{"version": "1.0", "truncation": null, "padding": null,
//	 "added_tokens": [{"id": 0, "content": "<|endoftext|>", "normalized": false, "special": true, …}],
//	 "normalizer": {"type": "NFC"},
//	 "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", …}, {"type": "ByteLevel", …}]},
//	 "post_processor": …, "decoder": …,
//	 "model": {"type": "BPE", "vocab": {"!": 0, …, "Ġthe": …}, "merges": [["Ġ", "t"], …]}}
type file struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []fileToken     `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

// fileToken is an entry of added_tokens. Special only matters to Talker.
type fileToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// fileModel is the "model" object of a BPE. null stands for the zero value in its options.
type fileModel struct {
	Type                    string           `json:"type"`
	Dropout                 float64          `json:"dropout"`
	UnkToken                *string          `json:"unk_token"` // refused where a byte has no entry
	ContinuingSubwordPrefix string           `json:"continuing_subword_prefix"`
	EndOfWordSuffix         string           `json:"end_of_word_suffix"`
	FuseUnk                 bool             `json:"fuse_unk"`
	ByteFallback            bool             `json:"byte_fallback"`
	IgnoreMerges            bool             `json:"ignore_merges"`
	Vocab                   map[string]int32 `json:"vocab"`
	Merges                  []fileMerge      `json:"merges"`
}

// fileMerge is ["a","b"], or "a b" in older files.
type fileMerge [2]string

// UnmarshalJSON reads both forms. In the older one the first blank parts the two: entries hold none (byteRunes).
func (m *fileMerge) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		var both []string
		if err := json.Unmarshal(raw, &both); err != nil {
			return err
		}
		if len(both) != 2 {
			return fmt.Errorf("a merge of %d parts", len(both))
		}
		*m = fileMerge(both)
		return nil
	}
	var joined string
	if err := json.Unmarshal(raw, &joined); err != nil {
		return err
	}
	a, b, ok := strings.Cut(joined, " ")
	if !ok {
		return errors.New("a merge without a blank")
	}
	*m = fileMerge{a, b}
	return nil
}

// unsupported refuses a part of the file that would change ids and is not implemented.
func unsupported(field string, value any) error {
	return fault.New(fault.Invalid, "%s %v is not implemented by the plain tokenizer; "+
		"build with -tags daulet, or use a byte-level BPE of Qwen's or GPT-2's kind or a WordPiece of BERT's", field, value)
}

// quoted sets a name from a file apart from the message.
func quoted(s string) string { return fmt.Sprintf("%q", s) }

// readFile decodes a file and refuses what would change ids unseen; components are looked into later. The rule
// throughout: a field that is not understood is refused by name, since wrong ids look like any others.
func readFile(raw []byte) (*file, error) {
	var f file
	if err := strictly(raw, &f); err != nil {
		return nil, fault.New(fault.Corrupt, "%w", err)
	}
	if f.Version != "1.0" {
		return nil, unsupported("version", quoted(f.Version))
	}
	for _, t := range f.AddedTokens {
		switch name := fmt.Sprintf("of added token %q", t.Content); {
		case t.Content == "" || t.ID < 0:
			return nil, fault.New(fault.Corrupt, "added token %q with id %d", t.Content, t.ID)
		// These three move the borders of a match.
		case t.SingleWord:
			return nil, unsupported("single_word", name)
		case t.LStrip:
			return nil, unsupported("lstrip", name)
		case t.RStrip:
			return nil, unsupported("rstrip", name)
		}
	}
	return &f, nil
}

// readModel reads the "model" object of a BPE.
func readModel(raw json.RawMessage) (*fileModel, error) {
	var m fileModel
	if err := strictly(raw, &m); err != nil {
		return nil, fault.New(fault.Corrupt, "model: %w", err)
	}
	return &m, m.check()
}

// check refuses options that only other kinds of BPE use, and dropout, under which one text has other ids each
// time.
func (m *fileModel) check() error {
	switch {
	case m.Type != "BPE" && m.Type != "":
		return unsupported("model.type", quoted(m.Type))
	case m.Dropout != 0:
		return unsupported("model.dropout", m.Dropout)
	case m.ContinuingSubwordPrefix != "":
		return unsupported("model.continuing_subword_prefix", quoted(m.ContinuingSubwordPrefix))
	case m.EndOfWordSuffix != "":
		return unsupported("model.end_of_word_suffix", quoted(m.EndOfWordSuffix))
	case m.ByteFallback:
		return unsupported("model.byte_fallback", true)
	case len(m.Vocab) == 0:
		return fault.New(fault.Corrupt, "model.vocab is empty")
	}
	return nil
}

// strictly decodes one JSON value and refuses unknown fields and trailing bytes. Every part of the file goes
// through it: what is not in a struct is not understood here, and might change ids.
func strictly(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("bytes after the end of the JSON value")
	}
	return nil
}
