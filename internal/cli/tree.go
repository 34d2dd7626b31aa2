package cli

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"hives/internal/fault"
	"hives/internal/nearest"
)

// Duration is a time.Duration that configuration files write as text: "90s", "10m".
type Duration time.Duration

// MarshalText writes the form of time.Duration.String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// tree is a configuration struct seen as leaves by dotted key. Reflection is here and nowhere else in the package:
// one walk makes every field settable by its dotted key.
//
//	type config struct {
//	    Seed  uint64                    `toml:"seed"`      leaf "seed"
//	    Loss  struct{ Temperature … }   `toml:"loss"`      leaf "loss.temperature"
//	    Other map[string]float64        `toml:"weights"`   leaf "weights", entries "weights.svt"
//	}
//
// A leaf is the struct's own field, so setting it sets the configuration.
type tree struct {
	leaves  map[string]reflect.Value
	origins Origins
}

// newTree maps the struct that cfg points to; a field without a toml tag is the programmer's mistake.
func newTree(cfg any) (*tree, error) {
	t := &tree{leaves: map[string]reflect.Value{}, origins: Origins{}}
	v := reflect.ValueOf(cfg).Elem()
	if v.Kind() != reflect.Struct {
		return nil, fmt.Errorf("configuration is a %s, want a struct", v.Type())
	}
	if err := t.walk("", v); err != nil {
		return nil, err
	}
	for key := range t.leaves {
		t.origins[key] = "default"
	}
	return t, nil
}

// walk adds the leaves of a struct; "-" hides a field, an embedded struct without tag lends its fields.
func (t *tree) walk(prefix string, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		switch {
		case !field.IsExported() || name == "-":
			continue
		case name == "" && field.Anonymous && field.Type.Kind() == reflect.Struct:
			if err := t.walk(prefix, v.Field(i)); err != nil {
				return err
			}
			continue
		case name == "":
			return fmt.Errorf("configuration field %s.%s has no toml tag", v.Type(), field.Name)
		}
		// A section: its fields are leaves under "name.".
		if isTable(v.Field(i)) {
			if err := t.walk(prefix+name+".", v.Field(i)); err != nil {
				return err
			}
			continue
		}
		t.leaves[prefix+name] = v.Field(i)
		unshare(v.Field(i))
	}
	return nil
}

// unshare gives the leaf its own copy of a map or list, which the defaults' owner keeps otherwise. Without it a
// run's --set weights.svt=2 would change the defaults of the whole process.
func unshare(leaf reflect.Value) {
	switch {
	case leaf.Kind() == reflect.Slice && !leaf.IsNil():
		fresh := reflect.MakeSlice(leaf.Type(), leaf.Len(), leaf.Len())
		reflect.Copy(fresh, leaf)
		leaf.Set(fresh)
	case leaf.Kind() == reflect.Map:
		fresh := reflect.MakeMap(leaf.Type())
		for _, k := range leaf.MapKeys() {
			fresh.SetMapIndex(k, leaf.MapIndex(k))
		}
		leaf.Set(fresh)
	}
}

// isTable tells a section from a value.
func isTable(v reflect.Value) bool {
	_, text := v.Addr().Interface().(encoding.TextUnmarshaler)
	return v.Kind() == reflect.Struct && !text
}

// keys are all leaves in order: of a map's order nothing may depend, no message either.
func (t *tree) keys() []string { return slices.Sorted(maps.Keys(t.leaves)) }

// assign sets key to a Go value, or to the text of one. A string goes the way of text, so that quotes around it are
// undone by one rule.
func (t *tree) assign(key string, value any, origin string) error {
	leaf, ok := t.leaves[key]
	if v := reflect.ValueOf(value); ok && v.IsValid() && v.Type().AssignableTo(leaf.Type()) &&
		leaf.Kind() != reflect.String {
		leaf.Set(v)
		t.origins[key] = origin
		return nil
	}
	return t.set(key, fmt.Sprint(value), origin)
}

// set parses text into the leaf at key, or into an entry of a map leaf (weights.svt=2).
func (t *tree) set(key, text, origin string) error {
	leaf, ok := t.leaves[key]
	if !ok {
		return t.setEntry(key, text, origin)
	}
	if err := parse(leaf, text); err != nil {
		return fault.New(fault.Invalid, "%s: %s = %q: %w", origin, key, text, err)
	}
	t.origins[key] = origin
	return nil
}

