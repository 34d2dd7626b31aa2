package tokenizer

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// longTexts are far longer than what is used of them, each hostile in its own way.
func longTexts() map[string]string {
	return map[string]string{
		"words":                  strings.Repeat("She shared her lunch with the new pupil. ", 2000),
		"no blank at all":        strings.Repeat("abcdefghij", 8000),
		"one letter":             strings.Repeat("a", 80000),
		"a word over and over":   strings.Repeat("the", 30000),
		"two letters":            strings.Repeat("ab", 40000),
		"symbols":                strings.Repeat("!?-", 30000),
		"blanks":                 strings.Repeat(" ", 50000) + "x",
		"a break, then blanks":   "\n" + strings.Repeat(" ", 50000) + "x",
		"blanks, then a break":   strings.Repeat(" ", 50000) + "\nx",
		"marks on one letter":    "a" + strings.Repeat("\u0301", 20000) + "\u0323b",
		"marks of two classes":   "a" + strings.Repeat("\u0301\u0323", 10000) + "\u0334b",
		"letters with marks":     strings.Repeat("e\u0301a\u0323\u0301", 8000),
		"Hangul in parts":        strings.Repeat("\u1112\u1161\u11ab", 8000),
		"digits":                 strings.Repeat("1234567890", 5000),
		"an emoji over and over": strings.Repeat("👩‍👩‍👧", 3000),
		"nearly a special token": strings.Repeat("<|endoftext", 5000),
		"special tokens":         strings.Repeat("<|endoftext|>", 5000),
		"contractions":           strings.Repeat("they'll'ſ've", 5000),
	}
}

// kindsOfFiles are tokenizers that split, normalise and merge in all the ways there are.
func kindsOfFiles(t *testing.T) map[string][]byte {
	words, err := os.ReadFile(filepath.Join("testdata", "wordpiece.json"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"qwen": demoJSON(t), "gpt2": edited(t, byteLevelOnly, "pre_tokenizer"), "smollm2": edited(t, digitsThenBytes,
			"pre_tokenizer"),
		"wordpiece": words,
	}
}

// TestAPrefixIsThatOfTheWhole: ids of a long text, cut, are those of tokenising all of it and cutting.
func TestAPrefixIsThatOfTheWhole(t *testing.T) {
	for name, raw := range kindsOfFiles(t) {
		tok, err := parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range longTexts() {
			whole, err := tok.Encode(nil, text)
			if err != nil {
				t.Fatal(err)
			}
			for _, limit := range []int{0, 1, 2, 7, 64, 256, 1000} {
				got, err := tok.EncodePrefix([]int32{-5}, text, limit)
				if want := whole[:min(limit, len(whole))]; err != nil || got[0] != -5 || !slices.Equal(got[1:], want) {
					t.Errorf("%s, %s, %d ids: not those of the whole (%v)", name, what, limit, err)
				}
			}
		}
	}
}

// TestOpenIDsStay cuts texts at every place: what the part settles must be how the whole begins.
func TestOpenIDsStay(t *testing.T) {
	const seed = 11
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	alphabet := []rune("  \n\r'sStTreLLvdm<|>endoftx09٣éÅſ\u0301\u0323\u1112\u1161\u11ab日👩\u200d")
	texts := hostileTexts()
	for range 60 {
		var b strings.Builder
		for range 1 + random.IntN(200) {
			b.WriteString(strings.Repeat(string(alphabet[random.IntN(len(alphabet))]), 1+random.IntN(4)))
		}
		texts = append(texts, b.String())
	}
	settled := 0
	for name, raw := range kindsOfFiles(t) {
		tok, err := parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			whole, err := tok.Encode(nil, text)
			if err != nil {
				t.Fatal(err)
			}
			for cut := 0; cut <= len(text); cut++ {
				if cut < len(text) && !utf8.RuneStart(text[cut]) {
					continue
				}
				run := encoding{plain: tok, end: math.MaxInt}
				run.text(text[:cut], true)
				settled += len(run.ids)
				if len(run.ids) > len(whole) || !slices.Equal(run.ids, whole[:len(run.ids)]) {
					t.Fatalf("%s, cut at %d of %q: %v, the whole has %v", name, cut, text, run.ids, whole)
				}
			}
		}
	}
	if settled == 0 {
		t.Error("nothing was settled by any part")
	}
}

