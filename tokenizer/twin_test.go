package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// twin is a second implementation for tests: everything by the definition, in quadratic time, on the
// strings of the file, with the expressions matched by backtracking.
type twin struct {
	vocab    map[string]int32
	rank     map[[2]string]int
	added    []string
	id       map[string]int32
	nfc      bool
	patterns [][]alternative
}

func newTwin(t testing.TB, raw []byte, nfc bool, patterns ...[]alternative) *twin {
	t.Helper()
	var f struct {
		AddedTokens []struct {
			ID      int32
			Content string
		} `json:"added_tokens"`
		Model struct {
			Vocab  map[string]int32
			Merges [][2]string
		}
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	w := &twin{vocab: f.Model.Vocab, rank: map[[2]string]int{}, id: map[string]int32{}, nfc: nfc, patterns: patterns}
	for i, m := range f.Model.Merges {
		w.rank[m] = i
	}
	for _, a := range f.AddedTokens {
		w.added, w.id[a.Content] = append(w.added, a.Content), a.ID
	}
	return w
}

func (w *twin) encode(text string) (ids []int32) {
	for text != "" {
		at, token := len(text), ""
		for _, a := range w.added {
			i := strings.Index(text, a)
			if i >= 0 && (i < at || i == at && len(a) > len(token)) {
				at, token = i, a
			}
		}
		ids = append(ids, w.segment(text[:at])...)
		if token != "" {
			ids = append(ids, w.id[token])
		}
		text = text[at+len(token):]
	}
	return ids
}

func (w *twin) segment(text string) (ids []int32) {
	if w.nfc {
		text = slowNFC(text)
	}
	pieces := []string{text}
	for _, by := range w.patterns {
		var finer []string
		for _, p := range pieces {
			finer = append(finer, cut([]rune(p), by)...)
		}
		pieces = finer
	}
	for _, p := range pieces {
		ids = append(ids, w.merge(p)...)
	}
	return ids
}

// merge joins, as long as it can, the leftmost pair of the lowest rank.
func (w *twin) merge(piece string) (ids []int32) {
	chars := byteRunes()
	var parts []string
	for i := range len(piece) {
		parts = append(parts, string(chars[piece[i]]))
	}
	for {
		best, at := many, -1
		for i := 0; i+1 < len(parts); i++ {
			if rank, ok := w.rank[[2]string{parts[i], parts[i+1]}]; ok && rank < best {
				best, at = rank, i
			}
		}
		if at < 0 {
			break
		}
		parts = append(parts[:at], append([]string{parts[at] + parts[at+1]}, parts[at+2:]...)...)
	}
	for _, p := range parts {
		ids = append(ids, w.vocab[p])
	}
	return ids
}

// slowNFC follows the definitions D68, D109 and D115 to D117 of the Unicode standard one step at a time.
func slowNFC(s string) string {
	t := tables()
	var runes []rune
	for _, r := range s {
		runes = t.decompose(runes, r)
	}
	runes = slowOrder(runes)
	class := func(r rune) int { return int(t.combining[r]) }
	for i := 1; i < len(runes); i++ {
		starter := i - 1
		for starter >= 0 && class(runes[starter]) != 0 {
			starter--
		}
		blocked := starter < i-1 && class(runes[i-1]) >= class(runes[i])
		if starter < 0 || blocked {
			continue
		}
		if joined, ok := t.join(runes[starter], runes[i]); ok {
			runes[starter] = joined
			runes = append(runes[:i], runes[i+1:]...)
			i--
		}
	}
	return string(runes)
}

// slowOrder exchanges neighbouring marks until all are in order.
func slowOrder(runes []rune) []rune {
	class := func(r rune) int { return int(tables().combining[r]) }
	for swapped := true; swapped; {
		swapped = false
		for i := 0; i+1 < len(runes); i++ {
			if b := class(runes[i+1]); b != 0 && class(runes[i]) > b {
				runes[i], runes[i+1], swapped = runes[i+1], runes[i], true
			}
		}
	}
	return runes
}

func demoJSON(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(demoFolder(t), "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
