package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"hives/internal/fault"
)

// valid is the plain reading of a schema: a value with its keys in order, as entries.
func valid(root, s map[string]any, v any) error {
	bad := func(why string) error { return fmt.Errorf("%v: %s of %v", v, why, s) }
	if ref, ok := s["$ref"].(string); ok {
		return valid(root, root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), v)
	}
	if many, ok := s["anyOf"].([]any); ok {
		for _, one := range many {
			if valid(root, one.(map[string]any), v) == nil {
				return nil
			}
		}
		return bad("none")
	}
	values, ok := s["enum"].([]any)
	if value, constant := s["const"]; constant {
		values, ok = []any{value}, true
	}
	if ok {
		if !slices.ContainsFunc(values, func(one any) bool { return literal(one) == literal(v) }) {
			return bad("not among the values")
		}
		return nil
	}
	number := func(keyword string, otherwise float64) float64 {
		if x, ok := s[keyword].(json.Number); ok {
			f, _ := x.Float64()
			return f
		}
		return otherwise
	}
	is := func(name string) bool {
		list, ok := s["type"].([]any)
		return s["type"] == name || ok && slices.Contains(list, any(name))
	}
	within := func(n float64, from, to string) bool { return n >= number(from, -1e15) && n <= number(to, 1e15) }
	switch v := v.(type) {
	case entries:
		required, _ := s["required"].([]any)
		if !is("object") || len(required) != len(v) {
			return bad("keys")
		}
		for at, e := range v {
			if e.key != required[at] {
				return bad("order")
			}
			if err := valid(root, s["properties"].(map[string]any)[e.key].(map[string]any), e.value); err != nil {
				return err
			}
		}
	case []any:
		if !is("array") || !within(float64(len(v)), "minItems", "maxItems") {
			return bad("items")
		}
		for _, one := range v {
			if err := valid(root, s["items"].(map[string]any), one); err != nil {
				return err
			}
		}
	case string:
		if !is("string") || !utf8.ValidString(v) || !within(float64(utf8.RuneCountInString(v)), "minLength", "maxLength") {
			return bad("text")
		}
	case json.Number:
		f, err := v.Float64()
		if err != nil || (!is("number") && (!is("integer") || strings.ContainsAny(string(v), ".eE"))) ||
			!within(f, "minimum", "maximum") || f <= number("exclusiveMinimum", -2e15) || f >= number("exclusiveMaximum", 2e15) {
			return bad("number")
		}
	case bool:
		if !is("boolean") {
			return bad("boolean")
		}
	case nil:
		if !is("null") {
			return bad("null")
		}
	}
	return nil
}

type entries []entry

type entry struct {
	key   string
	value any
}

