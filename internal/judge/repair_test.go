package judge

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRepair(t *testing.T) {
	type object = map[string]any
	choice := object{"choice": "care/harm"}
	for _, c := range []struct {
		name, in string
		want     object // nil: refused
	}{
		{"JSON", `{"choice": "care/harm"}`, choice},
		{"fenced", "```json\n{\"choice\": \"care/harm\"}\n```", choice},
		{"amid prose", `Sure! Here it is: {"choice": "care/harm"} Hope it helps.`, choice},
		{"single quotes", `{'choice': 'care/harm'}`, choice},
		{"curly quotes", `{“choice”: “care/harm”}`, choice},
		{"no quotes", `{choice: care/harm}`, choice},
		{"trailing comma", `{"choice": "care/harm",}`, choice},
		{"cut after the value", `{"choice": "care/harm"`, choice},
		{"cut in the value", `{"choice": "care/harm`, choice},
		{"missing comma", "{\"choice\": \"care/harm\"\n\"because\": \"x\"}", object{"choice": "care/harm", "because": "x"}},
		{"apostrophe", `{'because': 'it's a duty', 'choice': 'care/harm'}`, object{"because": "it's a duty",
			"choice": "care/harm"}},
		{"escapes", `{"a": "\u00e9\n\"\\"}`, object{"a": "é\n\"\\"}},
		{"list", `{"choice": ["care/harm",]}`, object{"choice": []any{"care/harm"}}},
		{"nested", `{"a": {"b": [1, {"c": null}]}, "d": True}`, object{"a": object{"b": []any{"1", object{"c": nil}}},
			"d": true}},
		{"empty", `{}`, object{}},
		{"no object", `care/harm`, nil},
		{"nothing", ``, nil},
		{"said twice", `{"choice": "care/harm", "choice": "caring"}`, nil},
		{"a name without a value", `{"choice"}`, nil},
		{"a list that does not end", `{"a": [1}`, nil},
		{"too deep", strings.Repeat(`{"a":`, 100), nil},
	} {
		got, err := Repair(c.in)
		if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.want != nil) {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
	}
}

// Whatever is JSON already must be read as encoding/json reads it.
func FuzzRepair(f *testing.F) {
	for _, s := range []string{`{"a": "b"}`, `{'a': [1, 2,], b: {`, "{\"a\": \"\\u12", `{a:b}`, `{"a":"“x”"}`, `}{[`,
		`{"\ud83d\ude00": ""}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Repair(s)
		var want map[string]string
		if strings.ContainsAny(s, "\\\ufffd") || json.Unmarshal([]byte(s), &want) != nil || want == nil || repeats(s, want) {
			return // escapes of half runes, nested values and repeated names are read in another way
		}
		if err != nil {
			t.Fatalf("refused JSON: %v", err)
		}
		for k, v := range want {
			if text, ok := got[k].(string); ok && text != v {
				t.Errorf("%q is %q, want %q", k, text, v)
			}
		}
	})
}

// repeats tells whether an object of strings says a name twice: then it has more marks than names need.
func repeats(s string, object map[string]string) bool { return strings.Count(s, `"`) != 4*len(object) }

// TestRepairsExamples holds the examples of lenient's comment.
func TestRepairsExamples(t *testing.T) {
	for answer, want := range map[string]any{
		"Sure! ```json {'choice': 'don't know', }```":   "don't know",
		`{choice: care/harm, because: "he hit`:          "care/harm",
		`{"choice": True}`:                              true,
		`{"choice": 1e400}`:                             "1e400",
		`{"choice": "a", "choice": "b"}`:                nil,
		"I choose care.":                                nil,
		`{"order": ["A", "B", {"choice": "care/harm"}]`: nil,
	} {
		object, err := Repair(answer)
		if got := object["choice"]; got != want || (err != nil && want != nil) {
			t.Errorf("%s: %v, %v, want %v", answer, got, err, want)
		}
	}
}
