package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What the comments of this package show happens as they show it.
func TestSplittersDoAsTheirComment(t *testing.T) {
	const text = "Don't pay $12!\n\n x"
	for name, c := range map[string]struct {
		split splitter
		want  string
	}{
		"Qwen":  {splitQwen, "Don|'t| pay| $|1|2|!\n\n| x"},
		"GPT-2": {splitGPT2, "Don|'t| pay| $|12|!|\n\n| x"},
	} {
		var pieces []string
		for rest := text; rest != ""; {
			n := c.split(tables(), rest)
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if got := strings.Join(pieces, "|"); got != c.want {
			t.Errorf("%s: %q, the comment says %q", name, got, c.want)
		}
	}
}

// The merges of bpe's comment, by the quick way, by the heap, and with one merge more in front, which must change it.
func TestMergesDoAsTheirComment(t *testing.T) {
	build := func(merges ...fileMerge) (*bpe, map[string]int32) {
		m := &fileModel{Vocab: map[string]int32{}, Merges: merges}
		for i, r := range byteRunes() {
			m.Vocab[string(r)] = int32(i)
		}
		for _, pair := range merges {
			m.Vocab[pair[0]+pair[1]] = int32(len(m.Vocab))
		}
		b, err := newBPE(m)
		if err != nil {
			t.Fatal(err)
		}
		return b, m.Vocab
	}
	b, vocab := build(fileMerge{"h", "e"}, fileMerge{"l", "l"}, fileMerge{"he", "ll"}, fileMerge{"hell", "o"})
	want := []int32{vocab["hello"]}
	if quick, heap := b.merge(nil, "hello"), b.encodeLong(nil, "hello"); !slices.Equal(quick, want) ||
		!slices.Equal(heap, want) {
		t.Errorf("hello is %v and %v, want %v", quick, heap, want)
	}
	other, _ := build(fileMerge{"l", "o"}, fileMerge{"h", "e"}, fileMerge{"l", "l"}, fileMerge{"he", "ll"},
		fileMerge{"hell", "o"})
	if got := other.merge(nil, "hello"); len(got) != 3 {
		t.Errorf("with l o first, hello is %v: he, l, lo are due", got)
	}
}

func TestWordsDoAsTheirComment(t *testing.T) {
	w := &wordPiece{chars: tables(), prefix: "##", maxChars: 100, longest: 6, unknown: 9,
		begins: map[string]int32{"un": 1, "ab": 4, "a": 5}, goesOn: map[string]int32{"aff": 2, "able": 3, "bc": 6}}
	for word, want := range map[string][]int32{"unaffable": {1, 2, 3}, "abc": {9}} {
		if got := w.encode(nil, word); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", word, got, want)
		}
	}
	if got := w.lengths("unaffable"); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("lengths %v", got)
	}
}

func TestCharactersDoAsTheirComment(t *testing.T) {
	chars := tables()
	for text, want := range map[string]string{"a\u0302\u0323": "\u1EAD", "a\u0323\u0302": "\u1EAD",
		"a\u0302\u0302": "\u00E2\u0302"} {
		if got := chars.nfc(text); got != want {
			t.Errorf("%+q composes to %+q, want %+q", text, got, want)
		}
	}
	on := true
	bert := bertNormalizer{chars: chars, clean: on, ideographs: on, strip: on, lower: on}
	if got := string(bert.run(nil, "Héllo\t世界")); got != "hello  世  界 " {
		t.Errorf("normalised to %q", got)
	}
}

func TestRowsDoAsTheirComment(t *testing.T) {
	ids, lengths, err := PadLeft([][]int32{{1, 2, 9}, {3, 9}}, 4, 0)
	if got := fmt.Sprint(ids, lengths, err); got != "[0 1 2 9 0 0 3 9] [3 2] <nil>" {
		t.Error(got)
	}
}
