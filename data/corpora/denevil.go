package corpora

import (
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/strictjson"
	"hives/internal/textfile"
)

// Columns of a Denevil file, with the spellings that are accepted. The published form could not be looked up:
// docs/DATA.md says what this rests on.
var (
	denevilPrompt     = []string{"prompt", "text"}
	denevilFoundation = []string{"foundation", "moral_foundation"}
	denevilPrinciple  = []string{"principle", "value_principle", "value"} // may be absent
)

// readDenevil reads prompts that lead a model to violate a principle, from CSV files or files of JSON lines.
//
//	prompt,foundation,principle
//	"He took the old man's keys and",Care,"It is wrong to leave the helpless alone"
//
// becomes a row of mft care/harm, direction 0 by nobody, grouped by the principle.
func readDenevil(c *collector) error {
	paths, err := find(c.In, "*.csv", "*.jsonl")
	if err != nil {
		return err
	}
	needed := []string{strings.Join(denevilPrompt, "|"), strings.Join(denevilFoundation, "|")}
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		if filepath.Ext(path) == ".jsonl" {
			err = c.eachObject(path, needed, c.prompt)
		} else {
			err = c.eachRow(path, quoted, needed, c.prompt)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prompt makes a row of one prompt. The prompt stops before the violation, and nobody judged which way it points: no
// direction. Prompts of one principle are variants of each other and stay together.
func (c *collector) prompt(r record) error {
	raw, _ := r.first(denevilPrompt...)
	principle, _ := r.first(denevilPrinciple...)
	t, err := newText(raw, principle)
	if err != nil {
		return err
	}
	name, _ := r.first(denevilFoundation...)
	node, ok := foundation(name)
	if !ok {
		c.miss(name)
		return nil
	}
	c.add(t, "mft", node, data.Neither, data.SourceNone)
	return nil
}

// eachJSON gives the lines of a file of JSON; blank ones are passed over. A record's number is its line, as an editor
// counts them.
func (c *collector) eachJSON(path string, use func(line int, text []byte) error) error {
	return textfile.EachLine(path, func(line int, text []byte) error {
		if len(text) == 0 {
			return nil
		}
		c.sum.Records++
		c.from(path, line)
		return use(line, text)
	})
}

// eachObject reads a file of JSON objects, one a line, as records; only values that are texts are cells. A first
// line without the needed keys is a file of another form, and ends the import; a later one is a bad record.
//
//	{"prompt": "He took", "foundation": "Care", "tokens": 12}     cells prompt and foundation; 12 is no text
//	{"prompt": "He took"}                                         line 1: refused; line 7: one bad record
func (c *collector) eachObject(path string, needed []string, use func(record) error) error {
	known := slices.Concat(denevilPrompt, denevilFoundation, denevilPrinciple)
	return c.eachJSON(path, func(line int, text []byte) error {
		var object map[string]any
		if err := strictjson.Decode(text, &object, known...); err != nil {
			return c.settle(path, line, line, wrongf("%w", err))
		}
		r := record{at: map[string]int{}}
		for name, value := range object {
			if cell, ok := value.(string); ok {
				r.at[name] = len(r.cells)
				r.cells = append(r.cells, cell)
			}
		}
		if err := checkHeader(path, r.at, needed); err != nil {
			if line == 1 { // the whole file has another form; later it is one bad record
				return fault.New(fault.Invalid, "%w", err)
			}
			return c.settle(path, line, line, wrongf("lacks the prompt or the foundation"))
		}
		return c.settle(path, line, line, use(r))
	})
}
