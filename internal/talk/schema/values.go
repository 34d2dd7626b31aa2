package schema

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// values are enum and const: each value as it is written in the schema.
//
//	{"enum": ["yes", 1, null]}                yes in quotes, 1, null
//	{"const": 2.50}                           2.50, digit for digit
//	{"type": "integer", "enum": [1, "two"]}   refused: value 2 is not of the type
func (c *compiler) values(path string, s map[string]any, _ int) (*node, error) {
	list, isList := s["enum"].([]any)
	path += "/enum"
	if value, ok := s["const"]; ok {
		list, isList, path = []any{value}, true, strings.TrimSuffix(path, "/enum")+"/const"
	}
	if !isList || len(list) == 0 {
		return nil, refuse(path, "want a list of values")
	}
	types, err := typesOf(path, s)
	if err != nil {
		return nil, err
	}
	many := make([]*node, len(list))
	for at, value := range list {
		kind := kindOf(value)
		if kind == "object" || kind == "array" {
			return nil, refuse(path, "value %d is no text, number, true, false or null", at+1)
		}
		fits := slices.Contains(types, kind) || kind == "integer" && slices.Contains(types, "number")
		if len(types) > 0 && !fits {
			return nil, refuse(path, "value %d is not of the type that stands beside it", at+1)
		}
		if n, ok := value.(json.Number); ok {
			if _, err := n.Float64(); err != nil {
				return nil, refuse(path, "value %d is a number that readers of JSON cannot hold", at+1)
			}
		}
		many[at] = c.text(literal(value))
	}
	return c.alt(many...), nil
}

// kindOf is the type of a value; an integer is a number without point and exponent.
func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	}
	return "object"
}

// literal is a value as it is written in an answer. < and & stand as they are: a model writes no \u003c, and would be
// kept from the answer.
func literal(value any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // it came out of JSON
	}
	return strings.TrimSuffix(out.String(), "\n")
}
