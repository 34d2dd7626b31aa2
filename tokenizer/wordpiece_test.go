package tokenizer

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"hives/internal/fault"
)

// bertJSON is the small WordPiece of testdata; with a path of keys, one of its fields is set to a JSON value.
func bertJSON(t testing.TB, value string, path ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "wordpiece.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(path) == 0 {
		return raw
	}
	return set(t, raw, value, path...)
}

func bertTokenizer(t testing.TB, raw []byte) *plain {
	t.Helper()
	tok, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

type bertReference struct {
	text        string
	ids, framed []int32
	places      [][2]int
}

func bertReferences(t testing.TB) (all []bertReference) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "wordpiece_ids.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r bertReference
		if err := json.Unmarshal(lines.Bytes(), &[]any{&r.text, &r.ids, &r.framed, &r.places}); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if lines.Err() != nil || len(all) == 0 {
		t.Fatalf("%d reference texts, error %v", len(all), lines.Err())
	}
	return all
}

func TestWordPieceEqualsPython(t *testing.T) {
	tok := bertTokenizer(t, bertJSON(t, ""))
	framed, err := NewFramed(tok, 1<<20, "")
	if err != nil {
		t.Fatal(err)
	}
	told, same := 0, 0
	for _, want := range bertReferences(t) {
		for range 2 { // the second time from the cache
			got, err := tok.Encode(nil, want.text)
			checkEqual(t, want.text, got, want.ids, err)
		}
		got, _, err := framed.Encode(want.text)
		checkEqual(t, want.text, got, want.framed, err)
		if places := tok.Places(want.text); places != nil {
			told++
			if reflect.DeepEqual(places, want.places) {
				same++
			} else if len(places) != len(want.ids) {
				t.Errorf("%q: %d places of %d ids", want.text, len(places), len(want.ids))
			}
		}
	}
	// The library lets some marks that are put in order change the places of their neighbours.
	if told < 300 || told-same > told/50 {
		t.Errorf("places told of %d texts, %d of them the library's", told, same)
	}
}

// TestWordPieceEqualsTwin runs every combination of the normaliser's options over hostile texts.
func TestWordPieceEqualsTwin(t *testing.T) {
	texts := append(hostileTexts(), bertHostile()...)
	const seed = 5
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		texts = append(texts, randomBert(random))
	}
	for options := range 24 {
		strip := []string{"null", "true", "false"}[options%3]
		raw := bertJSON(t, `{"type":"BertNormalizer","clean_text":`+flag(options/3&1)+
			`,"handle_chinese_chars":`+flag(options/6&1)+`,"strip_accents":`+strip+`,"lowercase":`+flag(options/12&1)+`}`,
			"normalizer")
		tok, slow := bertTokenizer(t, raw), newBertTwin(t, raw)
		for _, text := range texts {
			got, err := tok.Encode(nil, text)
			checkEqual(t, text, got, slow.encode(text), err)
		}
	}
}

// TestWordPieceTwinHasTeeth: the comparison sees one wrong option.
func TestWordPieceTwinHasTeeth(t *testing.T) {
	wrong := bertJSON(t, `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":false,`+
		`"lowercase":true}`, "normalizer")
	tok, slow := bertTokenizer(t, bertJSON(t, "")), newBertTwin(t, wrong)
	got, err := tok.Encode(nil, "Café")
	if want := slow.encode("Café"); err != nil || slices.Equal(got, want) {
		t.Errorf("accents kept or stripped, both give %v, error %v", want, err)
	}
}

func flag(bit int) string { return []string{"false", "true"}[bit] }

func bertHostile() []string {
	return []string{
		"[CLS] a [SEP]", "[cls]", "[MASK]ing", "x[SEP]\u0301", "##ing", "[ CLS ]", "É\u0301", "İstanbul ẞ ǅ Σσς",
		"\u00ad\u200bq\u0378",
		"中文字\U00020000\uf900", "\u302ea\u302e\u0323", "\U0001d165\U0001d16e\u0301", "\u0344\u212b",
		"a\x00b\x0bc\u0085d\u2028e",
		strings.Repeat("a", 100), strings.Repeat("a", 101), strings.Repeat("é", 100), strings.Repeat("中", 120),
		"don't—stop ¿$^`|",
	}
}

