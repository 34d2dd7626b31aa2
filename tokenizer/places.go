package tokenizer

// Placer is a Tokenizer that knows which bytes of a text each of its ids was made from, although their spellings joined
// are not the text.
type Placer interface {
	// Places returns [start, stop) for each id that Encode gives, or nil where it cannot tell.
	Places(text string) [][2]int
}

// Places implements Placer for a WordPiece; the tokens of a BPE spell the text. An unknown word is one place.
//
// Of "Unaffable 世" with the ids of un, ##aff, ##able and 世: [0 2) [2 5) [5 9) [10 13), bytes of the text as it
// was given, whatever normalising made of it.
func (t *plain) Places(text string) (all [][2]int) {
	w, ok := t.model.(*wordPiece)
	if !ok {
		return nil
	}
	for at := 0; at < len(text); {
		start, token := t.raw.find(text[at:])
		places, ok := t.placeSegment(w, text[at:at+start])
		if !ok {
			return nil
		}
		for _, p := range places {
			all = append(all, [2]int{at + p[0], at + p[1]})
		}
		if at += start; token.content != "" {
			all = append(all, [2]int{at, at + len(token.content)})
			at += len(token.content)
		}
	}
	return all
}

// placeSegment places the ids of text between two tokens of the raw text.
func (t *plain) placeSegment(w *wordPiece, text string) (all [][2]int, ok bool) {
	from, normalized, ok := t.origins(text)
	if !ok {
		return nil, false
	}
	add := func(start, n int) int { // n bytes of the normalised text
		all = append(all, [2]int{from[start][0], from[start+n-1][1]})
		return start + n
	}
	for at := 0; at < len(normalized); {
		start, token := t.normalized.find(normalized[at:])
		for end := at + start; at < end; {
			n := splitBert(t.chars, normalized[at:end])
			word := normalized[at : at+n]
			for _, length := range w.lengths(word) {
				at = add(at, length)
				word = word[length:]
			}
			at += len(word) // blanks
		}
		if token.content != "" {
			at = add(at, len(token.content))
		}
	}
	return all, true
}

// origins normalises text character by character and returns for each byte of the outcome the character of text,
// [start, stop), it comes from. That fails where characters next to each other change each other, as marks do that
// are put in order and kept.
func (t *plain) origins(text string) (from [][2]int, normalized string, ok bool) {
	out := make([]byte, 0, len(text))
	for start, r := range text {
		piece := t.normalize(string(r))
		out = append(out, piece...)
		for range len(piece) {
			from = append(from, [2]int{start, start + len(string(r))})
		}
	}
	normalized = t.normalize(text)
	return from, normalized, normalized == string(out)
}
