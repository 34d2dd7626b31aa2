package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hives/internal/fault"
)

// Bounds on schemas, which may come from a stranger. Definitions that name each other twice double at every level, so
// a schema of a few lines can have 2³² parts: parts are counted as they are compiled. minItems in minItems multiplies
// the shortest answer in the same way, hence maxLeast.
const (
	maxBytes = 64 << 10
	maxParts = 20_000 // subschemas, those behind $ref counted each time
	maxDepth = 32
	maxLeast = 4 << 10  // bytes of the shortest answer: each is a state that is made at once
	maxCount = 64 << 10 // of maxLength and maxItems: these are made as they come
)

// notes are keywords that say nothing about what is valid. format and pattern are none of them: they do, and an
// answer that nobody held to them would pass for one that was.
var notes = []string{"title", "description", "$schema", "$id", "$comment", "default", "examples",
	"deprecated", "readOnly", "writeOnly"}

// ofType are the keywords that each type understands. multipleOf, uniqueItems and their like are in none of the
// lists: what an automaton cannot hold an answer to is refused by name.
var ofType = map[string][]string{
	"object": {"properties", "required", "additionalProperties"}, "array": {"items", "minItems", "maxItems"},
	"string": {"minLength", "maxLength"}, "boolean": nil, "null": nil,
	"integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}, "number": {"minimum", "maximum"},
}

// compiler turns one schema into an expression. parts counts what was compiled so far, over all of the schema.
type compiler struct {
	*algebra
	root  map[string]any
	parts int
}

// compile refuses what lies outside the subset by the path of the keyword, as /properties/mood/pattern. The error is
// of kind Invalid. It comes before a token is computed, however far inside the keyword lies.
func compile(schema map[string]any) (*algebra, *node, error) {
	root, err := plain(schema)
	if err != nil {
		return nil, nil, err
	}
	c := &compiler{algebra: newAlgebra(), root: root}
	n, err := c.schema("", root, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("schema: %w", err)
	}
	if n.least > maxLeast {
		return nil, nil, fault.New(fault.Invalid, "schema: its shortest answer has more than %d bytes", maxLeast)
	}
	return c.algebra, n, nil
}

// plain brings a schema built of Go's types ([]string, int) to those that JSON gives, with numbers as they are written.
//
//	[]string{"yes", "no"}     []any{"yes", "no"}
//	1                         json.Number("1"): as float64, 1 and 1.0 would be the same
func plain(schema map[string]any) (out map[string]any, err error) {
	raw, err := json.Marshal(schema)
	if err != nil {
		return nil, fault.New(fault.Invalid, "schema: %w", err)
	}
	if len(raw) > maxBytes {
		return nil, fault.New(fault.Invalid, "schema: %d bytes, at most %d are read", len(raw), maxBytes)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&out)
	return out, err
}

// refuse names a keyword by its path.
//
//	/properties/mood/pattern: this keyword is outside the subset here …
func refuse(path, format string, args ...any) error {
	if path == "" {
		path = "/"
	}
	return fault.New(fault.Invalid, "%s: "+format, append([]any{path}, args...)...)
}

// schema compiles one schema. Each way of saying what is valid stands alone, but for a type beside enum or const.
//
//	{"$ref": "#/$defs/mood"}                        ref
//	{"anyOf": [{"type": "null"}, {"enum": [1]}]}    anyOf, its parts by schema again
//	{"type": "integer", "enum": [1, 2]}             values
//	{"type": ["string", "null"], "maxLength": 9}    typed
//	{"type": "string", "anyOf": [{"enum": ["a"]}]}  refused at /type
//
// Two ways at once would mean what fits both, for which an expression over bytes has no sign.
func (c *compiler) schema(path string, v any, depth int) (*node, error) {
	s, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(path, "want a schema, an object")
	}
	if c.parts++; c.parts > maxParts || depth > maxDepth {
		return nil, refuse(path, "the schema is too large, or contains itself: at most %d parts, %d deep", maxParts, maxDepth)
	}
	for _, way := range []struct {
		keyword string
		beside  []string
		compile func(string, map[string]any, int) (*node, error)
	}{
		{"$ref", nil, c.ref}, {"anyOf", nil, c.anyOf},
		{"const", []string{"type"}, c.values}, {"enum", []string{"type"}, c.values},
	} {
		if _, ok := s[way.keyword]; ok {
			if err := only(path, s, append(way.beside, way.keyword)); err != nil {
				return nil, err
			}
			return way.compile(path, s, depth)
		}
	}
	return c.typed(path, s, depth)
}