// read parses JSON with the library's tokens and keeps the order of keys.
func read(text string) (any, error) {
	if !json.Valid([]byte(text)) || !utf8.ValidString(text) {
		return nil, errors.New("no JSON")
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value func() any
	value = func() any {
		t, err := d.Token()
		if err != nil {
			panic(err)
		}
		switch t {
		case json.Delim('{'):
			out := entries{}
			for d.More() {
				key := value().(string)
				out = append(out, entry{key, value()})
			}
			d.Token()
			return out
		case json.Delim('['):
			out := []any{}
			for d.More() {
				out = append(out, value())
			}
			d.Token()
			return out
		}
		return t
	}
	return value(), nil
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	s, err := Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// schemas are members of the subset; each keyword is in one at least.
var schemas = map[string]string{
	"a judge's choice": `{"type": "object", "properties": {"because": {"type": "string"},
		"choice": {"type": "string", "enum": ["power", "benevolence", "self-direction"]}},
		"required": ["choice", "because"], "additionalProperties": false}`,
	"scores": `{"type": "object", "properties": {"trait": {"type": "integer", "minimum": 0, "maximum": 100},
		"sure": {"type": "number", "minimum": 0, "maximum": 1}}, "required": ["trait", "sure"]}`,
	"short text":       `{"type": "string", "maxLength": 7}`,
	"text of a length": `{"type": "string", "minLength": 3, "maxLength": 5}`,
	"text":             `{"type": "string"}`,
	"scalars":          `{"enum": [1, "1", true, null, -2.5, "a \"quoted\" é"]}`,
	"a constant":       `{"const": "yes", "title": "ignored"}`,
	"null or a number": `{"anyOf": [{"type": "null"}, {"type": "number"}]}`,
	"two types":        `{"type": ["integer", "boolean"], "minimum": -7, "maximum": 1234}`,
	"negative only":    `{"type": "integer", "exclusiveMinimum": -130, "exclusiveMaximum": -2.5}`,
	"number below":     `{"type": "number", "minimum": -3, "maximum": -1}`,
	"any integer":      `{"type": "integer"}`,
	"list": `{"type": "array", "items": {"type": "integer", "minimum": 5, "maximum": 5000},
		"minItems": 2, "maxItems": 4}`,
	"list without end": `{"type": "array", "items": {"type": "string", "maxLength": 2}}`,
	"at least one":     `{"type": "array", "items": {"type": "boolean"}, "minItems": 1}`,
	"empty list":       `{"type": "array", "items": {"type": "boolean"}, "maxItems": 0}`,
	"empty object":     `{"type": "object", "properties": {}, "additionalProperties": false}`,
	"nested": `{"type": "object", "properties": {"rows": {"type": "array", "maxItems": 3,
		"items": {"type": "object", "properties": {"k\"ey": {"type": "null"},
		"v": {"type": ["string", "null"], "maxLength": 3}},
		"required": ["v", "k\"ey"]}}}, "required": ["rows"]}`,
	"definitions": `{"$defs": {"mood": {"enum": ["good", "bad"], "type": "string"}}, "type": "object",
		"properties": {"a": {"$ref": "#/$defs/mood"}, "b": {"$ref": "#/$defs/mood"}}, "required": ["a", "b"]}`,
}

// someVocabulary has every byte, and longer tokens cut out of JSON and of text at places that mean nothing.
func someVocabulary(r *rand.Rand) *Vocabulary {
	const source = `{"choice": "power", "because": "I owe her the truth — naïve? 😀", "trait":12,"sure": 0.25}]},` +
		`{"rows": [true,false,null,-17]"}` + `\n\u00e9\"yesgoodbad`
	var words []string
	for b := range 256 {
		words = append(words, string([]byte{byte(b)}))
	}
	for range 300 {
		from := r.IntN(len(source))
		words = append(words, source[from:min(len(source), from+1+r.IntN(9))])
	}
	return NewVocabulary(len(words)+3, func(id int32) (string, bool) { // three ids are no tokens
		if int(id) < len(words) {
			return words[id], true
		}
		return "", false
	})
}

// write makes an answer of random tokens, all alike whatever the schema would like: as the mask allows, or without one.
func write(r *rand.Rand, m *Automaton, length int, masked bool) (string, error) {
	w, err := m.Start("")
	if err != nil {
		return "", err
	}
	spelled := map[int32]string{}
	for _, t := range m.vocabulary.tokens {
		spelled[t.id] = t.bytes
	}
	var out strings.Builder
	for left := length; left > 0; left-- {
		bits := w.Allowed(left)
		var may []int32
		for id := range int32(m.vocabulary.size) {
			if masked && Has(bits, id) || !masked && spelled[id] != "" {
				may = append(may, id)
			}
		}
		if w.Complete() && (len(may) == 0 || r.IntN(4) == 0) {
			break
		}
		if len(may) == 0 {
			return out.String(), errors.New("nothing is allowed, and it is not complete")
		}
		piece := spelled[may[r.IntN(len(may))]]
		out.WriteString(piece)
		if !w.Take(piece) && masked {
			return out.String(), fmt.Errorf("%q was allowed and does not fit", piece)
		}
	}
	return out.String(), nil
}

func TestRandomTokensBecomeJSONOfTheSchema(t *testing.T) {
	for name, text := range schemas {
		s := decoded(t, text)
		fails := 0
		for seed := range uint64(24) {
			r := rand.New(rand.NewPCG(seed, 1))
			m, err := someVocabulary(r).Compile(s)
			if err != nil {
				t.Fatal(name, err)
			}
			w, _ := m.Start("")
			length := w.Need() + r.IntN(40)*r.IntN(2) // half of them have no token to spare
			answer, err := write(r, m, length, true)
			if err != nil {
				t.Fatalf("%s, seed %d: %q: %v", name, seed, answer, err)
			}
			v, err := read(answer)
			if err == nil {
				err = valid(s, s, v)
			}
			if err != nil {
				t.Errorf("%s, seed %d: %q: %v", name, seed, answer, err)
			}
			if strings.ContainsAny(answer, "\n\t\r") || strings.Contains(answer, ":  ") && !strings.Contains(text, "string") {
				t.Errorf("%s, seed %d: blanks in %q", name, seed, answer)
			}
			without, _ := write(r, m, length, false)
			if v, err := read(without); err != nil || valid(s, s, v) != nil {
				fails++
			}
		}
		if fails < 20 {
			t.Errorf("%s: without the mask %d of 24 answers failed: the check sees nothing", name, fails)
		}
	}
}

// What the validator takes and is written as here, the automaton takes; what it takes, the validator takes: tried on
// answers and on answers with one byte changed, left out or doubled.
func TestTheAutomatonAgreesWithTheValidator(t *testing.T) {
	for name, text := range schemas {
		s := decoded(t, text)
		taken, refused := 0, 0
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, 2))
			m, err := someVocabulary(r).Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			w, _ := m.Start("")
			answer, err := write(r, m, w.Need()+20, true)
			if err != nil {
				t.Fatal(err)
			}
			for range 40 {
				raw := []byte(answer)
				at := r.IntN(len(raw))
				switch r.IntN(3) {
				case 0:
					raw[at] = byte(r.IntN(128))
				case 1:
					raw = slices.Delete(raw, at, at+1)
				case 2:
					raw = slices.Insert(raw, at, raw[at])
				}
				v, err := read(string(raw))
				if err == nil {
					err = valid(s, s, v)
				}
				w, _ := m.Start("")
				if w.Take(string(raw)) && w.Complete() {
					taken++
					if err != nil {
						t.Errorf("%s: %q is taken: %v", name, raw, err)
					}
				} else if refused++; err == nil && plainly(raw) {
					t.Errorf("%s: %q is refused", name, raw)
				}
			}
		}
		if refused == 0 {
			t.Errorf("%s: nothing was refused", name)
		}
	}
}