// setEntry sets one entry of a map leaf; any other key is unknown. An entry that the defaults lack is added: which
// names make sense is for the configuration's own Validate.
func (t *tree) setEntry(key, text, origin string) error {
	table, entry, found := t.mapEntry(key)
	if !found {
		return fault.New(fault.Invalid, "%s: unknown key %s", origin, t.unknown(key))
	}
	value := reflect.New(table.Type().Elem()).Elem()
	if err := parse(value, text); err != nil {
		return fault.New(fault.Invalid, "%s: %s = %q: %w", origin, key, text, err)
	}
	table.SetMapIndex(reflect.ValueOf(entry), value)
	t.origins[key] = origin
	return nil
}

// mapEntry finds the map leaf that key reaches into: of "sampler.theory_weights.svt" the leaf is all before the
// last dot.
func (t *tree) mapEntry(key string) (reflect.Value, string, bool) {
	i := strings.LastIndex(key, ".")
	if i < 0 {
		return reflect.Value{}, "", false
	}
	leaf, ok := t.leaves[key[:i]]
	if !ok || leaf.Kind() != reflect.Map || leaf.Type().Key() != reflect.TypeFor[string]() {
		return reflect.Value{}, "", false
	}
	return leaf, key[i+1:], true
}

// parse reads text as the TOML value of a leaf's type. Text may stand without quotes and a list without
// brackets, as a shell writes them.
//
//	64            a whole number
//	svt,mft       a list: ["svt", "mft"]
//	[1, 2]        a list, as TOML writes it
//	10m           a Duration, by its own UnmarshalText
//
// The text is decoded as the line "v = TEXT" of a TOML file, so numbers and lists mean here what they mean in a
// file.
func parse(leaf reflect.Value, text string) error {
	if u, ok := leaf.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch {
	// A string without quotes is taken as it stands, backslashes and all: paths of other systems come so.
	case leaf.Kind() == reflect.String && !quoted(text):
		leaf.SetString(text)
		return nil
	case leaf.Kind() == reflect.Slice && !strings.HasPrefix(text, "["):
		text = list(leaf.Type().Elem().Kind(), text)
	}
	// A struct of one field of the leaf's own type, so that the decoder checks ranges and kinds as it does for a
	// file.
	holder := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "V", Type: leaf.Type(), Tag: `toml:"v"`}}))
	dec := toml.NewDecoder(strings.NewReader("v = " + text))
	dec.DisallowUnknownFields() // so that a line break in text cannot bring a second key
	if err := dec.Decode(holder.Interface()); err != nil {
		return fmt.Errorf("not a %s", describe(leaf.Type()))
	}
	if !finite(holder.Elem().Field(0)) {
		return errNotFinite
	}
	leaf.Set(holder.Elem().Field(0))
	return nil
}

// quoted tells text that TOML should unquote.
func quoted(s string) bool {
	return len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0]
}

// list writes "a,b" as a TOML array. Texts are quoted, so that svt,mft becomes ["svt","mft"]; numbers are not. A
// text with a comma of its own must be written as TOML has it.
func list(elem reflect.Kind, text string) string {
	if text == "" {
		return "[]"
	}
	parts := strings.Split(text, ",")
	for i, p := range parts {
		if elem == reflect.String {
			parts[i] = fmt.Sprintf("%q", strings.TrimSpace(p))
		}
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// describe names a type as a user knows it.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "whole number"
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		return "whole number ≥ 0"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list, each a " + describe(t.Elem())
	}
	return t.String()
}

// unknown quotes an unknown key, with the nearest known one where that is near.
//
//	"temperature"         did you mean "loss.temperature"?      the section was forgotten
//	"loss.temperatur"     did you mean "loss.temperature"?      a letter was
func (t *tree) unknown(key string) string {
	for _, known := range t.keys() {
		if strings.HasSuffix(known, "."+key) { // the section was forgotten
			return fmt.Sprintf("%q: did you mean %q?", key, known)
		}
	}
	return fmt.Sprintf("%q: %s", key, nearest.Hint(key, t.keys()))
}