// only refuses the keywords of s that are not among those understood here. Definitions may stand beside anything at
// the top, and nowhere else. The keywords are looked through in order of their names, so that a schema with two
// faults is refused in the same words each time.
func only(path string, s map[string]any, understood []string) error {
	for _, k := range slices.Sorted(maps.Keys(s)) {
		root := path == "" && (k == "$defs" || k == "definitions")
		if !root && !slices.Contains(understood, k) && !slices.Contains(notes, k) {
			return refuse(path+"/"+k, "this keyword is outside the subset here (docs/LLM.md lists it): leave it out, and "+
				"check the answer for it")
		}
	}
	return nil
}

// ref follows a reference to the root's definitions. One that leads back to itself ends at the depth's bound. JSON of
// a schema that contains itself is no regular language: somebody would have to count the brackets.
//
//	{"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}     refused at depth 33
func (c *compiler) ref(path string, s map[string]any, depth int) (*node, error) {
	name, _ := s["$ref"].(string)
	for _, home := range []string{"$defs", "definitions"} {
		if inner, ok := strings.CutPrefix(name, "#/"+home+"/"); ok {
			if defs, ok := c.root[home].(map[string]any); ok && defs[inner] != nil {
				return c.schema("/"+home+"/"+inner, defs[inner], depth+1)
			}
		}
	}
	return nil, refuse(path+"/$ref", "want #/$defs/NAME of a definition at the top")
}

// anyOf is what one of its schemas allows. An answer that two of them allow is one answer: alternatives are a set.
func (c *compiler) anyOf(path string, s map[string]any, depth int) (*node, error) {
	list, _ := s["anyOf"].([]any)
	if len(list) == 0 {
		return nil, refuse(path+"/anyOf", "want a list of schemas")
	}
	many := make([]*node, len(list))
	for at, one := range list {
		var err error
		if many[at], err = c.schema(fmt.Sprintf("%s/anyOf/%d", path, at), one, depth+1); err != nil {
			return nil, err
		}
	}
	return c.alt(many...), nil
}

// typesOf reads "type", a name or a list of names; none is an empty list.
//
//	"string"               [string]
//	["string", "null"]     [string null]
//	"text"                 refused: want one of array, boolean, integer, …
func typesOf(path string, s map[string]any) (types []string, err error) {
	list, isList := s["type"].([]any)
	if !isList && s["type"] != nil {
		list = []any{s["type"]}
	}
	for _, one := range list {
		name, _ := one.(string)
		if _, known := ofType[name]; !known {
			return nil, refuse(path+"/type", "want one of %s", strings.Join(slices.Sorted(maps.Keys(ofType)), ", "))
		}
		types = append(types, name)
	}
	return types, nil
}

// typed compiles a schema that says its type, or several. Of several types the keywords of each may stand there, and
// each type goes by its own: {"type": ["integer", "null"], "minimum": 0} is null, or from 0 on.
func (c *compiler) typed(path string, s map[string]any, depth int) (*node, error) {
	types, err := typesOf(path, s)
	if err != nil {
		return nil, err
	}
	understood := []string{"type"}
	for _, t := range types {
		understood = append(understood, ofType[t]...)
	}
	if err := only(path, s, understood); err != nil {
		return nil, err
	}
	if len(types) == 0 {
		return nil, refuse(path+"/type", "it is missing: a schema says type, enum, const, anyOf or $ref; any value at "+
			"all is outside the subset")
	}
	var many []*node
	for _, t := range types {
		n, err := c.oneType(t, path, s, depth)
		if err != nil {
			return nil, err
		}
		many = append(many, n)
	}
	return c.alt(many...), nil
}