// plainly tells that an answer is written as the automaton writes: no other blanks, no exponent, no other spelling of a
// value of an enum.
func plainly(raw []byte) bool {
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return false
	}
	blanks := bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte(`: `), []byte(`:`)), []byte(`, `), []byte(`,`))
	return bytes.Equal(compact.Bytes(), blanks) && !bytes.ContainsAny(raw, `eE\`) && !bytes.Contains(raw, []byte("-0"))
}

// Every whole number near the bounds is tried, beside what comparing says.
func TestRangesOfIntegers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 150 {
		low := r.IntN(2500) - 1200
		high := low + r.IntN(1500)
		c := &compiler{algebra: newAlgebra()}
		bounds := map[string]any{"minimum": json.Number(fmt.Sprint(low)), "maximum": json.Number(fmt.Sprint(high))}
		n, err := c.integer("", bounds)
		if err != nil {
			t.Fatal(err)
		}
		for x := low - 30; x <= high+30; x++ {
			at := n
			for _, b := range []byte(fmt.Sprint(x)) {
				at = c.after(at, b)
			}
			if at.ends != (x >= low && x <= high) {
				t.Fatalf("%d within %d to %d: %v", x, low, high, at.ends)
			}
		}
	}
}

func TestWhatLiesOutsideIsRefusedByItsPath(t *testing.T) {
	deep := strings.Repeat(`{"type": "array", "items": `, 40) + `{"type": "null"}` + strings.Repeat("}", 40)
	for text, path := range map[string]string{
		`{}`:                                                                "/type:",
		`{"type": "text"}`:                                                  "/type:",
		`{"type": "object"}`:                                                "/properties:",
		`{"type": "string", "pattern": "a+"}`:                               "/pattern:",
		`{"type": "string", "format": "date"}`:                              "/format:",
		`{"type": "integer", "multipleOf": 3}`:                              "/multipleOf:",
		`{"type": "number", "minimum": 0.5}`:                                "/minimum:",
		`{"type": "number", "exclusiveMinimum": 0}`:                         "/exclusiveMinimum:",
		`{"type": "integer", "minimum": 1.5, "maximum": 1.9}`:               "no whole number",
		`{"type": "integer", "minimum": 1e20}`:                              "no whole number",
		`{"type": "number", "minimum": 1e20}`:                               "no number",
		`{"type": "integer", "minimum": "1"}`:                               "/minimum:",
		`{"type": "string", "maxLength": -1}`:                               "/maxLength:",
		`{"type": "string", "minLength": 3, "maxLength": 2}`:                "/minLength:",
		`{"type": "array"}`:                                                 "/items:",
		`{"type": "array", "items": {"type": "null"}, "uniqueItems": true}`: "/uniqueItems:",
		`{"type": "array", "items": {"type": "string", "minLength": 60000}, "minItems": 2}`: "shortest answer",
		`{"enum": []}`:                               "/enum:",
		`{"enum": [2, 1e400]}`:                       "value 2",
		`{"enum": [[1]]}`:                            "/enum:",
		`{"enum": ["a"], "type": "integer"}`:         "/enum:",
		`{"enum": ["a"], "minLength": 2}`:            "/minLength:",
		`{"oneOf": [{"type": "null"}]}`:              "/oneOf:",
		`{"anyOf": []}`:                              "/anyOf:",
		`{"anyOf": [{"type": "null"}, {"not": {}}]}`: "/anyOf/1/not:",
		`{"$ref": "#/$defs/x"}`:                      "/$ref:",
		`{"$defs": {"x": {"$ref": "#/$defs/x"}}, "$ref": "#/$defs/x"}`: "contains itself",
		`{"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "string", "pattern": "x"}},
			"required": ["b"]}}, "required": ["a"]}`: "/properties/a/properties/b/pattern:",
		`{"type": "object", "properties": {"a": {"type": "null"}}}`:                         `/required: property "a"`,
		`{"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a", "a"]}`: "/required: entry 2",
		`{"type": "object", "properties": {}, "required": ["b"]}`:                           "/required: entry 1",
		`{"type": "object", "properties": {}, "additionalProperties": true}`:                "/additionalProperties:",
		`{"type": "object", "properties": {}, "patternProperties": {}}`:                     "/patternProperties:",
		deep: "deep",
		`{"enum": ["` + strings.Repeat("x", maxBytes) + `"]}`: "bytes",
	} {
		_, _, err := compile(decoded(t, text))
		if err == nil || !strings.Contains(err.Error(), path) || fault.Of(err) != fault.Invalid {
			t.Errorf("%.120s: %v, want %s", text, err, path)
		}
	}
	for _, text := range []string{
		``, `[]`, `{} {}`, `{}}`, `{}]`, `{"a": 1, "a": 2}`, `{"a"`, `nul`,
		strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat(`}`, 20_000), // whose depth is the stack's
	} {
		if _, err := Decode([]byte(text)); fault.Of(err) != fault.Invalid {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// A schema that Go wrote, and one whose references multiply, which must not multiply the work.
func TestSchemasOfGoAndOfAStranger(t *testing.T) {
	m, err := someVocabulary(rand.New(rand.NewPCG(1, 1))).Compile(map[string]any{
		"type": "object", "required": []string{"b", "a"}, "properties": map[string]any{
			"b": map[string]any{"enum": []string{"x"}}, "a": map[string]any{"type": "integer", "maximum": 3, "minimum": 3},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := m.Start(`{"b":"x","a"`)
	if err != nil || !w.Take(`: 3}`) || !w.Over() || !w.Complete() {
		t.Errorf("%v", err)
	}
	if _, err := m.Start("Well"); err == nil {
		t.Error("a beginning that is none of JSON is taken")
	}
	laughs := `{"$ref": "#/$defs/x0", "$defs": {"x20": {"type": "null"}`
	for n := range 20 {
		laughs += fmt.Sprintf(`, "x%d": {"anyOf": [{"$ref": "#/$defs/x%d"}, {"$ref": "#/$defs/x%d"}]}`, n, n+1, n+1)
	}
	if _, _, err := compile(decoded(t, laughs+"}}")); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("references that multiply: %v", err)
	}
}

// Decode puts required into the order of properties.
func TestTheOrderOfProperties(t *testing.T) {
	s := decoded(t, `{"type": "object", "required": ["a", "b", "c"],
		"properties": {"c": {"type": "null"}, "a": {"type": "null"}, "b": {"type": "null"}}}`)
	if got := fmt.Sprint(s["required"]); got != "[c a b]" {
		t.Error(got)
	}
}

// A vocabulary without a brace cannot write an object; one without single letters writes what its tokens spell.
func TestVocabulariesThatLackTokens(t *testing.T) {
	of := func(words ...string) *Vocabulary {
		return NewVocabulary(len(words), func(id int32) (string, bool) { return words[id], true })
	}
	s := decoded(t, `{"enum": ["yes", "no"]}`)
	if _, err := of(`"`, "y").Compile(s); err == nil {
		t.Error("no token for any answer, and none is missed")
	}
	m, err := of(`"y`, `es`, `"n`, `o`, `"`, `es"`).Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	w, _ := m.Start("")
	if got := w.Need(); got != 3 { // "n o ", the shortest in bytes, though "y es" takes two
		t.Errorf("need %d", got)
	}
	if bits := w.Allowed(3); !Has(bits, 0) || !Has(bits, 2) || Has(bits, 1) {
		t.Errorf("%b", bits)
	}
	if bits := w.Allowed(2); !Has(bits, 0) || Has(bits, 2) {
		t.Errorf("with two tokens left: %b", bits)
	}
}

// What a walk remembers is bounded, and what it forgets it finds again.
func TestForgettingChangesNothing(t *testing.T) {
	s := decoded(t, schemas["nested"])
	for seed := range uint64(5) {
		var answers []string
		for _, forget := range []bool{false, true} {
			r := rand.New(rand.NewPCG(seed, 9))
			m, err := someVocabulary(r).Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			if forget {
				m.masks = maxMasks
			}
			answer, err := write(r, m, 60, true)
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, answer)
		}
		if answers[0] != answers[1] {
			t.Errorf("%q and %q", answers[0], answers[1])
		}
	}
}