// randomBPE has random merges over few letters, so that merges cascade in ways that no trained file has.
func randomBPE(t *testing.T, random *rand.Rand, letters string, merges int) *bpe {
	vocab := map[string]int32{}
	for _, r := range byteRunes() {
		vocab[string(r)] = int32(len(vocab))
	}
	known := strings.Split(letters, "")
	m := &fileModel{Vocab: vocab}
	for len(m.Merges) < merges {
		pair := [2]string{known[random.IntN(len(known))], known[random.IntN(len(known))]}
		joined := pair[0] + pair[1]
		if _, old := vocab[joined]; old || len(joined) > 12 {
			merges--
			continue
		}
		vocab[joined] = int32(len(vocab))
		known = append(known, joined)
		m.Merges = append(m.Merges, pair)
	}
	random.Shuffle(len(m.Merges), func(i, j int) { m.Merges[i], m.Merges[j] = m.Merges[j], m.Merges[i] })
	b, err := newBPE(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNoMergeCrossesASettledPlace: over random merges in random order, what the beginning of a piece settles holds
// whatever follows. The control takes the beginning's own ids, which do change.
func TestNoMergeCrossesASettledPlace(t *testing.T) {
	const seed = 5
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	settled, changed := 0, 0
	for range 300 {
		b := randomBPE(t, random, "abc"[:1+random.IntN(3)], 1+random.IntN(30))
		for range 20 {
			var text strings.Builder
			for range 20 + random.IntN(200) {
				text.WriteByte("abc"[random.IntN(3)])
			}
			piece := text.String()
			if random.IntN(2) == 0 {
				piece = strings.Repeat(piece[:1+random.IntN(8)], 40)
			}
			cut := random.IntN(len(piece))
			whole, got := b.encode(nil, piece), b.encodeOpen(nil, piece[:cut])
			if settled += len(got); len(got) > len(whole) || !slices.Equal(got, whole[:len(got)]) {
				t.Fatalf("%q cut at %d: settled %v, the whole is %v", piece, cut, got, whole)
			}
			if own := b.encode(nil, piece[:cut]); len(own) > len(whole) || !slices.Equal(own, whole[:len(own)]) {
				changed++
			}
			want := random.IntN(40)
			if first := b.encodeFirst(nil, piece, want, false); len(first) < min(want, len(whole)) ||
				!slices.Equal(first, whole[:len(first)]) {
				t.Fatalf("%q, %d ids wanted: %v, the whole is %v", piece, want, first, whole)
			}
		}
	}
	if settled < 10000 || changed < 100 {
		t.Errorf("%d ids settled, %d beginnings that change: the test tests little", settled, changed)
	}
}

// TestLongTextsAreReadInPart: what is needed of a text is settled by its first two windows, whatever its length. Two
// kinds are read to the end of a run, because all of it bears on the first id: blanks and marks.
func TestLongTextsAreReadInPart(t *testing.T) {
	const limit = 256
	tok := demoTokenizer(t)
	readWhole := map[string]bool{"blanks": true, "a break, then blanks": true, "blanks, then a break": true,
		"marks on one letter": true, "marks of two classes": true}
	for what, text := range longTexts() {
		run := encoding{plain: tok, end: limit}
		run.text(text[:wholeBefore(text, 2*(windowLeast+windowBytes*limit))], true)
		if enough := len(run.ids) >= limit; enough == readWhole[what] {
			t.Errorf("%s: %d of %d ids are settled by two windows", what, len(run.ids), limit)
		}
	}
}

// TestHeadOfAPrompt: a prompt's own ids and the rest with the text are the ids of both together.
func TestHeadOfAPrompt(t *testing.T) {
	shared := 0
	for name, raw := range kindsOfFiles(t) {
		tok, err := parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		framed := &Framed{Tokenizer: tok, MaxLength: 40, Start: []int32{1}, EndID: 2}
		for _, prompt := range append(hostileTexts(), "Instruct: Given a claim, find what supports it\nQuery: ", "passage:",
			"x <|endof", "it'", "a  ", "caf\u00e9 e") {
			under, err := framed.Under(prompt)
			if err != nil {
				t.Fatal(err)
			}
			shared += len(under.ids)
			for _, text := range append(hostileTexts(), "text|>", "s", "\u0301x", "re", "\n") {
				want, cut, _ := framed.Encode(prompt + text)
				got, truncated, err := under.Encode(text)
				if err != nil || truncated != cut || !slices.Equal(got, want) {
					t.Errorf("%s, %q before %q: %v, %v; together %v, %v (%v)", name, prompt, text, got, truncated, want, cut, err)
				}
			}
		}
	}
	if shared == 0 {
		t.Error("no prompt was encoded ahead")
	}
}

// TestCharactersLeftAloneJoinNothing: cutting before a character without the bit cuts nothing that NFC would join.
func TestCharactersLeftAloneJoinNothing(t *testing.T) {
	chars := tables()
	for r := range rune(utf8.MaxRune + 1) {
		if !utf8.ValidRune(r) || chars.class(r)&reordered != 0 {
			continue
		}
		if first := chars.decompose(nil, r)[0]; chars.class(first)&reordered != 0 || chars.combiningClass(first) != 0 {
			t.Errorf("U+%04X begins with U+%04X, which may join what is before it", r, first)
		}
	}
}

// TestCountedMarks: counting sorts a long run as the stable sort does.
func TestCountedMarks(t *testing.T) {
	const seed = 3
	random, chars := rand.New(rand.NewPCG(seed, 0)), tables()
	var run []rune
	for range 4 * longRun {
		run = append(run, []rune{0x301, 0x323, 0x334, 0x345, 0x30a}[random.IntN(5)])
	}
	want := slices.Clone(run)
	slices.SortStableFunc(want, func(a, b rune) int { return chars.combiningClass(a) - chars.combiningClass(b) })
	if chars.orderRun(run); !slices.Equal(run, want) {
		t.Errorf("seed %d: not in the order of a stable sort", seed)
	}
}

// TestWholeEntriesAreNotCut: with ignore_merges a piece may be an entry that no merge leads to; its beginning must not
// be taken for more than it is.
func TestWholeEntriesAreNotCut(t *testing.T) {
	var file map[string]any
	if err := json.Unmarshal(demoJSON(t), &file); err != nil {
		t.Fatal(err)
	}
	model := file["model"].(map[string]any)
	model["ignore_merges"] = true
	entry := strings.Repeat("zqx", 7)
	model["vocab"].(map[string]any)[entry] = 99999
	raw, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	text := entry + " and more"
	if whole, _ := tok.Encode(nil, text); whole[0] != 99999 {
		t.Fatalf("the entry was not taken whole: %v", whole)
	}
	for cut := range len(text) {
		run := encoding{plain: tok, end: math.MaxInt}
		if run.text(text[:cut], true); len(run.ids) > 0 && run.ids[0] != 99999 {
			t.Errorf("cut at %d: %s", cut, fmt.Sprint(run.ids))
		}
	}
}
