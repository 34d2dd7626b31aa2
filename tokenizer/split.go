package tokenizer

// The regular expressions that are implemented, character for character as the files write them. What they make of
// "Don't pay $12!", two line breaks and " x":
//
//	Qwen    Don|'t| pay| $|1|2|!\n\n| x      digits one by one, line breaks with the signs before them
//	GPT-2   Don|'t| pay| $|12|!|\n\n| x
const (
	patternQwen = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}` +
		`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	patternGPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
)

// A splitter returns the byte length, at least 1, of the first piece of s, which is valid UTF-8 and not empty.
// Scanners replace the expressions because Go's regexp has no look-ahead. Each is held to the expression itself,
// matched by backtracking in a twin.
type splitter func(t *characters, s string) int

var splitters = map[string]splitter{patternQwen: splitQwen, patternGPT2: splitGPT2}

// splitQwen follows patternQwen; the alternatives are tried in the expression's order.
func splitQwen(t *characters, s string) int {
	if n := contraction(s, true); n > 0 {
		return n
	}
	c, n := t.at(s, 0)
	switch {
	case c&letter != 0:
		return t.while(s, n, letter)
	case c&number != 0:
		return n // \p{N}: numbers stand alone
	}
	next := blank // at the end of s: no word and no symbol follows
	if n < len(s) {
		var size int
		if next, size = t.at(s, n); next&letter != 0 && !newline(s[0]) {
			return t.while(s, n+size, letter) // [^\r\n\p{L}\p{N}]?\p{L}+
		}
	}
	// ` ?[^\s\p{L}\p{N}]+[\r\n]*`: symbols, with a space before and line breaks after them.
	if c&blank == 0 || s[0] == ' ' && next&symbol == 0 {
		end := t.until(s, n, symbol)
		for end < len(s) && newline(s[end]) {
			end++
		}
		return end
	}
	return t.blanks(s, true)
}

// splitGPT2 follows patternGPT2, which ByteLevel with use_regex applies.
func splitGPT2(t *characters, s string) int {
	if n := contraction(s, false); n > 0 {
		return n
	}
	c, n := t.at(s, 0)
	// A space goes with what follows it, unless that is a blank too.
	if s[0] == ' ' && len(s) > 1 {
		var size int
		if c, size = t.at(s, 1); c&blank == 0 {
			n += size
		}
	}
	switch {
	case c&letter != 0:
		return t.while(s, n, letter)
	case c&number != 0:
		return t.while(s, n, number)
	case c&blank == 0:
		return t.until(s, n, symbol)
	}
	return t.blanks(s, false)
}

// splitDigits cuts out each numeric character, as Digits with individual_digits does.
func splitDigits(t *characters, s string) int {
	if c, n := t.at(s, 0); c&numeric != 0 {
		return n
	}
	return t.until(s, 0, numeric)
}

// splitDigitRuns cuts out each run of numeric characters.
func splitDigitRuns(t *characters, s string) int {
	if n := t.while(s, 0, numeric); n > 0 {
		return n
	}
	return t.until(s, 0, numeric)
}

// splitBert follows BertPreTokenizer: a run of blanks, one punctuation mark, or a run of neither. The library drops the
// blanks; here wordPiece does.
func splitBert(t *characters, s string) int {
	c, n := t.at(s, 0)
	switch {
	case c&blank != 0:
		return t.while(s, n, blank)
	case c&punctuation != 0:
		return n
	}
	return t.until(s, n, blank|punctuation)
}

// blanks takes a run of blanks: up to its last line break where breaks end a piece (\s*[\r\n]+), else all of it
// at the end of the text, else all but the last, which belongs to the word that follows. "a  b" is a, one blank,
// and blank b.
func (t *characters) blanks(s string, breaks bool) int {
	end, last, broken := 0, 0, 0 // of the run, of its last blank (start), after its last line break
	for end < len(s) {
		c, size := t.at(s, end)
		if c&blank == 0 {
			break
		}
		if last = end; newline(s[end]) {
			broken = end + 1
		}
		end += size
	}
	switch {
	case breaks && broken > 0:
		return broken
	case end < len(s) && last > 0:
		return last // \s+(?!\S)
	}
	return end
}

// newline tells the two characters that patternQwen treats as line breaks.
func newline(c byte) bool { return c == '\r' || c == '\n' }

// contraction returns the length of an English ending such as 'll at the start of s, or 0. Under (?i) the
// long s (U+017F) is an s as well; no other character folds to these letters.
func contraction(s string, anyCase bool) int {
	if len(s) < 2 || s[0] != '\'' {
		return 0
	}
	fold := func(c byte) byte {
		if anyCase && 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}
	// 's, 't, 'm and 'd end here; 're, 've and 'll have a letter more.
	first := fold(s[1])
	switch first {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(s) < 3 {
		return 0
	}
	second := fold(s[2])
	switch {
	case (first == 'r' || first == 'v') && second == 'e', first == 'l' && second == 'l':
		return 3
	case anyCase && s[1:3] == "ſ":
		return 3
	}
	return 0
}
