package figures

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"

	"hives/data/theories"
	"hives/encoder"
	"hives/internal/audit"
	"hives/internal/fsutil"
	web "hives/internal/page"
)

// Files beside a record.
const (
	JSONFile = "figures.json"
	CSVFile  = "gains.csv"
	PageFile = "report.html"
	CardFile = "model-card.md"
)

// Job is hives steer gain: figures of a run's folder, written into it. It asks no model; Embed may be nil, and figures
// that need vectors are then left out.
type Job struct {
	Dir   string
	Embed encoder.Encoder
	Known theories.Set
}

// Run reads the record, computes, and writes four files, which take their places together.
func (j Job) Run(ctx context.Context) (*Figures, error) {
	r, err := audit.Read(j.Dir)
	if err != nil {
		return nil, err
	}
	var cosines Cosines
	if j.Embed != nil {
		if cosines, err = CosinesOf(ctx, j.Embed, r, j.Known); err != nil {
			return nil, err
		}
	}
	f := Compute(r, cosines)
	return f, j.write(r, f)
}

func (j Job) write(r audit.Record, f *Figures) error {
	at := func(name string, write func(io.Writer) error) fsutil.File {
		return fsutil.File{Path: filepath.Join(j.Dir, name), Write: write}
	}
	facts := []web.Fact{{Name: "model", Value: model(r)}, {Name: "weights", Value: r.About.Model.Weights}}
	for _, one := range r.About.Judges {
		facts = append(facts, web.Fact{Name: "judge", Value: strings.TrimSpace(one.Model + " " + one.Weights)})
	}
	return fsutil.WriteFiles(
		at(JSONFile, func(w io.Writer) error { return indented(w, f) }),
		at(CSVFile, f.WriteCSV),
		at(CardFile, f.WriteCard),
		at(PageFile, func(w io.Writer) error { return WritePage(w, r, f, facts...) }),
	)
}

func indented(w io.Writer, what any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	return out.Encode(what)
}

// Drifted is hives audit compare: two runs' folders.
func Drifted(before, after string) (*Drift, error) {
	a, err := audit.Read(before)
	if err != nil {
		return nil, err
	}
	b, err := audit.Read(after)
	if err != nil {
		return nil, err
	}
	return Compare(a, b)
}
