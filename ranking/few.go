package ranking

import (
	"fmt"
	"strings"
)

// few writes the first numbers of a list, for errors. Of twelve: "0, 1, 2, 3, 4, 5, 6, 7, and 4 more". A pool has
// thousands of texts, and a message has a line.
func few(numbers []int) string {
	const shown = 8
	if len(numbers) == 0 {
		return "none"
	}
	words := make([]string, 0, shown+1)
	for at, n := range numbers {
		if at == shown {
			words = append(words, fmt.Sprintf("and %d more", len(numbers)-shown))
			break
		}
		words = append(words, fmt.Sprint(n))
	}
	return strings.Join(words, ", ")
}
