package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"

	"hives/internal/fault"
	"hives/internal/gguf"
)

// byteLevel is the plain-Go tokenizer. Nothing but the cache and the spellings changes after Open, and neither needs a
// lock of its users.
type byteLevel struct {
	chars      *characters
	raw        *addedTokens // matched in the text as given
	normalized *addedTokens // matched after normalisation
	nfc        bool
	splitters  []splitter
	model      *bpe
	cache      *pieceCache
	ids        map[string]int32 // every token, added ones too
	size       int
	digest     string

	spell     sync.Once
	spellings []string // by id, once somebody has asked
}

// Open reads the byte-level BPE tokenizer at path: a tokenizer.json, a folder that holds one, or a GGUF model with its
// tokenizer in the file. It refuses a file with any component it does not implement, and names the field.
func Open(path string) (Tokenizer, error) {
	raw, path, err := readJSON(path)
	if err != nil {
		return nil, err
	}
	t, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer %s: %w", path, err)
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
	raw, err = os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, path, fault.New(fault.NotFound, "read tokenizer: %w; a model folder holds one beside its weights", err)
	}
	if err != nil {
		return nil, path, fmt.Errorf("read tokenizer: %w", err)
	}
	return raw, path, nil
}

// parse builds the tokenizer from the bytes of a file; the order of the steps is that of the file.
func parse(raw []byte) (*byteLevel, error) {
	f, err := readFile(raw)
	if err != nil {
		return nil, err
	}
	t := &byteLevel{chars: tables(), cache: newPieceCache(), digest: digest(raw)}
	if t.nfc, err = readNormalizer("normalizer", f.Normalizer); err != nil {
		return nil, err
	}
	if t.splitters, err = readPreTokenizer(f.PreTokenizer); err != nil {
		return nil, err
	}
	if t.model, err = newBPE(&f.Model); err != nil {
		return nil, err
	}
	if t.ids, t.size, err = vocabulary(f.Model.Vocab, f.AddedTokens); err != nil {
		return nil, err
	}
	t.addTokens(f.AddedTokens)
	return t, nil
}

// digest identifies a tokenizer: the hex SHA-256 of its file.
func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// vocabulary joins entries and added tokens, and returns one more than the largest id. No two tokens may
// share an id.
func vocabulary(entries map[string]int32, added []fileToken) (map[string]int32, int, error) {
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

// newBPE resolves merges to ids. A byte without an entry is dropped, unless the file names an unknown token for it:
// SmolLM2's vocabulary lacks six control characters and two bytes of planes that
// nobody uses.
func newBPE(m *fileModel) (*bpe, error) {
	b := &bpe{merges: newPairTable(len(m.Merges))}
	byteOf := make(map[rune]byte, 256)
	for i, r := range byteRunes() {
		id, ok := m.Vocab[string(r)]
		switch {
		case !ok && m.UnkToken != nil:
			return nil, fault.New(fault.Corrupt, "model.vocab has no entry for byte %d (%q)", i, r)
		case !ok:
			id, b.gaps = lacking, true
		}
		b.byteID[i], byteOf[r] = id, byte(i)
	}
	// The order of the list is the priority: the first merge has rank 0.
	for rank, pair := range m.Merges {
		left, okLeft := m.Vocab[pair[0]]
		right, okRight := m.Vocab[pair[1]]
		id, ok := m.Vocab[pair[0]+pair[1]]
		if !okLeft || !okRight || !ok {
			return nil, fault.New(fault.Corrupt, "model.merges[%d] %q needs an entry that model.vocab lacks", rank, pair)
		}
		b.merges.set(left, right, rank, id)
	}
	if m.IgnoreMerges {
		b.whole = make(map[string]int32, len(m.Vocab))
		for entry, id := range m.Vocab {
			if piece, ok := entryBytes(entry, byteOf); ok {
				b.whole[piece] = id
			}
		}
	}
	return b, nil
}

// addTokens sorts added tokens by the text they are matched in.
func (t *byteLevel) addTokens(tokens []fileToken) {
	var raw, normalized []addedToken
	for _, token := range tokens {
		switch {
		case !token.Normalized:
			raw = append(raw, addedToken{token.Content, token.ID})
		case t.nfc: // the library normalises the token as it will normalise the text
			normalized = append(normalized, addedToken{t.chars.nfc(token.Content), token.ID})
		default:
			normalized = append(normalized, addedToken{token.Content, token.ID})
		}
	}
	t.raw, t.normalized = newAddedTokens(raw), newAddedTokens(normalized)
}

func (t *byteLevel) VocabSize() int { return t.size }
func (t *byteLevel) SHA256() string { return t.digest }
func (t *byteLevel) Close() error   { return nil }

// TokenID knows entries of the vocabulary in the file's spelling (Ġ for a blank) and added tokens.
func (t *byteLevel) TokenID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}
