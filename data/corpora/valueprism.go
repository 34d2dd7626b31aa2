package corpora

import (
	"path/filepath"
	"strings"

	"hives/data"
)

// valuePrismParts are the folders of the published dataset that say which value bears on which situation. Its other
// folders (generative, explanation, mixture) are model inputs and outputs made from these.
var valuePrismParts = []string{"full", "relevance", "valence"}

// readValuePrism reads the parts of the dataset that are there, or every CSV of a folder without parts.
//
//	situation,vrd,text,explanation,valence
//	Lying to protect a friend,Value,Loyalty,…,Supports
//	Lying to protect a friend,Duty,Duty of Fidelity,…,Opposes
//
// become rows of the situation: mft loyalty, below loyalty/betrayal, supporting, and duty fidelity, opposing.
// What the same pair says in the part relevance is merged with it: a row that somebody judged takes the place of
// one that nobody did.
func readValuePrism(c *collector) error {
	names, err := c.valueNames()
	if err != nil {
		return err
	}
	var paths []string
	for _, part := range valuePrismParts {
		if more, err := find(filepath.Join(c.In, part), "*.csv"); err == nil {
			paths = append(paths, more...)
		}
	}
	if paths == nil {
		if paths, err = find(c.In, "*.csv"); err != nil {
			return err
		}
	}
	columns := []string{"situation|action", "vrd", "text", "valence|label|relevance|output"}
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		err := c.eachRow(path, quoted, columns, func(r record) error { return c.situation(r, names) })
		if err != nil {
			return err
		}
	}
	return nil
}

// situation makes rows of one value, right or duty that was written for a situation: none where its name is no
// node's, several where the user's mapping says so.
func (c *collector) situation(r record, names map[string][]label) error {
	raw, _ := r.first("situation", "action")
	t, err := newText(raw, "")
	if err != nil {
		return err
	}
	// What can be wrong is read before what may be dropped, so that a broken record is never counted as
	// irrelevant.
	relevant, direction, source, err := valence(r)
	if err != nil {
		return err
	}
	kind := strings.ToLower(strings.TrimSpace(r.get("vrd")))
	if kind != "value" && kind != "right" && kind != "duty" {
		return wrongf("vrd is not Value, Right or Duty")
	}
	if !relevant {
		c.drop("value that is not relevant to its situation")
		return nil
	}
	name := strings.TrimSpace(r.get("text"))
	// The user's mapping goes before the name's own meaning, also where it says "none".
	labels, listed := names[nameKey(kind, name)]
	if !listed {
		labels = c.named(kind, name)
	}
	for _, l := range labels {
		c.add(t, l.theory, l.path, direction, source)
	}
	return nil
}

// valence reads whether the value bears on the situation and which way. The column is called valence in the full
// part; the parts relevance and valence are tasks, whose answers stand in the column output.
//
//	valence Either      0, annotated: somebody said that it may be either
//	relevance Yes       0, none
//	relevance No        not relevant
func valence(r record) (relevant bool, direction int32, source string, err error) {
	if cell, _ := r.first("relevance"); strings.EqualFold(cell, "no") {
		return false, 0, "", nil
	}
	cell, _ := r.first("valence", "label", "output", "relevance")
	switch strings.ToLower(cell) {
	case "yes": // relevant, and nobody was asked which way
		return true, data.Neither, data.SourceNone, nil
	case "no":
		return false, 0, "", nil
	case "supports":
		return true, data.Supports, data.SourceAnnotated, nil
	case "opposes":
		return true, data.Opposes, data.SourceAnnotated, nil
	case "either":
		return true, data.Neither, data.SourceAnnotated, nil
	}
	return false, 0, "", wrongf("the valence is not Supports, Opposes or Either, nor the relevance Yes or No")
}

// named finds the node that bears the very name, a leading "Duty of" or "Right to" and articles aside. Most names
// are free text and name none: those are counted for a later mapping (--names), by hand or by a panel.
//
//	duty   Duty of Fidelity         duty fidelity
//	value  a name of svt and mft    none: counted as a name that two theories have
//	value  a phrase of its own      none: counted under "value: …"
func (c *collector) named(kind, name string) []label {
	switch kind {
	case "duty":
		if l, ok := lookUp("duty", bare(name, "duty of ", "duty to ", "duty for ")...); ok {
			return []label{l}
		}
	case "right":
		if l, ok := lookUp("right", bare(name, "right to ", "right of ")...); ok {
			return []label{l}
		}
	default:
		// A value may be of two theories; which one the authors meant is not guessed.
		s, inSVT := lookUp("svt", name)
		m, inMFT := lookUp("mft", name)
		switch {
		case inSVT && inMFT:
			c.drop("value name that two theories have")
			return nil
		case inSVT:
			return []label{s}
		case inMFT:
			return []label{m}
		}
	}
	c.miss(kind + ": " + name)
	return nil
}

// bare gives the forms of a name under which it is looked up: whole, without articles, without the lead. "The
// Right to a fair trial" gives itself, "right to fair trial" and "fair trial".
func bare(name string, leads ...string) []string {
	name = strings.ToLower(name)
	words := strings.Fields(name)
	var kept []string
	for _, w := range words {
		if w != "a" && w != "an" && w != "the" {
			kept = append(kept, w)
		}
	}
	plain := strings.Join(kept, " ")
	forms := []string{name, plain}
	for _, lead := range leads {
		if rest, ok := strings.CutPrefix(plain, lead); ok {
			forms = append(forms, rest)
		}
	}
	return forms
}

// nameKey compares names of the mapping as texts are compared: case and punctuation aside.
func nameKey(kind, name string) string { return kind + "\x00" + data.NormaliseText(name) }

// valueNames reads the mapping of --names: a CSV with vrd, text and value_id, several lines for a name that stands
// for several nodes. An empty value_id says that the name stands for none.
//
//	vrd,text,value_id
//	Value,Keeping faith,mft/loyalty-betrayal
//	Value,Efficiency,                            listed, and stands for no node
func (c *collector) valueNames() (map[string][]label, error) {
	out := map[string][]label{}
	if c.Names == "" {
		return out, nil
	}
	list := &collector{sum: &Summary{}} // a bad line ends the import: the mapping is the user's own
	err := list.eachRow(c.Names, quoted, []string{"vrd", "text", "value_id"}, func(r record) error {
		key := nameKey(strings.ToLower(strings.TrimSpace(r.get("vrd"))), r.get("text"))
		id := strings.TrimSpace(r.get("value_id"))
		if id == "" {
			out[key] = append(out[key], []label{}...)
			return nil
		}
		theory, path, err := c.Theories.ParseID(id)
		if err != nil {
			return wrongf("%w", err)
		}
		out[key] = append(out[key], label{theory, c.Theories.Canonical(theory, path)})
		return nil
	})
	return out, err
}
