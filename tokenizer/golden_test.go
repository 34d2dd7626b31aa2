package tokenizer

import (
	"slices"
	"testing"

	"hives/internal/rig/goldentest"
)

type goldenTexts struct {
	TokenizerSHA256 string       `json:"tokenizer_sha256"`
	EndID           int32        `json:"eos_id"`
	MaxLength       int          `json:"max_length"`
	Items           []goldenText `json:"items"`
}

type goldenText struct {
	Source string  `json:"source"`
	Text   string  `json:"text"`
	IDs    []int32 `json:"ids"`
	Framed []int32 `json:"ids_eos"`
	Cut    []int32 `json:"ids_eos_max256"`
}

type goldenBatch struct {
	MaxLength     int       `json:"max_length"`
	PadID         int32     `json:"pad_id"`
	Texts         []string  `json:"texts"`
	InputIDs      [][]int32 `json:"input_ids"`
	AttentionMask [][]int32 `json:"attention_mask"`
}

func goldenTokenizer(t testing.TB) Tokenizer {
	t.Helper()
	tok, err := Open(goldentest.Path(t, "b_tokenizer", "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tok.Close() })
	return tok
}

// TestGoldenTokenizer compares with the ids of Hugging Face tokenizers: none may differ.
func TestGoldenTokenizer(t *testing.T) {
	var want goldenTexts
	goldentest.ReadJSON(t, &want, "b_tokenizer", "texts.json")
	checkGolden(t, goldenTokenizer(t), &want)
}

func checkGolden(t *testing.T, tok Tokenizer, want *goldenTexts) {
	t.Helper()
	if got := tok.SHA256(); got != want.TokenizerSHA256 {
		t.Errorf("the file's digest is %s, the fixtures were made with %s", got, want.TokenizerSHA256)
	}
	cut, err := NewFramed(tok, want.MaxLength, "")
	if err != nil {
		t.Fatal(err)
	}
	if cut.EndID != want.EndID {
		t.Fatalf("end token is %d, want %d", cut.EndID, want.EndID)
	}
	whole := &Framed{Tokenizer: tok, MaxLength: 1 << 30, EndID: cut.EndID}
	if len(want.Items) == 0 {
		t.Fatal("no texts in the fixtures")
	}
	for i, item := range want.Items {
		ids, err := tok.Encode(nil, item.Text)
		checkIDs(t, i, item.Source, "ids", ids, item.IDs, err)
		ids, truncated, err := whole.Encode(item.Text)
		checkIDs(t, i, item.Source, "ids with end", ids, item.Framed, err)
		if truncated {
			t.Errorf("text %d: truncated without a limit", i)
		}
		ids, truncated, err = cut.Encode(item.Text)
		checkIDs(t, i, item.Source, "ids cut", ids, item.Cut, err)
		if longer := len(item.Framed) > want.MaxLength; truncated != longer {
			t.Errorf("text %d: truncated is %v for %d ids of at most %d", i, truncated, len(item.Framed), want.MaxLength)
		}
	}
}

func checkIDs(t *testing.T, i int, source, what string, got, want []int32, err error) {
	t.Helper()
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("text %d (%s), %s: error %v\n got %v\nwant %v", i, source, what, err, got, want)
	}
}

func TestGoldenTokenizerPaddedBatch(t *testing.T) {
	var want goldenBatch
	goldentest.ReadJSON(t, &want, "b_tokenizer", "padded_batch.json")
	framed, err := NewFramed(goldenTokenizer(t), want.MaxLength, "")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]int32
	longest := 0
	for i, text := range want.Texts {
		ids, _, err := framed.Encode(text)
		if err != nil {
			t.Fatalf("text %d: %v", i, err)
		}
		rows, longest = append(rows, ids), max(longest, len(ids))
	}
	ids, lengths, err := PadLeft(rows, longest, want.PadID)
	if err != nil {
		t.Fatal(err)
	}
	if wanted := slices.Concat(want.InputIDs...); !slices.Equal(ids, wanted) {
		t.Errorf("padded ids\n got %v\nwant %v", ids, wanted)
	}
	for i, mask := range want.AttentionMask {
		sum := int32(0)
		for _, m := range mask {
			sum += m
		}
		if lengths[i] != sum {
			t.Errorf("row %d: length %d, want %d", i, lengths[i], sum)
		}
	}
}
