// Package nearest finds the known word that a mistyped one was meant to be.
package nearest

import (
	"fmt"
	"strings"
)

// Of returns the known word nearest to word, "" where none is near: a third of its letters may differ, or two. Of two
// that are equally near the first in the list is taken.
func Of(word string, known []string) string {
	best, at := max(2, len(word)/3)+1, ""
	folded := fold(word)
	for _, k := range known {
		// not a word of other letters altogether
		if d := distance(folded, fold(k)); d < best && d < max(len(k), len(word)) {
			best, at = d, k
		}
	}
	return at
}

// Hint is what an error says after an unknown word: the nearest known one, else all of them.
func Hint(word string, known []string) string {
	if at := Of(word, known); at != "" {
		return fmt.Sprintf("did you mean %q?", at)
	}
	return "known are " + strings.Join(known, ", ")
}

// fold leaves out what is often mistaken: case, and which sign stands between words.
func fold(s string) string {
	return strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(s))
}

// distance counts the insertions, deletions, changes and exchanges of neighbours that turn a into b. An exchange of
// neighbours counts once, since it is one slip of the hand: "modle" is 1 from "model", where two changes would make
// it 2. It counts bytes; known words are ASCII.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			change := row[j]
			if a[i] != b[j] {
				change++
			}
			next[j+1] = min(change, next[j]+1, row[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
