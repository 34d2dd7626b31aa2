package judge

import (
	"encoding/json"
	"errors"
	"strings"
)

// Choice is the form of an answer that names one of a list: {"choice": "…"}.
type Choice struct {
	Names   []string
	Because bool                // a reason stands before the choice
	Fold    func(string) string // names that it makes equal are equal; nil: case and white space around do not count
}

// Reasons of unusable answers; none repeats the answer, which may repeat the text.
var (
	errNoChoice      = errors.New("the answer has no choice")
	errUnknownChoice = errors.New("the answer's choice is not in the list")
)

// stored is the parsed form of a vote. A reason is not kept apart: it stands in the raw answer, and no rule reads it.
type stored struct {
	Choice string `json:"choice"`
}

// Schema allows the names and nothing else. "because" comes before "choice" in the encoder's order, so that a reason is
// given before the choice and not for it.
func (c Choice) Schema() map[string]any {
	properties := map[string]any{"choice": map[string]any{"type": "string", "enum": c.Names}}
	required := []string{"choice"}
	if c.Because {
		properties["because"] = map[string]any{"type": "string"}
		required = []string{"because", "choice"}
	}
	return map[string]any{
		"type": "object", "properties": properties, "required": required, "additionalProperties": false,
	}
}

// Answers are all that the form allows, each behind what they share, for Question.Choices and its Prefix: to a voter
// that compares answers, a question of this form is closed. With a reason before the choice there are endlessly many,
// so there are none here.
//
//	prefix {"choice": "    answers care/harm"}   loyalty/betrayal"}
func (c Choice) Answers() (prefix string, answers []string) {
	if c.Because {
		return "", nil
	}
	for _, name := range c.Names {
		var b strings.Builder
		plain := json.NewEncoder(&b)
		plain.SetEscapeHTML(false) // "&" as a model writes it
		_ = plain.Encode(name)     // a string always encodes
		answers = append(answers, strings.TrimSpace(b.String())[1:]+"}")
	}
	return `{"choice": "`, answers
}

// Parse finds the choice in an answer and returns it as JSON, for Question.Parse. An answer that is nothing but a name
// counts as well; a sentence that holds one does not, since it may hold another.
//
//	{"choice": "Care/Harm"}           {"choice":"care/harm"}
//	```{choice: ['care/harm'],}```    {"choice":"care/harm"}
//	Care/harm                         {"choice":"care/harm"}
//	It is care/harm, I think.         no JSON object in the answer
func (c Choice) Parse(raw string) (string, error) {
	if name, ok := c.match(raw); ok {
		return encodeChoice(name), nil
	}
	object, err := Repair(raw)
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
	name, ok := c.match(text)
	if !ok {
		return "", errUnknownChoice
	}
	return encodeChoice(name), nil
}

// match finds the name that an answer means, as the list spells it. Of names that fold to the same the first is
// meant, so a caller owes names that stay apart under its Fold.
func (c Choice) match(text string) (string, bool) {
	fold := c.Fold
	if fold == nil {
		fold = func(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
	}
	said := fold(text)
	for _, name := range c.Names {
		if fold(name) == said {
			return name, true
		}
	}
	return "", false
}

// encodeChoice is the stored form, of which there is one for each name: rules compare choices as strings.
func encodeChoice(name string) string {
	raw, _ := json.Marshal(stored{Choice: name}) // a string always marshals
	return string(raw)
}

// Choice reads a vote whose answer was a Choice, "" where it was unusable. It is the one place that reads what
// Choice.Parse stored, for rules, reports and the review alike.
func (v Vote) Choice() string {
	var s stored
	if v.Parsed == "" || json.Unmarshal([]byte(v.Parsed), &s) != nil {
		return ""
	}
	return s.Choice
}