// randomBert draws from the characters that the normaliser or the splitter treats in a way of their own.
func randomBert(random *rand.Rand) string {
	alphabet := []rune(" \t\n\x00\x0b\u0085\u00a0\u3000\ufffd\u00ad\u200d\ue000aeEÉßẞİǅΣ中日가각\u0301\u0323\u0344\u302e" +
		"\u0903\u20dd\U0001d165[]#!'’—$^९²")
	var b strings.Builder
	for range random.IntN(24) {
		if random.IntN(4) == 0 {
			b.WriteString([]string{"the", "school", "[SEP]", "people", "ing"}[random.IntN(5)])
			continue
		}
		b.WriteRune(alphabet[random.IntN(len(alphabet))])
	}
	return b.String()
}

// FuzzWordPiece: no panic, ids of the vocabulary, those of the twin, and a place for each where places are told.
func FuzzWordPiece(f *testing.F) {
	for i, text := range append(hostileTexts(), bertHostile()...) {
		f.Add(text, uint8(i))
	}
	raw := bertJSON(f, "")
	tok, slow := bertTokenizer(f, raw), newBertTwin(f, raw)
	f.Fuzz(func(t *testing.T, text string, limit uint8) {
		got, err := tok.Encode(nil, text)
		if !utf8.ValidString(text) {
			if err == nil {
				t.Fatalf("%q: no error for bytes that are no UTF-8", text)
			}
			return
		}
		checkEqual(t, text, got, slow.encode(text), err)
		for _, id := range got {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Errorf("%q: id %d of %d", text, id, tok.VocabSize())
			}
		}
		cut, err := tok.EncodePrefix(nil, text, int(limit))
		checkEqual(t, text, cut, got[:min(len(got), int(limit))], err)
		if places := tok.Places(text); places != nil && len(places) != len(got) {
			t.Errorf("%q: %d places of %d ids", text, len(places), len(got))
		}
	})
}

// TestNormalizedTokensAreMatchedAsTextsBecome: [ Mask ] in a text that becomes lower case, once the token does too.
func TestNormalizedTokensAreMatchedAsTextsBecome(t *testing.T) {
	tok := bertTokenizer(t, bertJSON(t, `[{"id":9000,"content":"<Caf\u00c9>","normalized":true}]`, "added_tokens"))
	for _, text := range []string{"<café>", "<CAFE\u0301>", "<cafe>"} {
		got, err := tok.Encode(nil, text)
		checkEqual(t, text, got, []int32{9000}, err)
	}
}

