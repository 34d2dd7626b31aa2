package vidb

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hives/internal/judge"
)

// Reasons of unusable answers. None repeats the answer, which may repeat a text.
var (
	errThinking = errors.New("the answer ends while the model is thinking")
	errNoOrder  = errors.New("the answer's last JSON object has no list of letters")
	errNoMore   = errors.New("the answer's last JSON object names neither a text nor a tie")
	errFirst    = errors.New("the answer's first line is neither 1 nor 2")
)

// parse reads an answer into a JSON list of letters, the most supportive text first; [] is a tie. Exactly the letters
// of the window, each once: nothing is completed and nothing guessed.
//
//	{"more": "B"}                                  ["B","A"]
//	<think>A or B?</think> {"order":["B","A","C"]} ["B","A","C"]
//	Text A says {"more":"A"}. I choose {"more":"B"} ["B","A"]       the last object counts
//	I choose B.                                    unusable: prose is never searched for a letter
//	{"order":["B","B","A"]}                        unusable: B stands twice
//	{"order":[2,1,3]}                              unusable: numbers may be ranks
func (a *asker) parse(raw string, texts []string) (string, error) {
	answer, err := spoken(raw)
	if err != nil {
		return "", err
	}
	if a.numbers {
		return firstLine(answer)
	}
	object, err := lastObject(withoutEcho(answer, texts))
	if err != nil {
		return "", err
	}
	if a.format == FormatBinary {
		return a.more(object)
	}
	list, ok := object["order"].([]any)
	if !ok {
		return "", errNoOrder
	}
	var said []string
	for _, l := range list {
		label, _ := l.(string)
		said = append(said, strings.ToUpper(strings.TrimSpace(label)))
	}
	if sorted := slices.Sorted(slices.Values(said)); !slices.Equal(sorted, labels(a.k)) {
		return "", fmt.Errorf("the answer's list is no order of %d letters: it has %d entries, %s", a.k, len(said),
			whatIsWrong(said, a.k))
	}
	return asJSON(said), nil
}

// whatIsWrong says what is wrong with a list of letters, without repeating it.
func whatIsWrong(said []string, k int) string {
	seen := map[string]bool{}
	for _, label := range said {
		switch {
		case !slices.Contains(labels(k), label):
			return "one of them no letter of the window"
		case seen[label]:
			return "one of them twice"
		}
		seen[label] = true
	}
	return "too few or too many"
}

// more reads the one letter of a pair.
func (a *asker) more(object map[string]any) (string, error) {
	said, _ := object["more"].(string)
	said = strings.TrimSpace(said)
	if strings.EqualFold(said, tieWord) {
		return "[]", nil
	}
	at := slices.Index(labels(a.k), strings.ToUpper(said))
	if at < 0 {
		return "", errNoMore
	}
	return asJSON([]string{labels(a.k)[at], labels(a.k)[1-at]}), nil
}

// firstLine is the paper's answer.
func firstLine(answer string) (string, error) {
	line, _, _ := strings.Cut(strings.TrimSpace(answer), "\n")
	// A bare 1 or 2, as the paper's own parser wants it: "Text 1" may be the beginning of a sentence about it.
	switch strings.TrimSpace(line) {
	case "1":
		return `["A","B"]`, nil
	case "2":
		return `["B","A"]`, nil
	}
	return "", errFirst
}

// spoken is what comes after a model's thinking. Thinking that does not end leaves no answer.
func spoken(raw string) (string, error) {
	const begin, end = "<think>", "</think>"
	if at := strings.LastIndex(raw, end); at >= 0 {
		return raw[at+len(end):], nil
	}
	if strings.Contains(raw, begin) {
		return "", errThinking
	}
	return raw, nil
}

// withoutEcho takes out texts that the answer repeats, as they are and as JSON writes them: a text may hold an object
// of the very form that is asked for. Texts without a brace hold none and may stay.
//
//	a text says {"more": "A"}, the answer repeats it and ends     nothing is left: unusable
//	the same, and then {"more": "B"}                              B
func withoutEcho(answer string, texts []string) string {
	for _, text := range texts {
		if strings.Contains(text, "{") {
			quoted, _ := json.Marshal(text) // strings always marshal
			answer = strings.ReplaceAll(answer, text, "")
			answer = strings.ReplaceAll(answer, string(quoted[1:len(quoted)-1]), "")
			answer = strings.ReplaceAll(answer, strings.ReplaceAll(text, `"`, `\"`), "")
		}
	}
	return answer
}

// lastObject reads the last object that no other object holds. One that is broken is the answer all the same: the one
// before it may be an example.
//
//	{"more":"A"} or rather {"more":"B"}     the second
//	{hm {"more":"A"}                        the second brace: the first has no end
//	{"more":"B","why":{"x":1}}              the outer one
func lastObject(answer string) (map[string]any, error) {
	last := -1
	for at := 0; at < len(answer); {
		next := strings.IndexByte(answer[at:], '{')
		if next < 0 {
			break
		}
		last = at + next
		at = last + max(1, extent(answer[last:]))
	}
	if last < 0 {
		last = len(answer)
	}
	return judge.Repair(answer[last:])
}

// Braces are counted and not parsed: an answer that is no JSON, for instance with single quotes, still has an end.

// extent is the length of the object at the beginning of s, by its braces; 0 if they do not close. Braces within
// quotation marks do not count.
func extent(s string) int {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
