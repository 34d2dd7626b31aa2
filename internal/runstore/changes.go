package runstore

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"hives/internal/fault"
)

// Change is a field whose stored and present values differ; a value that is absent is "".
type Change struct {
	Field, Stored, Given string
}

// String is the form in which a refusal lists it: "steps (600 stored, 1000 given)".
func (c Change) String() string {
	show := func(v string) string {
		if v == "" {
			return "unset"
		}
		return v
	}
	return fmt.Sprintf("%s (%s stored, %s given)", c.Field, show(c.Stored), show(c.Given))
}

// ConfigChanges compares two configurations in TOML field by field, in the fields' order.
func ConfigChanges(stored, given []byte) ([]Change, error) {
	before, err := fields(stored)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "stored configuration: %w", err)
	}
	after, err := fields(given)
	if err != nil {
		return nil, fault.New(fault.Invalid, "given configuration: %w", err)
	}
	return Changes(before, after), nil
}

// Changes compares two sets of named values, hashes for instance, in the names' order.
func Changes(stored, given map[string]string) (out []Change) {
	all := maps.Clone(stored)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, given)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if stored[name] != given[name] {
			out = append(out, Change{name, stored[name], given[name]})
		}
	}
	return out
}

// RefuseChanges is the error for a resume under other settings than the run was begun with; nil without changes. All
// of them are named at once: whoever mends one and is then told of the next has lost patience.
func RefuseChanges(changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	var list []string
	for _, c := range changes {
		list = append(list, c.String())
	}
	return fault.New(fault.Mismatch, "the run was begun otherwise: %s; leave these as stored, or give --allow-changed",
		strings.Join(list, ", "))
}

// fields flattens TOML to dotted names and values in JSON's notation, in which lists keep their quotes. So
// sampler.batch_size = 64 and a table [sampler] with batch_size = 64 are the same field, and the order of keys is no
// change.
func fields(text []byte) (map[string]string, error) {
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	out := map[string]string{}
	flatten("", tree, out)
	return out, nil
}

// flatten descends into tables; an array of tables is one value.
func flatten(prefix string, tree map[string]any, out map[string]string) {
	for name, value := range tree {
		if table, ok := value.(map[string]any); ok {
			flatten(prefix+name+".", table, out)
			continue
		}
		text, err := json.Marshal(value)
		if err != nil { // TOML knows inf and nan
			text = fmt.Append(nil, value)
		}
		out[prefix+name] = string(text)
	}
}
