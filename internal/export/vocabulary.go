package export

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/model/folder"
)

// Token types of tokenizer.ggml.token_type. llama.cpp matches control tokens only where it is told to parse special
// ones, and a user's in any text.
const (
	tokenNormal  = 1
	tokenControl = 3 // special in tokenizer.json
	tokenUser    = 4 // added, but not special
	tokenUnused  = 5 // a row of the embedding table without a token
)

// vocabulary is a byte-level BPE as a GGUF file holds it.
//
// Invariant: every row of the embedding table has one token and one type, and no two tokens share an id.
type vocabulary struct {
	pre    string   // name of the splitter
	tokens []string // by id, one for each row of the embedding table
	types  []int32
	merges []string // "left right", first come first merged
	chat   string   // how a conversation is written; "" where nothing says it, or several are named
}

// merge is ["a","b"], or "a b" in older files. Older versions of the tokenizers library wrote the latter; a file in
// either form gives the same merges.
type merge string

// Neither part holds a blank in this alphabet, so both forms say the same.
func (m *merge) UnmarshalJSON(raw []byte) error {
	var pair []string
	if json.Unmarshal(raw, &pair) == nil {
		*m = merge(strings.Join(pair, " "))
		return nil
	}
	return json.Unmarshal(raw, (*string)(m))
}

// readVocabulary reads a folder's tokenizer.json. rows is the height of the embedding table, which may be more than
// the tokens. Rows of the table without a token are named [PAD151669] and so on: a GGUF file has a name for every
// row.
//
//	vocab {"a": 0, "b": 1}, added {"id": 2, "<|end|>", special}, 4 rows
//	tokens a b <|end|> [PAD3]     types 1 1 3 5
func readVocabulary(dir string, rows int) (*vocabulary, error) {
	path := filepath.Join(dir, folder.TokenizerFile)
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	var f struct {
		Added []struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
			Special bool   `json:"special"`
		} `json:"added_tokens"`
		Normalizer   json.RawMessage `json:"normalizer"`
		PreTokenizer json.RawMessage `json:"pre_tokenizer"`
		Model        struct {
			Type         string         `json:"type"`
			IgnoreMerges bool           `json:"ignore_merges"`
			Vocab        map[string]int `json:"vocab"`
			Merges       []merge        `json:"merges"`
		} `json:"model"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	// With ignore_merges a word that is in the vocabulary is taken whole, which a GGUF file cannot say.
	if f.Model.Type != "BPE" || f.Model.IgnoreMerges {
		return nil, fault.New(fault.Invalid, "%s: a GGUF file is written of plain byte-level BPE alone", path)
	}
	v := &vocabulary{tokens: make([]string, rows), types: make([]int32, rows)}
	if v.pre, err = gguf.Pre(f.Normalizer, f.PreTokenizer); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// err goes through set, which keeps the first: the loops read without a check in each line.
	for token, id := range f.Model.Vocab {
		err = v.set(id, token, tokenNormal, err)
	}
	for _, t := range f.Added {
		kind := int32(tokenUser)
		if t.Special {
			kind = tokenControl
		}
		err = v.set(t.ID, t.Content, kind, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// The table is often padded to a round number of rows, for speed; those rows have no token.
	for id := range v.tokens {
		if v.types[id] == 0 {
			v.tokens[id], v.types[id] = fmt.Sprintf("[PAD%d]", id), tokenUnused
		}
	}
	for _, m := range f.Model.Merges {
		v.merges = append(v.merges, string(m))
	}
	v.chat = chatText(dir)
	return v, nil
}

// set enters a token and keeps the first error. Added tokens come last and may stand in the vocabulary too. The same
// token under the same id is taken as its later kind: special tokens are often in both lists.
func (v *vocabulary) set(id int, token string, kind int32, err error) error {
	switch {
	case err != nil:
		return err
	case id < 0 || id >= len(v.tokens):
		return fault.New(fault.Mismatch, "token id %d lies outside an embedding table of %d rows", id, len(v.tokens))
	case v.types[id] != 0 && v.tokens[id] != token:
		return fault.New(fault.Corrupt, "two tokens have id %d", id)
	}
	v.tokens[id], v.types[id] = token, kind
	return nil
}

// id finds a token. A walk over all of them: it is asked once a file.
func (v *vocabulary) id(token string) (uint32, error) {
	for id, t := range v.tokens {
		if t == token && v.types[id] != tokenUnused {
			return uint32(id), nil
		}
	}
	return 0, fault.New(fault.Mismatch, "the end token %q is not in the vocabulary", token)
}
