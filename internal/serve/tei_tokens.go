package serve

import (
	"slices"
	"strings"
	"unicode/utf8"

	teiv1 "hives/proto/tei/v1"
	"hives/tokenizer"
)

// tokens describes the ids of a text, and of its frame where that is asked for. There are two ways to find a token's
// bytes. A tokenizer that can tell places (WordPiece, which normalises) is asked; of byte-level BPE the tokens spell
// the text, and counting their bytes is enough.
func tokens(f *tokenizer.Framed, ids []int32, text string, framed bool) []*teiv1.SimpleToken {
	speller, _ := f.Tokenizer.(tokenizer.Speller)
	before, own, behind := f.Parts(ids)
	out := spelled(speller, own, text)
	if p, ok := f.Tokenizer.(tokenizer.Placer); ok {
		for i, at := range p.Places(text) {
			place(out[i], text, at[0], at[1])
		}
	}
	if !framed {
		return out
	}
	return slices.Concat(special(speller, before), out, special(speller, behind))
}

// special describes ids that stand around a text. They have no place in it, so Start and Stop stay away.
func special(s tokenizer.Speller, ids []int32) (out []*teiv1.SimpleToken) {
	for _, id := range ids {
		token := &teiv1.SimpleToken{Id: uint32(id), Special: true}
		if s != nil {
			token.Text, _ = s.Spell(id)
		}
		out = append(out, token)
	}
	return out
}

// place notes that a token was made from these bytes of text.
func place(token *teiv1.SimpleToken, text string, start, stop int) {
	a, b := uint32(start), uint32(stop)
	token.Text, token.Start, token.Stop = text[start:stop], &a, &b
}

// spelled adds what each token stands for and, as upstream, the bytes of text it was made from, widened to whole
// characters where one is split between tokens. Where the tokens do not spell the text, because it was normalised or
// holds what the vocabulary lacks, there are no places; without a speller there are only ids.
//
// Example: "née" as the tokens "n", "\xc3", "\xa9e". The second has byte 1 alone, half of é, and is widened to bytes
// 1 to 3; so is the third, to 1 to 4. Both overlap, as upstream's do.
func spelled(s tokenizer.Speller, ids []int32, text string) []*teiv1.SimpleToken {
	out, ends := make([]*teiv1.SimpleToken, len(ids)), make([]int, len(ids))
	at, exact := 0, s != nil
	for i, id := range ids {
		out[i] = &teiv1.SimpleToken{Id: uint32(id)}
		if s == nil {
			continue
		}
		piece, _ := s.Spell(id)
		out[i].Text = strings.ToValidUTF8(piece, string(utf8.RuneError))
		exact = exact && piece != "" && strings.HasPrefix(text[min(at, len(text)):], piece)
		at += len(piece)
		ends[i] = at
	}
	if !exact || at != len(text) {
		return out
	}
	from := 0
	for i, to := range ends {
		start, stop := wholeCharacters(text, from, to)
		place(out[i], text, start, stop)
		from = to
	}
	return out
}

// wholeCharacters widens a part of text, which is UTF-8, to the characters it touches. A reader who cuts text at
// start and stop then gets whole characters, whatever the vocabulary did to them.
func wholeCharacters(text string, start, stop int) (int, int) {
	for start > 0 && !utf8.RuneStart(text[start]) {
		start--
	}
	for stop < len(text) && !utf8.RuneStart(text[stop]) {
		stop++
	}
	return start, stop
}
