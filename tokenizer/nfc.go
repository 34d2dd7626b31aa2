package tokenizer

import (
	"slices"
	"unicode/utf8"
)

// Hangul syllables are composed by arithmetic (Unicode standard, section 3.12).
const (
	hangulS, hangulL, hangulV, hangulT = 0xAC00, 0x1100, 0x1161, 0x11A7

	hangulLs, hangulVs, hangulTs = 19, 21, 28
	hangulSs                     = hangulLs * hangulVs * hangulTs
)

// nfc returns s, valid UTF-8, in normalisation form C, as the reference library does it. x/text cannot
// stand in: it composes an astral character with a mark as if it had 16 bits (U+10049 U+0307), breaks runs
// of more than 30 marks with U+034F, and knows newer marks.
func (t *characters) nfc(s string) string {
	if t.until(s, 0, reordered) == len(s) {
		return s
	}
	// From here on three linear steps, but for sorting runs of marks: long hostile runs must not be
	// quadratic either.
	runes := make([]rune, 0, len(s))
	for _, r := range s {
		runes = t.decompose(runes, r)
	}
	t.order(runes)
	runes = t.compose(runes)
	out := make([]byte, 0, len(s))
	for _, r := range runes {
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

// settled is the length of the part of s whose form C is the same whatever follows: all before the last character that
// NFC leaves alone. Nothing after such a character joins what is before it.
func (t *characters) settled(s string) int {
	for end := len(s); end > 0; {
		r, size := utf8.DecodeLastRuneInString(s[:end])
		if end -= size; t.class(r)&reordered == 0 {
			return end
		}
	}
	return 0
}

// decompose appends the full canonical decomposition of r.
func (t *characters) decompose(dst []rune, r rune) []rune {
	if i := r - hangulS; 0 <= i && i < hangulSs {
		dst = append(dst, hangulL+i/(hangulVs*hangulTs), hangulV+i/hangulTs%hangulVs)
		if last := i % hangulTs; last != 0 {
			dst = append(dst, hangulT+last)
		}
		return dst
	}
	if parts, ok := t.parts[r]; ok {
		return append(dst, parts...)
	}
	if pair, ok := t.halves[r]; ok {
		return append(t.decompose(dst, pair[0]), pair[1]) // the second half never decomposes
	}
	return append(dst, r)
}

// order sorts each run of marks by combining class and keeps the order within a class.
func (t *characters) order(runes []rune) {
	for i := 0; i < len(runes); i++ {
		first := i
		for i < len(runes) && t.combiningClass(runes[i]) != 0 {
			i++
		}
		t.orderRun(runes[first:i])
	}
}

// longRun is the number of marks from which a run is sorted by counting: no language has as many, a hostile text may
// have a million.
const longRun = 64

// orderRun sorts one run of marks, stably: marks of one class are drawn at one place, and their order is part of
// the text.
func (t *characters) orderRun(run []rune) {
	if len(run) < longRun {
		slices.SortStableFunc(run, func(a, b rune) int { return t.combiningClass(a) - t.combiningClass(b) })
		return
	}
	var next [257]int // where the next mark of each class goes
	for _, r := range run {
		next[t.combiningClass(r)+1]++
	}
	for class := range next[1:] {
		next[class+1] += next[class]
	}
	sorted := make([]rune, len(run))
	for _, r := range run {
		class := t.combiningClass(r)
		sorted[next[class]] = r
		next[class]++
	}
	copy(run, sorted)
}

// compose joins, in place, each character with the last starter before it when no character between them has a
// class as high.
//
//	a U+0323 U+0302 (dot below, class 220; circumflex, class 230)
//	  the dot joins: ạ; the circumflex joins that: ậ, one character
//	a U+0302 U+0302
//	  the first joins: â; the second finds no â with a circumflex and stays
func (t *characters) compose(runes []rune) []rune {
	out := runes[:0]
	starter := -1 // where in out
	between := -1 // class of the last character kept after the starter, −1: none
	for _, r := range runes {
		class := t.combiningClass(r)
		// A starter (class 0) joins only a direct neighbour: −1 < 0, and no kept class is below 0.
		if starter >= 0 && between < class {
			if joined, ok := t.join(out[starter], r); ok {
				out[starter] = joined
				continue
			}
		}
		if between = class; class == 0 {
			starter, between = len(out), -1
		}
		out = append(out, r)
	}
	return out
}

// join returns the primary composite of a and b, if there is one.
func (t *characters) join(a, b rune) (rune, bool) {
	// A leading consonant and a vowel give a syllable without a final consonant.
	if l, v := a-hangulL, b-hangulV; 0 <= l && l < hangulLs && 0 <= v && v < hangulVs {
		return hangulS + (l*hangulVs+v)*hangulTs, true
	}
	// Such a syllable takes a final consonant; hangulT itself is none and joins nothing.
	if s, last := a-hangulS, b-hangulT; 0 <= s && s < hangulSs && s%hangulTs == 0 && 0 < last && last < hangulTs {
		return a + last, true
	}
	joined, ok := t.composed[[2]rune{a, b}]
	return joined, ok
}

// combiningClass asks the map only for the few characters that may be marks.
func (t *characters) combiningClass(r rune) int {
	if t.class(r)&reordered == 0 {
		return 0
	}
	return int(t.combining[r])
}