func (c *compiler) oneType(t, path string, s map[string]any, depth int) (*node, error) {
	switch t {
	case "object":
		return c.object(path, s, depth)
	case "array":
		return c.array(path, s, depth)
	case "string":
		least, most, err := between(path, s, "minLength", "maxLength")
		return c.quoted(least, most), err
	case "boolean":
		return c.alt(c.text("true"), c.text("false")), nil
	case "null":
		return c.text("null"), nil
	case "integer":
		return c.integer(path, s)
	}
	return c.number(path, s)
}

// object has all its properties, in the order of required, which a Go map keeps; Decode puts that into the schema's
// order.
//
//	properties a (integer), b (boolean); required [a, b]     {"a":1,"b":true}   {"a": 1, "b": true}
//
// Keys in any order, or left out, would need a state for every set of keys that have come: 2ⁿ for n keys.
func (c *compiler) object(path string, s map[string]any, depth int) (*node, error) {
	properties, ok := s["properties"].(map[string]any)
	if !ok {
		return nil, refuse(path+"/properties", "they are missing: an object of any keys is outside the subset")
	}
	if more, ok := s["additionalProperties"]; ok && more != false {
		return nil, refuse(path+"/additionalProperties", "want false: keys that are not listed are outside the subset")
	}
	required, _ := s["required"].([]any)
	out := []*node{c.text("{")}
	seen := make(map[string]bool)
	for at, key := range required {
		name, isName := key.(string)
		if !isName || properties[name] == nil || seen[name] {
			return nil, refuse(path+"/required", "entry %d is none of the properties, or stands twice", at+1)
		}
		seen[name] = true
		value, err := c.schema(path+"/properties/"+name, properties[name], depth+1)
		if err != nil {
			return nil, err
		}
		if at > 0 {
			out = append(out, c.text(","), c.maybe(c.text(" ")))
		}
		out = append(out, c.text(literal(name)+":"), c.maybe(c.text(" ")), value)
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !seen[name] {
			return nil, refuse(path+"/required", "property %q is not in it: properties that may be left out are outside "+
				"the subset; allow null instead", name)
		}
	}
	return c.seq(append(out, c.text("}"))...), nil
}

// array is items between brackets, with commas between them and not behind the last.
//
//	2 to 3 items      [ item (, item){1,2} ]
//	0 to 3 items      [ ( item (, item){0,2} )? ]
//	no bounds         [ ( item (, item)* )? ]
func (c *compiler) array(path string, s map[string]any, depth int) (*node, error) {
	if s["items"] == nil {
		return nil, refuse(path+"/items", "it is missing: a list of anything is outside the subset")
	}
	least, most, err := between(path, s, "minItems", "maxItems")
	if err != nil {
		return nil, err
	}
	item, err := c.schema(path+"/items", s["items"], depth+1)
	if err != nil {
		return nil, err
	}
	if most == 0 {
		return c.text("[]"), nil
	}
	behind := most
	if most != endless {
		behind--
	}
	items := c.seq(item, c.repeat(c.seq(c.text(","), c.maybe(c.text(" ")), item), max(0, least-1), behind))
	if least == 0 {
		items = c.maybe(items)
	}
	return c.seq(c.text("["), items, c.text("]")), nil
}

// between reads two whole numbers; without them it is from 0 to endless.
//
//	minLength 2                  2, endless
//	maxLength 5                  0, 5
//	minItems 3, maxItems 2       refused at minItems
func between(path string, s map[string]any, from, to string) (least, most int, err error) {
	most = endless
	into := []*int{&least, &most}
	for at, keyword := range []string{from, to} {
		if s[keyword] == nil {
			continue
		}
		x, ok := whole(s[keyword])
		if !ok || x < 0 || x > maxCount {
			return 0, 0, refuse(path+"/"+keyword, "want a whole number from 0 to %d", maxCount)
		}
		*into[at] = int(x)
	}
	if least > most {
		return 0, 0, refuse(path+"/"+from, "%d is more than %s, %d", least, to, most)
	}
	return least, most, nil
}
