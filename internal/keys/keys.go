package keys

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// Object is one decoded JSON object, or the like of it in another format.
type Object = map[string]any

// Table holds the three lists of one format. A * in a key stands for anything. An example, of PEFT's
// adapter_config.json: r is understood; lora_dropout is harmless, as it acts in training alone; use_dora: true is
// refused with a remedy, and use_dora: false asks for nothing.
type Table struct {
	Understood []string // read elsewhere, which refuses values that it cannot follow
	Harmless   []string // of no effect on a vector, whatever they say
	Refused    []Rule
}

// Rule is a key that asks for something that is not computed, but for values that ask for nothing.
type Rule struct {
	Key    string
	Unless []any                             // beside null, "", [] and {}, which never ask for anything
	When   func(value any, file Object) bool // if there is one, only then is another value refused
	Remedy string                            // what a person can do; "" is elsewhere
}

// elsewhere is the remedy where there is none here.
const elsewhere = "embed with the program that the model was made for, or take another model"

// Check refuses what the file asks for and is not computed, the rules' keys in their order, and then a key that no
// list holds. It has no path: the caller's error begins with it. Keys are gone through in their order, so the same
// file is refused for the same reason every time.
//
// Invariant: a key in none of the lists refuses the file, unless it is null (TestDecode).
func (t *Table) Check(file Object) error {
	// Null says nothing, in any key: files of other programs are full of it.
	present := slices.DeleteFunc(slices.Sorted(maps.Keys(file)), func(key string) bool { return file[key] == nil })
	for _, r := range t.Refused {
		for _, key := range present {
			if matches(r.Key, key) && r.applies(file[key], file) {
				return fault.New(fault.Invalid, "%s %s is not supported: %s", key, show(file[key]),
					cmp.Or(r.Remedy, elsewhere))
			}
		}
	}
	for _, key := range present {
		ruled := slices.ContainsFunc(t.Refused, func(r Rule) bool { return matches(r.Key, key) })
		if !ruled && !holds(t.Understood, key) && !holds(t.Harmless, key) {
			return fault.New(fault.Invalid, "%s %s is not known and might change vectors: remove the key if it "+
				"does not, else %s",
				key, show(file[key]), elsewhere)
		}
	}
	return nil
}

// applies tells whether the value asks for something.
func (r *Rule) applies(value any, file Object) bool {
	return !r.asksNothing(value) && (r.When == nil || r.When(value, file))
}

// asksNothing tells values that are as if the key were not there.
func (r *Rule) asksNothing(value any) bool {
	switch v := value.(type) {
	case string:
		if v == "" {
			return true
		}
	case []any:
		if len(v) == 0 {
			return true
		}
	case map[string]any:
		if len(v) == 0 {
			return true
		}
	}
	return Is(value, r.Unless...)
}

// Is tells whether value is one of some strings, numbers (as float64) or truth values. A number of JSON is a float64
// whatever it looks like, so 1 in a list of values is written 1.0.
func Is(value any, any ...any) bool {
	switch value.(type) {
	case []interface{}, map[string]interface{}:
		return false // which cannot be compared
	}
	return slices.Contains(any, value)
}

// holds and matches know one star a key: "*.bias" is every bias.
func holds(list []string, key string) bool {
	return slices.ContainsFunc(list, func(entry string) bool { return matches(entry, key) })
}

func matches(entry, key string) bool {
	before, after, any := strings.Cut(entry, "*")
	return entry == key || any && len(key) >= len(before)+len(after) && strings.HasPrefix(key, before) &&
		strings.HasSuffix(key, after)
}

// show is a value in an error's line.
func show(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		raw = fmt.Append(nil, value)
	}
	if len(raw) > 60 {
		raw = append(raw[:57:57], "..."...)
	}
	return strings.ToValidUTF8(string(raw), "")
}

// bom is what some editors put before UTF-8. Python's programs refuse a JSON file with it.
var bom = []byte("\xef\xbb\xbf")

// Unmarked refuses a file that begins with a byte order mark by that name.
func Unmarked(raw []byte) error {
	if bytes.HasPrefix(raw, bom) {
		return fault.New(fault.Invalid, "the file begins with a byte order mark: save it as UTF-8 without one")
	}
	return nil
}

// Decode reads one JSON object and holds it against the table; into, where it is not nil, gets the same bytes. It is
// decoded twice: once as a whole, of which every key is looked at, and once into the struct that its reader knows.
func (t *Table) Decode(raw []byte, into any) (Object, error) {
	if err := Unmarked(raw); err != nil {
		return nil, err
	}
	var file Object
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fault.New(fault.Corrupt, "not a JSON object: %w", err)
	}
	if err := t.Check(file); err != nil {
		return nil, err
	}
	if into == nil {
		return file, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return nil, fault.New(fault.Invalid, "not the JSON that is wanted: %w", err)
	}
	return file, nil
}

// Read is Decode for a file of a folder that may be absent: then the object is nil.
func (t *Table) Read(dir, name string, into any) (Object, error) {
	path := filepath.Join(dir, name)
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	file, err := t.Decode(raw, into)
	if err != nil {
		return nil, whatis.JSON(path, fmt.Errorf("%s: %w", path, err))
	}
	return file, nil
}
