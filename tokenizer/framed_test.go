package tokenizer

import (
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
)

// words is a tokenizer of one id a letter a–y, and "z" as end token, without the means to stop early.
type words struct{ Tokenizer }

func (words) Encode(dst []int32, text string) ([]int32, error) {
	for _, r := range text {
		dst = append(dst, r-'a')
	}
	return dst, nil
}
func (words) VocabSize() int { return 26 }
func (words) TokenID(token string) (int32, bool) {
	return 25, token == "z"
}

func TestFramed(t *testing.T) {
	framed, err := NewFramed(words{}, 4, "z")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]struct {
		ids       []int32
		truncated bool
	}{
		"":      {[]int32{25}, false},
		"abc":   {[]int32{0, 1, 2, 25}, false},
		"abcd":  {[]int32{0, 1, 2, 25}, true},
		"z":     {[]int32{25, 25}, false}, // an end token that the text spells is one more id
		"abcde": {[]int32{0, 1, 2, 25}, true},
	} {
		ids, truncated, err := framed.Encode(text)
		if err != nil || truncated != want.truncated || !slices.Equal(ids, want.ids) {
			t.Errorf("%q: %v, truncated %v, error %v; want %v", text, ids, truncated, err, want)
		}
	}
}

func TestFrameLeavesItsInputAlone(t *testing.T) {
	framed, err := NewFramed(words{}, 4, "z")
	if err != nil {
		t.Fatal(err)
	}
	ids := []int32{7, 8, 9, 10, 11}
	if _, _, err := framed.Frame(ids[:2]); err != nil || !slices.Equal(ids, []int32{7, 8, 9, 10, 11}) {
		t.Errorf("input became %v, error %v", ids, err)
	}
	for _, bad := range []int32{-1, 26} {
		_, _, err := framed.Frame([]int32{3, bad})
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "position 1") {
			t.Errorf("id %d: %v", bad, err)
		}
	}
}

// TestFramedAsserts: a Framed that was put together wrongly does not hand out rows without an end.
func TestFramedAsserts(t *testing.T) {
	broken := &Framed{Tokenizer: words{}, MaxLength: 4, EndID: 25}
	if err := broken.check([]int32{1, 2}); fault.Of(err) != fault.Mismatch {
		t.Errorf("a row without end token: %v", err)
	}
	if err := broken.check([]int32{1, 2, 3, 4, 25}); fault.Of(err) != fault.Mismatch {
		t.Errorf("a row too long: %v", err)
	}
}

func TestNewFramedRefuses(t *testing.T) {
	if _, err := NewFramed(words{}, 4, ""); fault.Of(err) != fault.Mismatch ||
		!strings.Contains(err.Error(), DefaultEndToken) {
		t.Errorf("no end token: %v", err)
	}
	for _, length := range []int{-3, 1} {
		if _, err := NewFramed(words{}, length, "z"); fault.Of(err) != fault.Invalid {
			t.Errorf("maximum length %d: %v", length, err)
		}
	}
	framed, err := NewFramed(words{}, 0, "z")
	if err != nil || framed.MaxLength != DefaultMaxLength {
		t.Errorf("default length: %+v, error %v", framed, err)
	}
}

func TestFitsVocabulary(t *testing.T) {
	for _, rows := range []int{26, 30} {
		if err := FitsVocabulary(words{}, rows); err != nil {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
	err := FitsVocabulary(words{}, 25)
	if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "26 ids") ||
		!strings.Contains(err.Error(), "25 rows") {
		t.Errorf("too few rows: %v", err)
	}
}

func TestPadLeft(t *testing.T) {
	ids, lengths, err := PadLeft([][]int32{{1, 9}, {1, 2, 3, 9}, {9}}, 4, 0)
	want := []int32{0, 0, 1, 9, 1, 2, 3, 9, 0, 0, 0, 9}
	if err != nil || !slices.Equal(ids, want) || !slices.Equal(lengths, []int32{2, 4, 1}) {
		t.Errorf("ids %v, lengths %v, error %v", ids, lengths, err)
	}
	for name, c := range map[string]struct {
		rows   [][]int32
		length int
	}{
		"a row too long": {[][]int32{{9}, {1, 2, 9}}, 2},
		"an empty row":   {[][]int32{{9}, {}}, 2},
		"no length":      {nil, 0},
	} {
		if _, _, err := PadLeft(c.rows, c.length, 0); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFramedAsFile: nothing is put around a text of a language model, and a text without tokens is refused.
func TestFramedAsFile(t *testing.T) {
	framed, err := NewFramedAsFile(words{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int32{"ab": {0, 1}, "abc": {0, 1, 2}, "abcd": {0, 1, 2}} {
		ids, truncated, err := framed.Encode(text)
		if err != nil || truncated != (len(text) > 3) || !slices.Equal(ids, want) {
			t.Errorf("%q: %v, truncated %v, error %v; want %v", text, ids, truncated, err, want)
		}
	}
	if ids, _, err := framed.Encode(""); fault.Of(err) != fault.Invalid {
		t.Errorf("a text without tokens: %v, %v", ids, err)
	}
	if _, err := NewFramedAsFile(words{}, 0); fault.Of(err) != fault.Invalid {
		t.Errorf("no room: %v", err)
	}
}
