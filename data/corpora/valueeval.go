package corpora

import (
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
)

const argumentID = "Argument ID"

// objectivity is the one category of ValueEval that the refined theory lacks; its parent has it all.
const objectivity = "Universalism: objectivity"

// readValueEval reads every arguments-*.tsv with the labels-*.tsv of the same name.
//
//	arguments   Argument ID  Conclusion          Stance   Premise
//	            A01001       We should ban …     against  it would take away …
//	labels      Argument ID  Self-direction: thought  …  Security: societal
//	            A01001       1                           0
//
// A01001 becomes one row for each 1, of the premise, grouped by the conclusion. It has no direction: a label says
// that the argument draws on a value, and Stance is about the conclusion.
func readValueEval(c *collector) error {
	if !slices.Contains([]string{"", "premise", "full"}, c.Text) {
		return fault.New(fault.Invalid, "text %q of ValueEval: choose premise or full", c.Text)
	}
	arguments, err := find(c.In, "arguments-*.tsv")
	if err != nil {
		return err
	}
	for _, path := range arguments {
		labels, err := c.valueLabels(strings.Replace(filepath.Base(path), "arguments-", "labels-", 1))
		if err != nil {
			return err
		}
		if err := c.arguments(path, labels); err != nil {
			return err
		}
	}
	return nil
}

// valueLabels reads a table of zeros and ones: argument → its values. An argument without any has an empty list,
// one that is not in the table none at all: the difference is that of "no label" and "bad file".
func (c *collector) valueLabels(name string) (map[string][]theories.Path, error) {
	path := filepath.Join(c.In, name)
	columns, err := valueColumns(path)
	if err != nil {
		return nil, err
	}
	c.sum.Files = append(c.sum.Files, path)
	out := map[string][]theories.Path{}
	err = c.eachRow(path, plainTabs, []string{argumentID}, func(r record) error {
		c.sum.Records--             // a record is an argument; its labels are part of it
		values := []theories.Path{} // in the order of the columns, so rows come out in a fixed order
		for _, column := range columns {
			switch r.get(column.name) {
			case "1":
				values = append(values, column.path)
			case "0":
			default:
				return wrongf("%s is neither 0 nor 1", column.name)
			}
		}
		if _, twice := out[r.get(argumentID)]; twice {
			return wrongf("an argument with this id stands above")
		}
		out[r.get(argumentID)] = values
		return nil
	})
	return out, err
}

// valueColumn is a value category and its node.
type valueColumn struct {
	name string
	path theories.Path
}

// valueColumns maps the header of a labels file; a category that svt does not know is refused. A column that was
// passed over would take a value from all arguments without a word.
func valueColumns(path string) (columns []valueColumn, err error) {
	names, err := tableNames(path)
	for _, name := range names {
		if name == argumentID {
			continue
		}
		nodes := theories.Builtin().Resolve("svt", name) // the canonical path first
		if name == objectivity {
			nodes = theories.Builtin().Resolve("svt", "universalism")
		}
		if len(nodes) == 0 {
			return nil, fault.New(fault.Invalid, "%s: column %q is no value of svt", path, name)
		}
		columns = append(columns, valueColumn{name, nodes[0]})
	}
	return columns, err
}

// arguments joins the arguments of one file to their labels by id; the files' orders need not agree.
func (c *collector) arguments(path string, labels map[string][]theories.Path) error {
	c.sum.Files = append(c.sum.Files, path)
	columns := []string{argumentID, "Conclusion", "Stance", "Premise"}
	seen := map[string]bool{}
	err := c.eachRow(path, plainTabs, columns, func(r record) error {
		id := r.get(argumentID)
		// The argument without labels and the labels without an argument are two faults: the first is a bad
		// record, the second a note.
		values, ok := labels[id]
		if !ok {
			return wrongf("the argument has no line in the labels file")
		}
		if seen[id] {
			return wrongf("an argument with this id stands above")
		}
		seen[id] = true
		raw, err := c.argumentText(r)
		if err != nil {
			return err
		}
		t, err := newText(raw, r.get("Conclusion"))
		if err != nil {
			return err
		}
		if len(values) == 0 {
			c.drop("argument without a label")
		}
		for _, p := range values {
			c.add(t, "svt", p, data.Neither, data.SourceNone)
		}
		return nil
	})
	if missing := len(labels) - len(seen); err == nil && missing > 0 {
		c.note("labels without an argument in "+filepath.Base(path), missing)
	}
	return err
}

// argumentText is the premise, or with --text full the conclusion and the stance before it.
//
//	premise     it would take away a means of living
//	full        We should ban begging (against): it would take away a means of living
func (c *collector) argumentText(r record) (string, error) {
	premise := strings.TrimSpace(r.get("Premise"))
	if c.Text != "full" || premise == "" {
		return premise, nil
	}
	switch stance := strings.TrimSpace(r.get("Stance")); stance {
	case "in favor of", "in favour of": // both spellings occur
		return r.get("Conclusion") + " (in favor of): " + premise, nil
	case "against":
		return r.get("Conclusion") + " (against): " + premise, nil
	}
	return "", wrongf("Stance is neither \"in favor of\" nor \"against\"")
}
