package tokenizer

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
)

// edited returns the demo's tokenizer.json with one field set to a JSON value; path names it by keys.
func edited(t testing.TB, value string, path ...string) []byte {
	t.Helper()
	return set(t, demoJSON(t), value, path...)
}

func set(t testing.TB, file []byte, value string, path ...string) []byte {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(file, &root); err != nil {
		t.Fatal(err)
	}
	at := root
	for _, key := range path[:len(path)-1] {
		at = at[key].(map[string]any)
	}
	at[path[len(path)-1]] = json.RawMessage(value)
	raw, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const byteLevelOnly = `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`
const digitsThenBytes = `{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},` +
	byteLevelOnly + `]}`

func TestOpenRefuses(t *testing.T) {
	missing := func(from []byte, entry string) []byte {
		return bytes.Replace(from, []byte(`"`+entry+`":`), []byte(`"`+entry+entry+entry+`":`), 1)
	}
	for name, c := range map[string]struct {
		raw  []byte
		kind fault.Kind
		says string
	}{
		"torn JSON":        {demoJSON(t)[:5000], fault.Corrupt, "EOF"},
		"an unknown field": {edited(t, `1`, "surprise"), fault.Corrupt, "surprise"},
		"another version":  {edited(t, `"2.0"`, "version"), fault.Invalid, "version"},
		"another normaliser": {edited(t, `{"type":"Lowercase"}`, "normalizer"), fault.Invalid,
			`normalizer.type "Lowercase"`},
		"a nested normaliser": {edited(t, `{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Strip"}]}`,
			"normalizer"), fault.Invalid, "normalizer.normalizers[1].type"},
		"no pre-tokeniser": {edited(t, `null`, "pre_tokenizer"), fault.Invalid, "pre_tokenizer null"},
		"another pre-tokeniser": {edited(t, `{"type":"Metaspace","replacement":"_"}`, "pre_tokenizer"),
			fault.Invalid, `pre_tokenizer.type "Metaspace"`},
		"another pattern": {edited(t, `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\w+"},`+
			`"behavior":"Isolated","invert":false},`+byteLevelOnly+`]}`, "pre_tokenizer"),
			fault.Invalid, `pretokenizers[0].pattern.Regex "\\w+"`},
		"another behaviour": {edited(t, `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":" `+
			`"},"behavior":"Removed","invert":false},`+byteLevelOnly+`]}`, "pre_tokenizer"),
			fault.Invalid, `behavior "Removed"`},
		"ByteLevel not last": {edited(t, `{"type":"Sequence","pretokenizers":[`+byteLevelOnly+`,`+byteLevelOnly+`]}`,
			"pre_tokenizer"), fault.Invalid, "ByteLevel must come last"},
		"a prefix space": {edited(t, `{"type":"ByteLevel","use_regex":true}`, "pre_tokenizer"), fault.Invalid,
			"add_prefix_space"},
		"an unknown option": {edited(t, `{"type":"ByteLevel","add_prefix_space":false,"wild":1}`, "pre_tokenizer"),
			fault.Invalid, "wild"},
		"another model":         {edited(t, `"Unigram"`, "model", "type"), fault.Invalid, `model.type "Unigram"`},
		"dropout":               {edited(t, `0.1`, "model", "dropout"), fault.Invalid, "model.dropout"},
		"byte fallback":         {edited(t, `true`, "model", "byte_fallback"), fault.Invalid, "byte_fallback"},
		"a suffix":              {edited(t, `"</w>"`, "model", "end_of_word_suffix"), fault.Invalid, "end_of_word_suffix"},
		"an entry that is gone": {missing(demoJSON(t), "Ġt"), fault.Corrupt, "model.merges["},
		"a byte without entry": {missing(edited(t, `"Ġt"`, "model", "unk_token"), "a"), fault.Corrupt,
			"no entry for byte 97"},
		"an id used twice":     {edited(t, `[{"id":3,"content":"<x>"}]`, "added_tokens"), fault.Corrupt, "taken by"},
		"a token with two ids": {edited(t, `[{"id":9000,"content":"Ġt"}]`, "added_tokens"), fault.Corrupt, "9000"},
		"an empty added token": {edited(t, `[{"id":9000,"content":""}]`, "added_tokens"), fault.Corrupt, "added token"},
		"a token that strips": {edited(t, `[{"id":9000,"content":"<x>","lstrip":true}]`, "added_tokens"),
			fault.Invalid, "lstrip"},
		"a token of whole words": {edited(t, `[{"id":9000,"content":"<x>","single_word":true}]`, "added_tokens"),
			fault.Invalid, "single_word"},
	} {
		_, err := parse(c.raw)
		if err == nil || fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v (%v), want %v saying %q", name, err, fault.Of(err), c.kind, c.says)
		}
	}
}

func TestOpenMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if _, err := Open(path); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
}

// TestIgnoreMerges: with the flag a piece that is an entry is taken whole, even if no merges lead to it.
func TestIgnoreMerges(t *testing.T) {
	withEntry := bytes.Replace(edited(t, `true`, "model", "ignore_merges"), []byte(`"vocab":{`),
		[]byte(`"vocab":{"qzqzq":9000,`), 1)
	tok, err := parse(withEntry)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tok.Encode(nil, "qzqzq")
	checkEqual(t, "flag set", got, []int32{9000}, err)
	plain, err := demoTokenizer(t).Encode(nil, "qzqzq")
	if err != nil || len(plain) < 2 {
		t.Errorf("flag not set: %v, error %v", plain, err)
	}
}

// TestBytesWithoutEntry: where no unknown token is named they are dropped before anything merges.
func TestBytesWithoutEntry(t *testing.T) {
	tok, err := parse(bytes.Replace(demoJSON(t), []byte(`"Ă":`), []byte(`"ĂĂĂ":`), 1)) // byte 2 as entries spell it
	if err != nil {
		t.Fatal(err)
	}
	whole := demoTokenizer(t).model
	for _, piece := range []string{"weather", strings.Repeat("weather", 20), "\x01"} { // the second is merged with a heap
		spoilt := strings.ReplaceAll(piece, "a", "a\x02\x02") + "\x02"
		checkEqual(t, piece, tok.model.encode(nil, spoilt), whole.encode(nil, piece), nil)
	}
	if got, err := tok.Encode(nil, "\x02"); len(got) != 0 || err != nil {
		t.Errorf("the byte alone: %v, error %v", got, err)
	}
}

// TestOldMergesAndNormalizedTokens reads merges written as one string, and an added token that is matched
// after normalisation.
func TestOldMergesAndNormalizedTokens(t *testing.T) {
	var f struct{ Model struct{ Merges [][2]string } }
	if err := json.Unmarshal(demoJSON(t), &f); err != nil {
		t.Fatal(err)
	}
	var joined []string
	for _, m := range f.Model.Merges {
		joined = append(joined, m[0]+" "+m[1])
	}
	old, err := json.Marshal(joined)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := parse(edited(t, string(old), "model", "merges"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range demoReference(t, "qwen")[:40] {
		got, err := tok.Encode(nil, r.text)
		checkEqual(t, r.text, got, r.ids, err)
	}
	tok, err = parse(edited(t, `[{"id":9000,"content":"<e\u0301>","normalized":true}]`, "added_tokens"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"<e\u0301>", "<\u00e9>"} {
		got, err := tok.Encode(nil, text)
		checkEqual(t, text, got, []int32{9000}, err)
	}
}
