package tokenizer

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// What the reference library thinks of each character. Go's own tables are of another Unicode version
// than its regular expressions, and those of another than its normaliser (which knows the combining
// classes of Unicode 9 only), so the tables were read off the library itself.
//
//go:embed unicode.txt
var unicodeText string

// Class bits of a character.
const (
	letter      uint16 = 1 << iota // \p{L}
	number                         // \p{N}
	blank                          // \s
	numeric                        // what the Digits pre-tokeniser cuts at
	reordered                      // NFC may change a text that holds it: marks, second halves, singletons
	composite                      // decomposes into what NFC composes again
	control                        // BertNormalizer's clean_text drops it
	ideograph                      // BertNormalizer sets it between blanks
	accent                         // BertNormalizer's strip_accents drops it
	upper                          // lowercase changes it
	punctuation                    // BertPreTokenizer cuts it out
)

// rangeBits are the entries of unicode.txt that give each character of a range one bit.
var rangeBits = map[string]uint16{
	"L": letter, "N": number, "S": blank, "D": numeric, "X": control, "K": ideograph, "A": accent, "B": punctuation,
}

const symbol = letter | number | blank // none of these bits: [^\s\p{L}\p{N}]

// characters answers by code point. It is immutable once read.
//
// The million code points are 4,352 pages of 256; few have any class, all others are one page of zeros. A class
// is then two look-ups, where Go's range tables search.
type characters struct {
	// By the upper bits of the code point; pages without any class are one shared empty page.
	pages     [utf8.MaxRune>>8 + 1]*page
	combining map[rune]uint8   // canonical combining class, absent: 0
	parts     map[rune][]rune  // full decomposition of what never comes back
	halves    map[rune][2]rune // what a primary composite is made of, one step
	composed  map[[2]rune]rune // the reverse of halves
	lower     map[rune][]rune  // what a capital becomes, one by one: no rule looks at its neighbours
}

// page has the class bits of 256 code points.
type page [256]uint16

// tables reads the text once a process, at the first Open.
var tables = sync.OnceValue(func() *characters {
	t, err := readCharacters(unicodeText)
	if err != nil {
		panic(err) // the text is part of the program
	}
	return t
})

// class returns the class bits of a valid code point.
func (t *characters) class(r rune) uint16 { return t.pages[r>>8][uint8(r)] }

// at returns the class bits and the byte length of the character of s that begins at i. s is valid UTF-8.
func (t *characters) at(s string, i int) (uint16, int) {
	if c := s[i]; c < utf8.RuneSelf {
		return t.pages[0][c], 1
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	return t.class(r), size
}

// while returns the end of the run from i of characters that have any bit of mask.
func (t *characters) while(s string, i int, mask uint16) int {
	for i < len(s) {
		c, size := t.at(s, i)
		if c&mask == 0 {
			break
		}
		i += size
	}
	return i
}

// until returns the end of the run from i of characters that have no bit of mask.
func (t *characters) until(s string, i int, mask uint16) int {
	for i < len(s) {
		c, size := t.at(s, i)
		if c&mask != 0 {
			break
		}
		i += size
	}
	return i
}

// readCharacters builds the tables from lines as the header of unicode.txt describes them.
func readCharacters(text string) (*characters, error) {
	t := &characters{
		combining: map[rune]uint8{},
		parts:     map[rune][]rune{},
		halves:    map[rune][2]rune{},
		composed:  map[[2]rune]rune{},
		lower:     map[rune][]rune{},
	}
	empty := new(page)
	for i := range t.pages {
		t.pages[i] = empty
	}
	for number, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if err := t.readLine(line, empty); err != nil {
			return nil, fmt.Errorf("unicode.txt line %d: %w", number+1, err)
		}
	}
	// The vowels and final consonants of Hangul join what stands before them.
	t.mark(hangulV, hangulV+hangulVs-1, reordered, empty)
	t.mark(hangulT+1, hangulT+hangulTs-1, reordered, empty)
	t.mark(hangulS, hangulS+hangulSs-1, composite, empty)
	return t, nil
}

// readLine takes one line of the table; its header says what the letters mean.
//
//	L 41 5A        A to Z are letters
//	C E6 300 314   U+0300 to U+0314 have combining class 230
//	P E9 65 301    é is composed of e and U+0301
//	M 212B 41 30A  the Ångström sign decomposes into A and U+030A, and never comes back
//	W 41 61        A in lower case is a
func (t *characters) readLine(line string, empty *page) error {
	// A letter, then hexadecimal numbers; how many there must be depends on the letter.
	fields := strings.Fields(line)
	var v []rune
	for _, f := range fields[1:] {
		n, err := strconv.ParseUint(f, 16, 21)
		if err != nil {
			return err
		}
		v = append(v, rune(n))
	}
	bits := rangeBits[fields[0]]
	switch {
	case bits != 0 && len(v) == 2:
		t.mark(v[0], v[1], bits, empty)
	case fields[0] == "C" && len(v) == 3:
		t.mark(v[1], v[2], reordered, empty)
		for r := v[1]; r <= v[2]; r++ {
			t.combining[r] = uint8(v[0])
		}
	case fields[0] == "P" && len(v) == 3:
		pair := [2]rune{v[1], v[2]}
		t.halves[v[0]], t.composed[pair] = pair, v[0]
		t.mark(v[0], v[0], composite, empty)
		t.mark(v[2], v[2], reordered, empty)
	case fields[0] == "M" && len(v) >= 2:
		t.parts[v[0]] = v[1:]
		t.mark(v[0], v[0], reordered, empty)
	case fields[0] == "W" && len(v) >= 2:
		t.lower[v[0]] = v[1:]
		t.mark(v[0], v[0], upper, empty)
	default:
		return fmt.Errorf("unknown entry %q with %d values", fields[0], len(v))
	}
	return nil
}

// mark sets bits for the code points first to last; pages that nobody marks stay the shared empty one.
func (t *characters) mark(first, last rune, bits uint16, empty *page) {
	for r := first; r <= last; r++ {
		if t.pages[r>>8] == empty {
			t.pages[r>>8] = new(page)
		}
		t.pages[r>>8][uint8(r)] |= bits
	}
}

// lastSolid is the start of the last character of s that is no blank, −1 without one. A piece that ends before it
// is the same whatever follows s: no splitter looks farther ahead than to the character that ends a run, but for
// runs of blanks, which are looked through. In "to be  " it is the e: "to" is settled, "be" may go on as "been".
func (t *characters) lastSolid(s string) int {
	for end := len(s); end > 0; {
		r, size := utf8.DecodeLastRuneInString(s[:end])
		if end -= size; t.class(r)&blank == 0 {
			return end
		}
	}
	return -1
}
