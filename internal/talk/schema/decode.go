package schema

import (
	"bytes"
	"encoding/json"
	"slices"

	"hives/internal/fault"
)

// Decode reads a schema and keeps the order of its properties, which a Go map loses: each object's "required" is put
// into the order in which "properties" stand, which means the same to every reader of JSON Schema.
//
//	{"properties": {"why": …, "mood": …}, "required": ["mood", "why"]}    required becomes ["why", "mood"]
//
// Numbers stay as they are written. A key that stands twice is refused: readers of JSON differ in which one holds.
// Errors are of kind Invalid.
func Decode(raw []byte) (map[string]any, error) {
	// One whole value, and no deeper than encoding/json goes: a Decoder that is asked for tokens holds to neither.
	if err := json.Unmarshal(raw, new(json.RawMessage)); err != nil {
		return nil, fault.New(fault.Invalid, "schema: not one JSON object: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, _, err := value(d)
	out, ok := v.(map[string]any)
	if err == nil && !ok {
		err = fault.New(fault.Invalid, "it is no object")
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "schema: not one JSON object: %w", err)
	}
	return out, nil
}

// value reads one value, of an object its keys in their order too.
func value(d *json.Decoder) (v any, order []string, err error) {
	t, err := d.Token()
	if err != nil {
		return nil, nil, err
	}
	switch t {
	case json.Delim('{'):
		return object(d)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			one, _, err := value(d)
			if err != nil {
				return nil, nil, err
			}
			list = append(list, one)
		}
		_, err = d.Token()
		return list, nil, err
	}
	return t, nil, nil
}

// object reads an object behind its brace, and sorts its own required, if it has one. The order that it returns is
// that of its keys, which is what its parent needs where this object is the parent's properties.
func object(d *json.Decoder) (any, []string, error) {
	out := map[string]any{}
	var order, properties []string
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		name := t.(string) // a key, or Token had failed
		if _, twice := out[name]; twice {
			return nil, nil, fault.New(fault.Invalid, "the key %q stands twice", name)
		}
		v, inner, err := value(d)
		if err != nil {
			return nil, nil, err
		}
		if name == "properties" {
			properties = inner
		}
		out[name], order = v, append(order, name)
	}
	if required, ok := out["required"].([]any); ok {
		slices.SortStableFunc(required, func(a, b any) int { return place(properties, a) - place(properties, b) })
	}
	_, err := d.Token()
	return out, order, err
}

// place is where a name stands; what is no name, or stands nowhere, comes last and is refused by compile.
func place(order []string, name any) int {
	if text, ok := name.(string); ok {
		if at := slices.Index(order, text); at >= 0 {
			return at
		}
	}
	return len(order)
}
