package judge

import (
	"encoding/json"
	"strings"
	"testing"

	"hives/data/theories"
)

const neutral = "neutral"

// The names are a panel's, which compares their letters and digits alone.
func TestChoiceIsRead(t *testing.T) {
	choice := Choice{Names: []string{"care/harm", "self-direction:thought", neutral}, Fold: theories.Slug}
	for _, c := range []struct{ name, raw, want string }{
		{"JSON", `{"choice": "care/harm"}`, "care/harm"},
		{"spelled otherwise", `{"choice": "Self-Direction: Thought"}`, "self-direction:thought"},
		{"with a reason", `{"because": "harm is done", "choice": "care/harm"}`, "care/harm"},
		{"nearly JSON", "```\n{choice: 'care/harm',}\n```", "care/harm"},
		{"a list of one", `{"choice": ["neutral"]}`, neutral},
		{"the name alone", " Care/harm.\n", "care/harm"},
		{"a list of two", `{"choice": ["neutral", "care/harm"]}`, ""},
		{"a choice that is not in the list", `{"choice": "sanctity/degradation"}`, ""},
		{"a sentence with a name", "It is care/harm or neutral.", ""},
		{"another key", `{"answer": "care/harm"}`, ""},
		{"an object for a choice", `{"choice": {"care/harm": 1}}`, ""},
		{"nothing", "", ""},
		{"an empty choice", `{"choice": ""}`, ""},
	} {
		parsed, err := choice.Parse(c.raw)
		if got := (Vote{Parsed: parsed}).Choice(); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
		if err != nil && len(c.raw) > 3 && strings.Contains(err.Error(), c.raw) {
			t.Errorf("%s: the reason repeats the answer: %v", c.name, err)
		}
	}
}

func TestSchemaAllowsTheChoicesAlone(t *testing.T) {
	raw, err := json.Marshal(Choice{Names: []string{"a", "b"}, Because: true}.Schema())
	if err != nil {
		t.Fatal(err)
	}
	s := string(raw)
	if !strings.Contains(s, `"enum":["a","b"]`) || !strings.Contains(s, `"additionalProperties":false`) {
		t.Error(s)
	}
	if i, j := strings.Index(s, `"because":{`), strings.Index(s, `"choice":{`); i < 0 || i > j {
		t.Error("the reason must come before the choice:", s)
	}
}
