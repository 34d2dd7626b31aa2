package answers

import (
	_ "embed"
	"fmt"
	"io"
	"slices"

	"hives/data/theories"
	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/nearest"
	"hives/internal/strictjson"
)

// Decomposition is values by their parts.
type Decomposition struct {
	Format int     `json:"format"` // 1
	Kind   string  `json:"kind"`   // decomposition
	Values []Value `json:"values"`

	hash string // of the file's bytes
}

// Value is one value. ID may be left out where a theory has a value of the name.
type Value struct {
	Name       string `json:"value"`
	ID         string `json:"value_id,omitempty"`
	Definition string `json:"definition"`
	Parts      []Part `json:"sub_values"`
}

// Part is one thing that an answer may agree or disagree with. Both indicators go on from "the text …".
type Part struct {
	Name      string `json:"name"`
	Agrees    string `json:"agrees"`
	Disagrees string `json:"disagrees"`
}

//go:embed decomposition.json
var ours []byte

// ReadDecomposition reads a file; "" stands for our own, the ten basic values of svt. The first thing that is wrong is
// named: an indicator that is missing would be a blank in a prompt that is paid for.
func ReadDecomposition(path string, known theories.Set) (*Decomposition, error) {
	d := &Decomposition{}
	raw, err := strictjson.ReadFile(path, ours, d)
	if err != nil {
		return nil, err
	}
	d.hash = judge.Hash(string(raw))
	if err := d.check(known); err != nil {
		return nil, fault.New(max(fault.Of(err), fault.Invalid), "%s: %w", path, err)
	}
	return d, nil
}

// check refuses what cannot be asked, and finds the ids.
func (d *Decomposition) check(known theories.Set) error {
	bad := func(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }
	switch {
	case d.Format != 1 || d.Kind != "decomposition":
		return bad("format %d, kind %q: want 1 and decomposition", d.Format, d.Kind)
	case len(d.Values) == 0:
		return bad("no values")
	}
	seen := map[string]bool{}
	for i := range d.Values {
		v := &d.Values[i]
		if v.Name == "" || v.Definition == "" || len(v.Parts) == 0 {
			return bad("value %d (%q): want a name, a definition and sub_values", i+1, v.Name)
		}
		if err := v.identify(known); err != nil {
			return err
		}
		if seen[v.ID] || seen[v.Name] {
			return bad("value %q stands twice", v.Name)
		}
		seen[v.ID], seen[v.Name] = true, true
		parts := map[string]bool{}
		for k, p := range v.Parts {
			switch {
			case p.Name == "" || p.Agrees == "" || p.Disagrees == "":
				return bad("value %q, sub-value %d (%q): want a name, agrees and disagrees", v.Name, k+1, p.Name)
			case parts[p.Name]:
				return bad("value %q: sub-value %q stands twice", v.Name, p.Name)
			case p.Agrees == p.Disagrees:
				return bad("value %q, sub-value %q: agrees and disagrees are the same", v.Name, p.Name)
			}
			parts[p.Name] = true
		}
	}
	return nil
}

// identify gives a value its value_id: the one that the file says, if a theory has it, else that of the svt value of
// its name.
func (v *Value) identify(known theories.Set) error {
	if v.ID == "" {
		paths := known.Resolve("svt", v.Name)
		if len(paths) == 0 {
			return fault.New(fault.Invalid, "value %q is no value of svt (%s): give its value_id", v.Name,
				nearest.Hint(v.Name, names(known)))
		}
		v.ID = theories.ValueID("svt", paths[0])
		return nil
	}
	theory, path, err := known.ParseID(v.ID)
	if err != nil {
		return fmt.Errorf("value %q: %w", v.Name, err)
	}
	v.ID = theories.ValueID(theory, known.Canonical(theory, path))
	return nil
}

// names are those of svt's nodes.
func names(known theories.Set) (out []string) {
	if tree, ok := known.Get("svt"); ok {
		for _, p := range tree.Nodes() {
			out = append(out, p.Name())
		}
	}
	return out
}

// Find is a value by its name or its id.
func (d *Decomposition) Find(name string) (*Value, error) {
	at := slices.IndexFunc(d.Values, func(v Value) bool { return v.Name == name || v.ID == name })
	if at < 0 {
		var known []string
		for _, v := range d.Values {
			known = append(known, v.Name)
		}
		return nil, fault.New(fault.NotFound, "value %q: %s", name, nearest.Hint(name, known))
	}
	return &d.Values[at], nil
}

// Select keeps the values named, in the file's order; none named are all.
func (d *Decomposition) Select(names []string) ([]*Value, error) {
	var out []*Value
	for i := range d.Values {
		out = append(out, &d.Values[i])
	}
	if len(names) == 0 {
		return out, nil
	}
	wanted := map[*Value]bool{}
	for _, name := range names {
		v, err := d.Find(name)
		if err != nil {
			return nil, fault.Usage(err)
		}
		wanted[v] = true
	}
	return slices.DeleteFunc(out, func(v *Value) bool { return !wanted[v] }), nil
}

// Of is a decomposition of some of the values, in the form of a file.
func (d *Decomposition) Of(values []*Value) *Decomposition {
	out := &Decomposition{Format: d.Format, Kind: d.Kind}
	for _, v := range values {
		out.Values = append(out.Values, *v)
	}
	return out
}

// Print writes values for people, a part a line.
func Print(w io.Writer, values []*Value) error {
	parts := 0
	for i, v := range values {
		parts += len(v.Parts)
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (%s)\n%s\n", v.Name, v.ID, v.Definition)
		t := columns.NewTable(w)
		fmt.Fprint(t, "sub-value\tagrees when the text …\tdisagrees when the text …\n")
		for _, p := range v.Parts {
			fmt.Fprintf(t, "%s\t%s\t%s\n", p.Name, p.Agrees, p.Disagrees)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\nvalues: %d, sub-values: %d\n", len(values), parts)
	return err
}
