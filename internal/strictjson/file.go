package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/nearest"
)

// ReadFile decodes the JSON object of a file that a person wrote, or of own where path is empty, and returns its bytes.
// A key that the struct lacks is refused at any depth: who wrote it meant something, and it would be passed over. The
// person wrote the file, so errors name its keys, and the one that was meant:
//
//	items.json has the unknown key "iems": did you mean "items"?
func ReadFile(path string, own []byte, into any) (raw []byte, err error) {
	if path == "" {
		raw, path = own, "the program's own file"
	} else if raw, err = fsutil.ReadRegular(path); err != nil {
		return nil, fsutil.Classify(err, path)
	}
	if err := check(raw, fields(into), false); err != nil {
		return nil, fault.New(fault.Invalid, "%s %w", path, err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err = d.Decode(into)
	wrong := new(json.UnmarshalTypeError)
	switch {
	case err == nil:
		return raw, nil
	case errors.As(err, &wrong):
		return nil, fault.New(fault.Invalid, "%s has a %q that is not %s", path, wrong.Field, wanted(wrong.Type.Kind()))
	}
	if key, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		key = strings.Trim(key, `"`)
		return nil, fault.New(fault.Invalid, "%s has the unknown key %q: %s", path, key, nearest.Hint(key, allFields(into)))
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}

// allFields are the names that fields have at any depth.
func allFields(into any) (names []string) {
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map}, t.Kind()) {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		names = append(names, fields(reflect.New(t).Interface())...)
		for i := range t.NumField() {
			walk(t.Field(i).Type)
		}
	}
	walk(reflect.TypeOf(into))
	slices.Sort(names)
	return slices.Compact(names)
}
