package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Error is a fault of an object; Key is the key it concerns, empty for the whole. The words follow the name of what
// is read: "rows.jsonl: line 3: has the key "text" twice; keep one".
type Error struct{ Key, Reason string }

func (e *Error) Error() string { return e.Reason }

// Decode decodes an object into a struct, or into a map of which only the given keys are asked for.
func Decode(raw []byte, into any, keys ...string) error {
	return decode(raw, into, append(fields(into), keys...), false)
}

// DecodeOnly decodes an object into a struct and refuses keys that the struct lacks.
func DecodeOnly(raw []byte, into any) error { return decode(raw, into, fields(into), true) }

// The object is walked twice: check looks at what a decoder forgets, then encoding/json fills the fields.
func decode(raw []byte, into any, asked []string, only bool) error {
	if err := check(raw, asked, only); err != nil {
		return err
	}
	err := json.Unmarshal(raw, into)
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		// The path may begin with the name of an embedded struct, which is no key.
		path := strings.Split(wrong.Field, ".")
		at := slices.IndexFunc(path, func(part string) bool { return slices.Contains(asked, part) })
		key := path[max(at, 0)]
		return &Error{key, fmt.Sprintf("has a %q that is not %s", key, wanted(wrong.Type.Kind()))}
	}
	return err
}

// wanted says what a field takes.
func wanted(kind reflect.Kind) string {
	switch kind {
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "a list"
	case reflect.Float32, reflect.Float64:
		return "made of numbers"
	}
	return "made of whole numbers in range"
}

// fields are the names that a struct's fields have in JSON.
func fields(into any) (names []string) {
	t := reflect.TypeOf(into)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		} else if f.Anonymous { // its fields are read as if they stood here
			names = append(names, fields(reflect.New(f.Type).Interface())...)
		}
	}
	return names
}

// check goes through the keys of an object.
//
//	{"text": "a", "text": "b"}     the key "text" twice
//	{"Text": "a"}                  it is spelled "text"
//	{"text": "\ud83d"}             half a surrogate pair
//	{"text": "a"} {}               more behind the object
//
// encoding/json takes all four, and a text would be another one, or lost, without a word.
//
// Invariant: what is accepted comes back to the byte (TestTextsComeBack).
func check(raw []byte, asked []string, only bool) error {
	switch {
	case !utf8.Valid(raw):
		return &Error{"", "is not UTF-8"}
	case bytes.HasPrefix(raw, []byte("\uFEFF")):
		return &Error{"", "begins with a byte-order mark; leave it out"}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil {
		return broken(raw)
	} else if open != json.Delim('{') {
		return &Error{"", "is not a JSON object"}
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		name, isName := key.(string)
		var value json.RawMessage
		if err != nil || !isName || d.Decode(&value) != nil {
			return broken(raw)
		}
		if err := checkKey(name, value, seen, asked); err != nil {
			return err
		}
		if only && !slices.Contains(asked, name) {
			return &Error{name, "has other keys than " + strings.Join(asked, ", ")}
		}
		seen[name] = true
	}
	if _, err := d.Token(); err != nil {
		return broken(raw)
	}
	if _, err := d.Token(); err != io.EOF {
		return &Error{"", "has more behind the JSON object"}
	}
	return nil
}

// checkKey looks at one key: twice, half a character in its value, or nearly the name that is asked for.
func checkKey(name string, value []byte, seen map[string]bool, asked []string) error {
	if seen[name] {
		return &Error{name, fmt.Sprintf("has the key %q twice; keep one", name)}
	}
	if slices.Contains(asked, name) {
		if !paired(value) {
			return &Error{name, fmt.Sprintf("has half a surrogate pair in %q: a character was cut in two", name)}
		}
		return nil
	}
	// encoding/json would take it for the field, another program would not: so nobody may mean it.
	like := slices.IndexFunc(asked, func(key string) bool { return strings.EqualFold(key, name) })
	if like >= 0 {
		return &Error{name, fmt.Sprintf("has the key %q; it is spelled %q", name, asked[like])}
	}
	return nil
}

// broken says where the text is no JSON, and names the two literals that JSON lacks and other programs write. The
// place is counted in characters, as an editor counts.
func broken(raw []byte) error {
	syntax := new(json.SyntaxError)
	if err := json.Unmarshal(raw, new(json.RawMessage)); !errors.As(err, &syntax) {
		return &Error{"", "is not a JSON object"}
	}
	at := max(syntax.Offset, 1)
	for _, literal := range []string{"NaN", "Infinity"} {
		if bytes.HasPrefix(raw[at-1:], []byte(literal)) {
			return &Error{"", "holds " + literal + ", which JSON lacks; write null or leave the key out"}
		}
	}
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		return &Error{"", "ends in the middle of the JSON object"}
	}
	return &Error{"", "is not a JSON object: character " + strconv.Itoa(utf8.RuneCount(raw[:at])) + " is out of place"}
}

// paired tells whether every \uD800 to \uDFFF of a valid piece of JSON is one of a pair. A character beyond U+FFFF
// is written as two escapes, a high and a low half: \ud83d\ude00. One half alone is no character, and decoders put
// U+FFFD in its place.
func paired(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		// Any other escape is one sign; \\u in particular is a backslash and then a plain u.
		if i++; raw[i] != 'u' {
			continue
		}
		r := escaped(raw[i+1:])
		i += 4
		if !utf16.IsSurrogate(r) {
			continue
		}
		if i+2 >= len(raw) || raw[i+1] != '\\' || raw[i+2] != 'u' ||
			utf16.DecodeRune(r, escaped(raw[i+3:])) == utf8.RuneError {
			return false
		}
		// Past the second half, which would else be taken for a lone one.
		i += 6
	}
	return true
}

// escaped reads four hexadecimal digits.
func escaped(raw []byte) rune {
	n, _ := strconv.ParseUint(string(raw[:4]), 16, 32) // valid JSON has four
	return rune(n)
}
