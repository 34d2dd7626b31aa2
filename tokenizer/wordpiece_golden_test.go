package tokenizer

import (
	"regexp"
	"strconv"
	"testing"

	"hives/internal/rig/goldentest"
)

// TestGoldenWordPiece compares with the ids of Hugging Face tokenizers: bare, framed, and cut with the frame kept.
func TestGoldenWordPiece(t *testing.T) {
	var file struct {
		Texts []map[string]any `json:"texts"`
	}
	goldentest.ReadJSON(t, &file, "i_bert", "wordpiece.json")
	tok, err := Open(goldentest.Path(t, "i_bert", "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := NewFramed(tok, 1<<30, "")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for i, item := range file.Texts {
		text, source := item["text"].(string), item["source"].(string)
		ids, err := tok.Encode(nil, text)
		checkIDs(t, i, source, "ids", ids, idsOf(t, item, "ids"), err)
		special := idsOf(t, item, "ids_special")
		ids, truncated, err := whole.Encode(text)
		checkIDs(t, i, source, "ids_special", ids, special, err)
		if truncated {
			t.Errorf("text %d: truncated without a limit", i)
		}
		for key := range item {
			if limit := cutKey.FindStringSubmatch(key); limit != nil {
				checkCut(t, i, tok, text, limit[1], idsOf(t, item, key), len(special))
				checked++
			}
		}
	}
	if checked == 0 {
		t.Fatal("no cut text in the fixtures")
	}
}

// cutKey names ids that were cut, and how many are kept at most.
var cutKey = regexp.MustCompile(`^ids_special_max(\d+)$`)

func idsOf(t *testing.T, item map[string]any, key string) (ids []int32) {
	t.Helper()
	list, ok := item[key].([]any)
	if !ok {
		t.Fatalf("no list %q", key)
	}
	for _, id := range list {
		ids = append(ids, int32(id.(float64)))
	}
	return ids
}

func checkCut(t *testing.T, i int, tok Tokenizer, text, limit string, want []int32, whole int) {
	t.Helper()
	most, err := strconv.Atoi(limit)
	if err != nil {
		t.Fatal(err)
	}
	framed, err := NewFramed(tok, most, "")
	if err != nil {
		t.Fatal(err)
	}
	ids, truncated, err := framed.Encode(text)
	checkIDs(t, i, limit, "ids cut", ids, want, err)
	if truncated != (whole > most) {
		t.Errorf("text %d: truncated is %v for %d ids of at most %d", i, truncated, whole, most)
	}
}
