package queries

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/strictjson"
	"hives/internal/textfile"
)

// Names of the collections whose published forms are known. A source of any other name is a table with a column
// "query".
const (
	GPV          = "gpv"           // questions of the generative psychometrics: a column query
	ValueBench   = "valuebench"    // value_orientation.csv: a column question
	OpinionQA    = "opinionqa"     // a list of JSON with question, or Pew's info.csv
	MoralStories = "moral-stories" // lines of JSON with situation and intention, or with norm
	MoralChoice  = "moral-choice"  // low_ambiguity.csv and high_ambiguity.csv: a column context
)

// Published are their names.
var Published = []string{GPV, ValueBench, OpinionQA, MoralStories, MoralChoice}

// What is asked about a situation. The first two are the words of the study's own query files.
const (
	inSituation = " In this situation, what would you do?"
	asPerson    = " If you are in the same situation, what would you do?"
	aboutNorm   = " Do you agree with this rule?"
)

// Source is a collection: a name and its files.
type Source struct {
	Name  string
	Paths []string
}

// ParseSource reads NAME=FILE[,FILE…]; "own" alone are the program's own queries.
func ParseSource(text string) (Source, error) {
	name, files, found := strings.Cut(text, "=")
	s := Source{Name: name}
	if found {
		s.Paths = strings.Split(files, ",")
	}
	switch {
	case name == "" || strings.ContainsAny(name, "/ \t"):
		return s, fault.Usage(fault.New(fault.Invalid, "--source %q: want NAME=FILE, no blank and no slash in NAME", text))
	case name == Own && !found:
		return s, nil
	case name == Own, !found, slices.Contains(s.Paths, ""):
		return s, fault.Usage(fault.New(fault.Invalid, "--source %q: want %s, or NAME=FILE; NAME is one of %v, or any other "+
			"for a table with a column query", text, Own, Published))
	}
	return s, nil
}

// Texts are the distinct texts of a source, each once, by id.
func (s Source) Texts() ([]text, error) {
	if s.Name == Own {
		var out []text
		for _, o := range readOwn() {
			out = append(out, text{o.ID, o.Query})
		}
		return sorted(out), nil
	}
	return s.read()
}

// read reads the files of a source.
func (s Source) read() ([]text, error) {
	r := reader{source: s.Name, seen: map[string]bool{}}
	for _, path := range s.Paths {
		if err := r.read(path); err != nil {
			return nil, err
		}
	}
	if len(r.out) == 0 {
		return nil, fault.New(fault.Invalid, "source %s: its files hold no query", s.Name)
	}
	return sorted(r.out), nil
}

func sorted(all []text) []text {
	slices.SortFunc(all, func(a, b text) int { return strings.Compare(a.id, b.id) })
	return all
}

// text is a query that may be chosen.
type text struct{ id, words string }

// reader collects a source's texts.
type reader struct {
	source string
	seen   map[string]bool
	out    []text
}

// read takes a file by what it is: a table, lines of JSON, or one list of it.
func (r *reader) read(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".tsv":
		return r.table(path)
	case ".jsonl":
		return textfile.EachLine(path, func(n int, raw []byte) error {
			if len(raw) == 0 {
				return nil
			}
			return r.object(path, fmt.Sprintf("line %d", n), raw)
		})
	case ".json":
		return r.list(path)
	}
	return fault.Usage(fault.New(fault.Invalid, "%s: queries are read from .csv, .tsv, .jsonl and .json", path))
}

// columns are what a table's column is made into, in the order in which they are looked for.
func (r *reader) columns() []string {
	known := map[string]string{ValueBench: "question", OpinionQA: "question", MoralChoice: "context"}
	if c := known[r.source]; c != "" {
		return []string{"query", c}
	}
	return []string{"query"}
}

// table reads a column of a table. One with a column query is a list of queries whatever its source.
func (r *reader) table(path string) error {
	t, err := textfile.OpenTable(path, textfile.Dialect{})
	if err != nil {
		return err
	}
	defer t.Close()
	at, name := -1, ""
	for _, c := range r.columns() {
		if i := slices.Index(t.Names, c); i >= 0 && at < 0 {
			at, name = i, c
		}
	}
	if at < 0 {
		return fault.New(fault.Invalid, "%s: source %s wants a column %s; %s", path, r.source,
			strings.Join(r.columns(), " or "), t.Seen())
	}
	for {
		cells, line, err := t.Next()
		if err == io.EOF {
			return nil
		}
		var row *textfile.RowError
		if errors.As(err, &row) {
			return fault.New(fault.Invalid, "%s: line %d: %w", path, row.Line, row)
		} else if err != nil {
			return err
		}
		words := cells[at]
		if name == "context" && strings.TrimSpace(words) != "" {
			words += inSituation
		}
		if err := r.take(path, fmt.Sprintf("line %d", line), words); err != nil {
			return err
		}
	}
}

// list reads one list of JSON objects.
func (r *reader) list(path string) error {
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return fsutil.Classify(err, path)
	}
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return fault.New(fault.Invalid, "%s: is no list of JSON objects: %w", path, err)
	}
	for at, one := range all {
		if err := r.object(path, fmt.Sprintf("item %d", at+1), one); err != nil {
			return err
		}
	}
	return nil
}

// object makes a query of what an object has.
//
//	{"situation": "Jo is late.", "intention": "Jo wants to be on time.", …}     both, and what would you do
//	{"norm": "You should be on time.", "moral_action": …}                       the norm, and do you agree
//	{"question": "Question: How often …?\nOptions: A. …\nAnswer:", …}           the question alone
func (r *reader) object(path, where string, raw []byte) error {
	var o struct {
		Query     *string `json:"query"`
		Question  *string `json:"question"`
		Norm      *string `json:"norm"`
		Situation *string `json:"situation"`
		Intention *string `json:"intention"`
	}
	if err := strictjson.Decode(raw, &o); err != nil {
		return fault.New(fault.Invalid, "%s: %s: %w", path, where, err)
	}
	switch {
	case o.Query != nil:
		return r.take(path, where, *o.Query)
	case r.source == OpinionQA && o.Question != nil:
		return r.take(path, where, questionOf(*o.Question))
	case r.source == ValueBench && o.Question != nil:
		return r.take(path, where, *o.Question)
	case r.source == MoralStories && o.Situation != nil && o.Intention != nil:
		return r.take(path, where, strings.TrimSpace(*o.Situation)+" "+strings.TrimSpace(*o.Intention)+asPerson)
	case r.source == MoralStories && o.Norm != nil:
		return r.take(path, where, strings.TrimSpace(*o.Norm)+aboutNorm)
	}
	return fault.New(fault.Invalid, "%s: %s: source %s: has no key query, and none of a form that docs/AUDIT.md lists",
		path, where, r.source)
}

// questionOf takes a question out of a prompt that lists its options.
func questionOf(prompt string) string {
	prompt = strings.TrimPrefix(strings.TrimSpace(prompt), "Question:")
	before, _, _ := strings.Cut(prompt, "\nOptions:")
	return before
}

// take adds a text once. An empty cell is no query and no mistake: tables end in them.
func (r *reader) take(path, where, words string) error {
	if why := textfile.Unreadable(words); why != "" {
		return fault.New(fault.Invalid, "%s: %s: %s", path, where, why)
	}
	if words = data.CleanText(words); words == "" || r.seen[words] {
		return nil
	}
	r.seen[words] = true
	r.out = append(r.out, text{r.source + "/" + data.TextID(words)[:16], words})
	return nil
}