func TestFramedKeepsBothEndsOfABert(t *testing.T) {
	tok := bertTokenizer(t, bertJSON(t, ""))
	start, _ := tok.TokenID("[CLS]")
	end, _ := tok.TokenID("[SEP]")
	inner, _ := tok.Encode(nil, "the school of the people")
	for _, length := range []int{3, 4, len(inner) + 1, len(inner) + 2, 256} {
		framed, err := NewFramed(tok, length, "[SEP]")
		if err != nil {
			t.Fatal(err)
		}
		kept := min(len(inner), length-2)
		want := append(append([]int32{start}, inner[:kept]...), end)
		got, truncated, err := framed.Encode("the school of the people")
		checkEqual(t, "framed", got, want, err)
		if truncated != (kept < len(inner)) {
			t.Errorf("length %d: truncated is %v", length, truncated)
		}
		if err := framed.CheckGiven(got); err != nil {
			t.Errorf("its own ids: %v", err)
		}
		for name, given := range map[string][]int32{"no start": got[1:], "no end": got[:len(got)-1], "one id": {end}} {
			if err := framed.CheckGiven(given); fault.Of(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, refused := range map[string]func() (*Framed, error){
		"no room":     func() (*Framed, error) { return NewFramed(tok, 2, "") },
		"another end": func() (*Framed, error) { return NewFramed(tok, 8, "[MASK]") },
		"no such end": func() (*Framed, error) { return NewFramed(tok, 8, "<|endoftext|>") },
	} {
		if _, err := refused(); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}

func TestFrameOfTheFile(t *testing.T) {
	older := `{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]}`
	framed, err := NewFramed(bertTokenizer(t, bertJSON(t, older, "post_processor")), 8, "")
	if err != nil || framed.EndID != 3 || !slices.Equal(framed.Start, []int32{2}) {
		t.Errorf("%s: %+v, error %v", older, framed, err)
	}
	endAlone := template(`{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}`)
	framed, err = NewFramed(bertTokenizer(t, bertJSON(t, endAlone, "post_processor")), 8, "")
	if err != nil || framed.EndID != 3 || len(framed.Start) != 0 {
		t.Errorf("no start: %+v, error %v", framed, err)
	}
}

// template is a post-processor with the given places of a single text.
func template(single string) string {
	return `{"type":"TemplateProcessing","single":[` + single + `],"pair":[],"special_tokens":{` +
		`"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]},` +
		`"two":{"id":"two","ids":[2,3],"tokens":["[CLS]","[SEP]"]},"[MASK]":{"id":"[MASK]","ids":[9],"tokens":["[MASK]"]}}}`
}

func TestOpenRefusesOfWordPiece(t *testing.T) {
	const text, sep = `{"Sequence":{"id":"A","type_id":0}}`, `{"SpecialToken":{"id":"[SEP]","type_id":0}}`
	for name, c := range map[string]struct {
		value string
		path  []string
		kind  fault.Kind
		says  string
	}{
		"an option of the normaliser": {`{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,` +
			`"lowercase":true,"wild":1}`, []string{"normalizer"}, fault.Invalid, "wild"},
		"a normaliser without lowercase": {`{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true}`,
			[]string{"normalizer"}, fault.Invalid, "lowercase"},
		"another normaliser": {`{"type":"Lowercase"}`, []string{"normalizer"}, fault.Invalid,
			`normalizer.type "Lowercase"`},
		"another pre-tokeniser":    {`{"type":"Whitespace"}`, []string{"pre_tokenizer"}, fault.Invalid, `"Whitespace"`},
		"a pre-tokeniser of a BPE": {byteLevelOnly, []string{"pre_tokenizer"}, fault.Invalid, `"ByteLevel"`},
		"no pre-tokeniser":         {`null`, []string{"pre_tokenizer"}, fault.Invalid, "pre_tokenizer null"},
		"no frame":                 {`null`, []string{"post_processor"}, fault.Invalid, "post_processor null"},
		"another frame": {`{"type":"ByteLevel"}`, []string{"post_processor"}, fault.Invalid,
			`post_processor.type "ByteLevel"`},
		"a second type": {template(`{"SpecialToken":{"id":"[CLS]","type_id":1}},` + text + `,` + sep),
			[]string{"post_processor"}, fault.Invalid, "type 0"},
		"a text of a second type": {template(`{"Sequence":{"id":"A","type_id":1}},` + sep), []string{"post_processor"},
			fault.Invalid, "single"},
		"no end": {template(`{"SpecialToken":{"id":"[CLS]","type_id":0}},` + text),
			[]string{"post_processor"}, fault.Invalid, "single"},
		"two ends": {template(text + `,` + sep + `,` + sep), []string{"post_processor"},
			fault.Invalid, "single"},
		"a token of two ids": {template(text + `,{"SpecialToken":{"id":"two","type_id":0}}`), []string{"post_processor"},
			fault.Invalid, "special_tokens.two"},
		"a token of another id": {template(text + `,{"SpecialToken":{"id":"[MASK]","type_id":0}}`),
			[]string{"post_processor"}, fault.Corrupt, `"[MASK]" has id 9`},
		"a torn BertProcessing": {`{"type":"BertProcessing","sep":["[SEP]"],"cls":["[CLS]",2]}`, []string{"post_processor"},
			fault.Invalid, "no pair"},
		"no unknown token":       {`"<unk>"`, []string{"model", "unk_token"}, fault.Corrupt, `"<unk>"`},
		"an option of the model": {`1`, []string{"model", "wild"}, fault.Corrupt, "wild"},
		"no longest word": {`null`, []string{"model", "max_input_chars_per_word"}, fault.Corrupt,
			"max_input_chars_per_word"},
		"a token of nothing": {`[{"id":9000,"content":"\u0301","normalized":true}]`, []string{"added_tokens"}, fault.Invalid,
			"nothing is left"},
		"a token that strips": {`[{"id":9000,"content":"<x>","rstrip":true}]`, []string{"added_tokens"},
			fault.Invalid, "rstrip"},
	} {
		_, err := parse(bertJSON(t, c.value, c.path...))
		if err == nil || fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v (%v), want %v saying %q", name, err, fault.Of(err), c.kind, c.says)
		}
	}
}

// TestVeryLongTextsOfABert would not end in time if any step were quadratic.
func TestVeryLongTextsOfABert(t *testing.T) {
	tok := bertTokenizer(t, bertJSON(t, ""))
	const n = 100_000
	for name, text := range map[string]string{
		"words": strings.Repeat("some words ", n/11), "one word": strings.Repeat("a", n), "blanks": strings.Repeat(" ", n),
		"marks": "a" + strings.Repeat("\u302e\u0323", n/2), "ideographs": strings.Repeat("中", n/3),
		"words of a hundred": strings.Repeat(strings.Repeat("q", 100)+" ", n/101),
	} {
		ids, err := tok.Encode(nil, text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		prefix, err := tok.EncodePrefix(nil, text, 5)
		checkEqual(t, name, prefix, ids[:min(5, len(ids))], err)
	}
}
