package compare

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/fsutil"
	"hives/internal/interview"
)

// Job is hives questionnaire compare.
type Job struct {
	Runs      []string // folders; the first is the base
	Points    string   // file: what each run was trained on; "": none
	Bench     []string // folders of llm-bench
	Questions string   // file of questions to draw beside the inventory's; "": none
	Encoder   encoder.Encoder
	Seed      uint64
	Ties      string
	Out       string
}

// Files of the folder beside the tables and pictures.
const (
	ResultFile = "compare.json"
	PageFile   = "report.html"
)

// Number is a figure that may be undefined.
type Number = figure.Number

// Result is all figures.
type Result struct {
	Format    int    `json:"format"`
	Warning   string `json:"warning"`
	Inventory string `json:"inventory"`
	Note      string `json:"note,omitempty"`
	Paired    bool   `json:"paired"` // the same personas answered in all runs

	Names   []string `json:"names"` // of correlations and maps
	Ordered bool     `json:"ordered"`
	Models  []Model  `json:"models"`
	Scales  []Scale  `json:"scales"`
	Curves  []Curve  `json:"curves,omitempty"`
	Bench   []Bench  `json:"bench,omitempty"`
	PCA     *PCA     `json:"pca,omitempty"`
}

// Run computes and writes the folder, which appears whole or not at all.
func Run(ctx context.Context, j Job) (*Result, error) {
	if _, err := os.Lstat(j.Out); err == nil {
		return nil, fault.New(fault.Exists, "%s is there already: name another --out", j.Out)
	}
	runs, err := j.read()
	if err != nil {
		return nil, err
	}
	points, err := readPoints(j.Points, runs)
	if err != nil {
		return nil, err
	}
	r := &Result{Format: 1, Inventory: runs[0].Inventory().Name, Note: runs[0].Inventory().Note, Paired: paired(runs)}
	r.models(runs, j.Seed)
	r.scales(runs, j.Seed)
	r.curves(runs, points, j.Seed)
	if r.Bench, err = readBench(j.Bench); err != nil {
		return nil, err
	}
	if j.Questions != "" {
		if r.PCA, err = drawQuestions(ctx, j.Encoder, runs[0].Inventory(), j.Questions); err != nil {
			return nil, err
		}
	}
	return r, fsutil.WriteFolder(j.Out, func(dir string) error { return r.write(dir) })
}

// read reads the folders and holds them to each other.
func (j Job) read() (out []*run, err error) {
	for _, dir := range j.Runs {
		s, err := interview.Read(dir, j.Ties)
		if err != nil {
			return nil, err
		}
		for _, before := range out {
			switch {
			case before.Name() == s.Name():
				return nil, fault.Usage(fault.New(fault.Invalid, "%s and %s have one name: they could not be told apart",
					before.Dir, dir))
			case before.About.Inventory != s.About.Inventory:
				return nil, fault.New(fault.Mismatch, "%s and %s were asked different questions (%s, %s)", before.Dir, dir,
					before.Inventory().Name, s.Inventory().Name)
			}
		}
		out = append(out, &run{s, s.Result(), s.Sheet()})
	}
	return out, nil
}

// run is one folder and its figures.
type run struct {
	*interview.Stored
	result *interview.Result
	sheet  *interview.Sheet
}

// paired tells whether the same personas answered in all runs.
func paired(runs []*run) bool {
	for _, x := range runs[1:] {
		if !slices.Equal(x.Personas(), runs[0].Personas()) {
			return false
		}
	}
	return true
}

// write puts the figures into a folder: as a page, as JSON, and each table and picture as a file.
func (r *Result) write(dir string) error {
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	files := map[string][]byte{ResultFile: append(raw, '\n')}
	for _, t := range r.tables() {
		files[t.Slug+".csv"] = t.csv()
	}
	for _, p := range r.pictures() {
		files[p.Slug+".svg"] = p.file()
	}
	for name, content := range files {
		if err := fsutil.WriteBytes(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return fsutil.WriteFile(filepath.Join(dir, PageFile), func(w io.Writer) error { return r.page(w) })
}

// table is one of the page, and a file.
type table struct {
	Slug, Title, Note string
	Head              []string
	Rows              [][]string
}

func (t table) csv() []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.WriteAll(append([][]string{t.Head}, t.Rows...)) //nolint:errcheck // into memory
	return out.Bytes()
}

// cell is a number as text; an undefined one is empty.
func cell(n Number) string {
	if !n.Known() {
		return ""
	}
	return strconv.FormatFloat(float64(n), 'f', 3, 64)
}

// Bench is a figure of a run of llm-bench.
type Bench struct {
	Run   string `json:"run"` // name of the folder
	Task  string `json:"task"`
	Model string `json:"model"`
	Note  string `json:"note,omitempty"`
	Group string `json:"group"`
	Name  string `json:"figure"`
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
	N     int    `json:"n"`
}

// readBench reads the figures of llm-bench's folders. Keys that are not needed here are passed over.
func readBench(dirs []string) (out []Bench, err error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, "result.json")
		raw, err := fsutil.ReadRegular(path)
		if err != nil {
			return nil, fsutil.Classify(err, path)
		}
		var r struct {
			Format            int
			Task, Model, Note string
			Figures           []Bench
		}
		if err := json.Unmarshal(raw, &r); err != nil || r.Format != 1 || r.Task == "" {
			return nil, fault.New(fault.Corrupt, "%s: no result of llm-bench: %w", path, cmp.Or(err,
				fmt.Errorf("format %d, task %q",
					r.Format, r.Task)))
		}
		for _, f := range r.Figures {
			f.Run, f.Task, f.Model, f.Note = filepath.Base(filepath.Clean(dir)), r.Task, r.Model, r.Note
			out = append(out, f)
		}
	}
	return out, nil
}
