package safetensorsio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
)

// metadataKey is the one key of a header that is no tensor.
const metadataKey = "__metadata__"

// maxHeaderBytes refuses a header before it is parsed. 310 tensors of Qwen3-0.6B take 36 kB; the
// format's reference implementation allows 100 MB.
const maxHeaderBytes = 32 << 20

// entry is a tensor's line in the header; begin and end count from the end of the header.
type entry struct {
	Info
	begin, end int64
}

// parseHeader checks the JSON of a header whose data section has dataBytes bytes.
// The entries come back in the order of their bytes, covering the section without gap or overlap.
//
// An example of two tensors, whose data section has 28 bytes:
//
//	{"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
//	 "b": {"dtype": "BF16", "shape": [2], "data_offsets": [24, 28]}}
//
// Invariant: no header makes the reader allocate by a number that it only claims, and what is accepted covers the
// data section exactly once (TestHostileHeaders, FuzzHeader).
func parseHeader(header []byte, dataBytes int64) ([]entry, map[string]string, error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("header does not begin with {")
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	dec.UseNumber() // through float64, offsets beyond 2^53 would be rounded
	var entries []entry
	metadata := map[string]string{}
	err := object(dec, func(key string) error {
		if key == metadataKey {
			return parseMetadata(dec, metadata)
		}
		e, err := parseEntry(dec, key)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", clip(key), err)
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	// Padding blanks may follow, as the reference writer puts them there; anything else may not.
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("header holds more than one object")
	}
	return entries, metadata, checkLayout(entries, dataBytes)
}

// parseEntry reads {"dtype", "shape", "data_offsets"}, each exactly once and nothing else.
func parseEntry(dec *json.Decoder, name string) (entry, error) {
	e := entry{Info: Info{Name: name}}
	var offsets []int
	err := object(dec, func(key string) (err error) {
		switch key {
		case "dtype":
			e.DType, err = stringValue(dec)
		case "shape":
			e.Shape, err = ints(dec, maxRank)
		case "data_offsets":
			offsets, err = ints(dec, 2)
		default:
			return fmt.Errorf("unknown key %s", clip(key))
		}
		return wrapKey(key, err)
	})
	if err != nil {
		return e, err
	}
	if e.Shape == nil || len(offsets) != 2 {
		return e, errors.New("dtype, shape or the two data_offsets are missing")
	}
	e.begin, e.end = int64(offsets[0]), int64(offsets[1])
	return e, e.check()
}

// check compares the range with the shape. Only then may a range be sliced or a size be trusted: the
// multiplication in Bytes cannot wrap around to a number that fits.
func (e entry) check() error {
	size, err := e.Bytes()
	if err != nil {
		return err
	}
	if e.begin < 0 || e.end < e.begin {
		return fmt.Errorf("data_offsets [%d, %d] are not a range", e.begin, e.end)
	}
	if e.end-e.begin != size {
		return fmt.Errorf("shape %v of %s needs %d bytes, data_offsets hold %d", e.Shape, e.DType, size, e.end-e.begin)
	}
	return nil
}

// checkLayout sorts the entries by position and refuses gaps, overlaps and a data section of another size. Sorted
// ranges that begin where the one before ended, from 0 to the end, are gapless and disjoint: one comparison each
// proves both.
func checkLayout(entries []entry, dataBytes int64) error {
	sort.Slice(entries, func(i, j int) bool {
		a, b := entries[i], entries[j]
		if a.begin != b.begin {
			return a.begin < b.begin
		}
		if a.end != b.end {
			return a.end < b.end // empty tensors before the one that starts where they lie
		}
		return a.Name < b.Name
	})
	var at int64
	for _, e := range entries {
		if e.begin != at {
			return fmt.Errorf("tensor %s: starts at byte %d, the one before ends at %d", clip(e.Name), e.begin, at)
		}
		at = e.end
	}
	if at != dataBytes {
		return fmt.Errorf("the tensors need %d bytes, the file holds %d: it was cut off or appended to", at, dataBytes)
	}
	return nil
}

// parseMetadata reads the free strings that a writer left, "format": "pt" mostly.
func parseMetadata(dec *json.Decoder, into map[string]string) error {
	return object(dec, func(key string) (err error) {
		into[key], err = stringValue(dec)
		return wrapKey(metadataKey+"."+key, err)
	})
}

// object reads one JSON object; field reads the value of each key. A key that comes twice is refused, where
// encoding/json would let the last one win. What a second weight of one name would do otherwise: this reader takes
// one, another reader the other, and both say the file is fine.
func object(dec *json.Decoder, field func(key string) error) error {
	if t, err := dec.Token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		key := t.(string) // the decoder admits nothing else here
		if seen[key] {
			return fmt.Errorf("%s stands twice", clip(key))
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

// stringValue refuses null, which encoding/json would take for an empty string.
func stringValue(dec *json.Decoder) (string, error) {
	t, err := dec.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", errors.New("not a string")
	}
	return s, nil
}

// ints reads an array of at most most whole numbers; it is never nil without an error. Reading token by
// token refuses null and quoted numbers, and stops before a long array becomes a long slice.
func ints(dec *json.Decoder, most int) ([]int, error) {
	if t, err := dec.Token(); err != nil {
		return nil, err
	} else if t != json.Delim('[') {
		return nil, errors.New("not an array")
	}
	out := []int{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		number, ok := t.(json.Number)
		if !ok || len(out) == most {
			return nil, fmt.Errorf("not an array of at most %d whole numbers", most)
		}
		n, err := strconv.Atoi(number.String())
		if err != nil {
			return nil, fmt.Errorf("%s is not a whole number", clip(number.String()))
		}
		out = append(out, n)
	}
	_, err := dec.Token()
	return out, err
}

// wrapKey names the key whose value was wrong.
func wrapKey(key string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", clip(key), err)
	}
	return nil
}
