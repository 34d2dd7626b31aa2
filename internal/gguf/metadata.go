package gguf

import (
	"strconv"

	"hives/internal/fault"
)

// Has tells whether the metadata has a key.
func (f *File) Has(key string) bool {
	_, ok := f.metadata[key]
	return ok
}

// Keys returns the metadata's keys in the order of the file.
func (f *File) Keys() []string { return append([]string(nil), f.keys...) }

// String returns a string of the metadata. A missing key is NotFound, one of another type Invalid: so a caller may
// have a default for the first alone.
func (f *File) String(key string) (string, error) {
	v, err := f.value(key, false)
	if err != nil || v.kind != kindString {
		return "", f.wrong(key, "a string", err)
	}
	return string(v.raw), nil
}

// Int returns a whole number of the metadata. Of any width; a float that is whole is none, since no writer means a
// count by it.
func (f *File) Int(key string) (int, error) {
	v, err := f.value(key, false)
	if err != nil {
		return 0, err
	}
	n, ok := v.integer(0)
	if !ok {
		return 0, f.wrong(key, "a whole number", nil)
	}
	return n, nil
}

// Float returns a number of the metadata. A whole number is one too: some writers give 10000 for a θ.
func (f *File) Float(key string) (float64, error) {
	v, err := f.value(key, false)
	if err != nil {
		return 0, err
	}
	x, ok := v.float()
	if !ok {
		return 0, f.wrong(key, "a number", nil)
	}
	return x, nil
}

// Bool returns a truth value of the metadata; any byte but 0 is true. Numbers are none, although C would take them.
func (f *File) Bool(key string) (bool, error) {
	v, err := f.value(key, false)
	if err != nil || v.kind != kindBool {
		return false, f.wrong(key, "true or false", err)
	}
	return v.raw[0] != 0, nil
}

// Strings returns an array of strings of the metadata. A vocabulary has 150,000 of them.
func (f *File) Strings(key string) ([]string, error) {
	v, err := f.value(key, true)
	if err != nil || v.kind != kindString {
		return nil, f.wrong(key, "an array of strings", err)
	}
	return v.strings(), nil
}

// Ints returns an array of whole numbers of the metadata. Memory is 8 bytes an element, of which the file has 1 at
// least: the largest list is eight times its bytes.
func (f *File) Ints(key string) ([]int, error) {
	v, err := f.value(key, true)
	if err != nil {
		return nil, err
	}
	out := make([]int, v.count) // no more than the file has bytes
	for i := range out {
		n, ok := v.integer(i)
		if !ok {
			return nil, f.wrong(key, "an array of whole numbers", nil)
		}
		out[i] = n
	}
	return out, nil
}

// Object is the metadata as JSON would decode it, but for the elements of arrays, of which there may be millions. It
// is what lists of known keys are held against (model/decoder/ggufkeys.go): that an array is empty matters there,
// what is in it does not.
func (f *File) Object() map[string]any {
	out := map[string]any{}
	for key, v := range f.metadata {
		switch x, number := v.float(); {
		case v.array && v.count > 0:
			out[key] = []any{strconv.FormatUint(v.count, 10) + " values"}
		case v.array:
			out[key] = []any{}
		case v.kind == kindString:
			out[key] = string(v.raw)
		case v.kind == kindBool:
			out[key] = v.raw[0] != 0
		case number:
			out[key] = x
		}
	}
	return out
}

// value looks a key up and refuses an array where one value is wanted, and the other way round.
func (f *File) value(key string, array bool) (value, error) {
	v, ok := f.metadata[key]
	switch {
	case !ok:
		return v, fault.New(fault.NotFound, "%s: no %s in the metadata", f.path, key)
	case v.array && !array:
		return v, f.wrong(key, "one value", nil)
	case !v.array && array:
		return v, f.wrong(key, "an array", nil)
	}
	return v, nil
}

// wrong names a key whose value is of another type than wanted, unless err has said more already. Values are not
// repeated: a vocabulary would be a long message.
func (f *File) wrong(key, want string, err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Invalid, "%s: %s in the metadata is not %s", f.path, key, want)
}

// shortest is the float64 that a float32 was most likely rounded from. 1e-5 as a float32 is 9.999999747378752e-06;
// written with as few digits as tell float32s apart it is 1e-05 again, and so it was meant.
func shortest(x float32) float64 {
	out, _ := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
	return out
}
