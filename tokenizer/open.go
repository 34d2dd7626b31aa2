package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/internal/whatis"
)

// plain is the tokenizer in Go. Nothing but the cache and the spellings changes after Open, and neither needs a
// lock of its users. The fields stand in the order in which a text meets them (encode.go).
type plain struct {
	chars       *characters
	raw         *addedTokens // matched in the text as given
	normalized  *addedTokens // matched after normalisation
	normalizers []normalizer
	splitters   []splitter
	model       model
	cache       *pieceCache
	frame       *frame           // of a WordPiece; nil: Framed's caller names the end token
	ids         map[string]int32 // every token, added ones too
	special     map[int32]bool   // added tokens that are no part of a text
	size        int
	digest      string

	spell     sync.Once
	spellings []string // by id, once somebody has asked
}

// A model turns one piece of a text, at least a byte, into ids, and knows the bytes that an entry stands for.
type model interface {
	encode(dst []int32, piece string) []int32
	// encodeFirst appends at least the first want ids of a piece; of an open one, which is the beginning of a
	// longer piece, only ids that the longer one has too.
	encodeFirst(dst []int32, piece string, want int, open bool) []int32
	spell(entry string) string
}

// Open reads the byte-level BPE or WordPiece tokenizer at path: a tokenizer.json, a folder that holds one, or a
// GGUF model with its tokenizer in the file. It refuses a file with any component it does not implement, and
// names the field.
func Open(path string) (Tokenizer, error) {
	raw, path, err := readJSON(path)
	if err != nil {
		return nil, err
	}
	t, err := parse(raw)
	if err != nil {
		return nil, whatis.Instead(path, "a tokenizer.json", fmt.Errorf("read tokenizer %s: %w", path, err))
	}
	return t, nil
}

// readJSON returns the bytes of the file and the path it was found under.
func readJSON(path string) (raw []byte, file string, err error) {
	path, inside, err := gguf.Tokenizer(path)
	if err != nil {
		return nil, path, err
	}
	if inside {
		raw, err := gguf.TokenizerJSON(path)
		return raw, path, err
	}
	raw, err = fsutil.ReadRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, path, fault.New(fault.NotFound, "read tokenizer: %w; a model folder holds one beside its weights", err)
	}
	if err != nil {
		return nil, path, fmt.Errorf("read tokenizer: %w", err)
	}
	return raw, path, nil
}

// parse builds the tokenizer from the bytes of a file; the order of the steps is that of the file. Everything
// that could be wrong is found here: Encode refuses nothing but text that is not UTF-8.
func parse(raw []byte) (*plain, error) {
	f, err := readFile(raw)
	if err != nil {
		return nil, err
	}
	t := &plain{chars: tables(), cache: newPieceCache(), digest: digest(raw)}
	if t.normalizers, err = readNormalizers("normalizer", f.Normalizer, t.chars); err != nil {
		return nil, err
	}
	kind, err := partType("model", f.Model)
	if err == nil && kind == "WordPiece" {
		err = t.readWordPiece(f)
	} else if err == nil {
		err = t.readBPE(f)
	}
	if err != nil {
		return nil, err
	}
	return t, t.addTokens(f.AddedTokens)
}

// readBPE reads what a byte-level BPE is made of. What stands around a text is not the file's to say (Framed).
func (t *plain) readBPE(f *file) (err error) {
	if t.splitters, err = readPreTokenizer(f.PreTokenizer); err != nil {
		return err
	}
	m, err := readModel(f.Model)
	if err != nil {
		return err
	}
	if t.model, err = newBPE(m); err != nil {
		return err
	}
	t.ids, t.size, err = vocabulary(m.Vocab, f.AddedTokens)
	return err
}

// readWordPiece reads what a WordPiece is made of, with the frame that it was trained with.
func (t *plain) readWordPiece(f *file) (err error) {
	if t.splitters, err = readWords(f.PreTokenizer); err != nil {
		return err
	}
	w, err := readWordPiece(f.Model, t.chars)
	if err != nil {
		return err
	}
	t.model = w
	if t.ids, t.size, err = vocabulary(maps.Clone(w.begins), f.AddedTokens); err != nil {
		return err
	}
	t.frame, err = readFrame(f.PostProcessor, t.ids)
	return err
}

// digest identifies a tokenizer: the hex SHA-256 of its file.
func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// vocabulary joins entries and added tokens, and returns one more than the largest id. No two tokens may share an
// id. Ids may have gaps; an embedding table has a row for each all the same.
func vocabulary(entries map[string]int32, added []fileToken) (map[string]int32, int, error) {
	// By id, so that two tokens of one id are found wherever they stand; one token under the same id twice is
	// none the worse.
	owner := make(map[int32]string, len(entries)+len(added))
	largest := int32(-1)
	add := func(token string, id int32) error {
		if other, taken := owner[id]; taken && other != token || id < 0 {
			return fault.New(fault.Corrupt, "id %d of token %q is negative or taken by %q", id, token, other)
		}
		owner[id] = token
		largest = max(largest, id)
		return nil
	}
	for token, id := range entries {
		if err := add(token, id); err != nil {
			return nil, 0, err
		}
	}
	for _, t := range added {
		if id, ok := entries[t.Content]; ok && id != t.ID {
			return nil, 0, fault.New(fault.Corrupt, "added token %q has id %d, and %d in the vocabulary", t.Content, t.ID, id)
		}
		if err := add(t.Content, t.ID); err != nil {
			return nil, 0, err
		}
		entries[t.Content] = t.ID
	}
	return entries, int(largest) + 1, nil
}

// addTokens sorts added tokens by the text they are matched in. The library normalises a token as it will
// normalise the text: [MASK] is matched as [mask] where texts become lower case. One of which nothing is left
// would match everywhere.
func (t *plain) addTokens(tokens []fileToken) error {
	var raw, normalized []addedToken
	t.special = make(map[int32]bool)
	for _, token := range tokens {
		if token.Special {
			t.special[token.ID] = true
		}
		if !token.Normalized {
			raw = append(raw, addedToken{token.Content, token.ID})
			continue
		}
		content := t.normalize(token.Content)
		if content == "" {
			return fault.New(fault.Invalid, "nothing is left of added token %q once it is normalised", token.Content)
		}
		normalized = append(normalized, addedToken{content, token.ID})
	}
	t.raw, t.normalized = newAddedTokens(raw), newAddedTokens(normalized)
	return nil
}

// normalize applies the file's normalisers in their order.
func (t *plain) normalize(text string) string {
	for _, n := range t.normalizers {
		text = n(text)
	}
	return text
}

func (t *plain) VocabSize() int { return t.size }
func (t *plain) SHA256() string { return t.digest }
func (t *plain) Close() error   { return nil }

// TokenID knows entries of the vocabulary in the file's spelling (Ġ for a blank) and added tokens.
func (t *plain) TokenID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}
