package panel

import (
	"encoding/json"
	"errors"

	"hives/data/theories"
	"hives/internal/llm"
)

// Reasons of unusable answers; none repeats the answer, which may repeat the text.
var (
	errNoChoice      = errors.New("the answer has no choice")
	errUnknownChoice = errors.New("the answer's choice is not in the list")
)

// stored is the parsed form of a vote.
type stored struct {
	Choice string `json:"choice"`
}

// readAnswer finds the choice in an answer and returns it as JSON. The choice must be one of the list, letters
// and digits alone compared; an answer that is nothing but a name counts as well.
func readAnswer(raw string, choices []string) (string, error) {
	if name, ok := match(raw, choices); ok {
		return encodeChoice(name), nil
	}
	object, err := llm.Repair(raw)
	if err != nil {
		return "", err
	}
	said, ok := object["choice"]
	if list, isList := said.([]any); isList && len(list) == 1 {
		said = list[0]
	}
	text, isText := said.(string)
	if !ok || !isText {
		return "", errNoChoice
	}
	name, ok := match(text, choices)
	if !ok {
		return "", errUnknownChoice
	}
	return encodeChoice(name), nil
}

func match(text string, choices []string) (string, bool) {
	slug := theories.Slug(text)
	for _, c := range choices {
		if theories.Slug(c) == slug {
			return c, true
		}
	}
	return "", false
}

func encodeChoice(name string) string {
	raw, _ := json.Marshal(stored{Choice: name}) // a string always marshals
	return string(raw)
}

// choiceOf reads a stored vote, "" where it was unusable.
func choiceOf(v llm.Vote) string {
	var s stored
	if v.Parsed == "" || json.Unmarshal([]byte(v.Parsed), &s) != nil {
		return ""
	}
	return s.Choice
}
