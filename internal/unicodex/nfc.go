package unicodex

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Hangul syllables are composed by arithmetic (The Unicode Standard, section 3.12).
const (
	hangulS, hangulL, hangulV, hangulT = 0xAC00, 0x1100, 0x1161, 0x11A7
	countL, countV, countT             = 19, 21, 28
)

// lastComposite bounds the search for composites: the planes above hold none.
const lastComposite = 0x1FFFF

// pairs maps a starter and the mark after it to what they compose to.
//
// An example: U+1ED7 (ỗ) is o + U+0302 + U+0303. U+00F4 (ô) has two runes and is known first: (o, U+0302) → ô. Then
// the head of ỗ without its last mark composes to ô, which gives (ô, U+0303) → ỗ.
//
// Built when it is first needed: most texts are in NFC already, and never ask.
var pairs = sync.OnceValue(func() map[[2]rune]rune {
	byLength := map[int][]rune{} // composites by the length of their full decomposition
	for r := rune(0x80); r <= lastComposite; r++ {
		n := len(decomposition(r))
		if n < 2 || isHangul(r) || !norm.NFC.IsNormalString(string(r)) {
			continue // not composed, or excluded from composition
		}
		byLength[n] = append(byLength[n], r)
	}
	// Short ones first: the head of a longer decomposition composes to the first half of its pair.
	out := map[[2]rune]rune{}
	for n := 2; len(byLength[n]) > 0; n++ {
		for _, r := range byLength[n] {
			full := decomposition(r)
			head := full[0]
			for _, mark := range full[1 : n-1] {
				head = out[[2]rune{head, mark}]
			}
			out[[2]rune{head, full[n-1]}] = r
		}
	}
	return out
})

// decomposition is the full canonical decomposition of r, empty if it has none.
func decomposition(r rune) []rune {
	return []rune(string(norm.NFD.PropertiesString(string(r)).Decomposition()))
}

// isHangul tells the 11,172 syllables that are composed by arithmetic.
func isHangul(r rune) bool { return r >= hangulS && r < hangulS+countL*countV*countT }

// NFC returns s in Unicode's composed normal form. Invalid UTF-8 becomes U+FFFD. The common case costs one look and
// no copy.
//
// Invariant: it equals x/text's result wherever that is right (TestNFCEqualsTheLibraryElsewhere), and composing
// twice changes nothing (TestEveryCompositeIsStable).
func NFC(s string) string {
	if norm.NFC.IsNormalString(s) && utf8.ValidString(s) {
		return s
	}
	runes, classes := decompose(s)
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range compose(runes, classes) {
		b.WriteRune(r)
	}
	return b.String()
}

// decompose returns the canonical decomposition in canonical order, and each rune's combining class. Canonical
// order: marks between two starters are sorted by class, so that é with a dot below has one form however it was
// typed. Runes of class 0 never move.
func decompose(s string) (runes []rune, classes []uint8) {
	for _, r := range s {
		full := decomposition(r)
		if len(full) == 0 {
			full = []rune{r}
		}
		for _, d := range full {
			runes = append(runes, d)
			classes = append(classes, norm.NFD.PropertiesString(string(d)).CCC())
		}
	}
	// A run is a stretch of marks: it begins at a mark and ends before the next rune of class 0.
	for from := 0; from < len(runes); {
		to := from + 1
		for to < len(runes) && classes[from] != 0 && classes[to] != 0 {
			to++
		}
		sortMarks(runes[from:to], classes[from:to])
		from = to
	}
	return runes, classes
}

// sortMarks puts a run of marks in the order of their classes; equal ones keep their order.
func sortMarks(runes []rune, classes []uint8) {
	if slices.IsSorted(classes) {
		return
	}
	at := make([]int, len(runes))
	for i := range at {
		at[i] = i
	}
	was, of := slices.Clone(runes), slices.Clone(classes)
	slices.SortStableFunc(at, func(i, j int) int { return int(of[i]) - int(of[j]) })
	for i, from := range at {
		runes[i], classes[i] = was[from], of[from]
	}
}

// compose joins each rune to the last starter unless a rune between them blocks it. Blocked means: a rune in between
// has the same class or a higher one. In a + U+0323 (below, 220) + U+0301 (above, 230) nothing blocks; of two marks
// above, the second is blocked by the first unless that one was joined.
func compose(runes []rune, classes []uint8) []rune {
	out := runes[:0]
	starter := -1 // place in out of the last starter
	between := -1 // class of the last rune kept after the starter, −1 if none
	for i, r := range runes {
		class := int(classes[i])
		// between is −1 directly after the starter, so even a rune of class 0 may join it there.
		if starter >= 0 && between < class {
			if joined, ok := join(out[starter], r); ok {
				out[starter] = joined
				continue
			}
		}
		out = append(out, r)
		between = class
		if class == 0 {
			starter, between = len(out)-1, -1
		}
	}
	return out
}

// join composes two runes, if there is a composite. Hangul: a leading consonant and a vowel make a syllable, and
// that with a trailing consonant another: ᄒ + ᅡ → 하, 하 + ᆫ → 한.
func join(a, b rune) (rune, bool) {
	if l, v := a-hangulL, b-hangulV; l >= 0 && l < countL && v >= 0 && v < countV {
		return hangulS + (l*countV+v)*countT, true
	}
	if t := b - hangulT; isHangul(a) && (a-hangulS)%countT == 0 && t > 0 && t < countT {
		return a + t, true
	}
	r, ok := pairs()[[2]rune{a, b}]
	return r, ok
}
