package interview

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/parquetfile"
)

// Stored is a run that was read back from its folder.
type Stored struct {
	Dir   string
	About *About

	t       *interviewer
	answers []Answer
}

// Read reads a run's folder. It wants all that was written at the end of the run: one that was stopped has no scores
// yet.
func Read(dir, ties string) (*Stored, error) {
	if err := CheckTies(ties); err != nil {
		return nil, err
	}
	s := &Stored{Dir: dir, About: &About{}, t: &interviewer{ties: ties}}
	if err := readJSON(filepath.Join(dir, AboutFile), s.About); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "%s: holds no finished run; hives questionnaire run makes one, and goes "+
			"on with one that was stopped", dir)
	} else if err != nil {
		return nil, err
	}
	if a := s.About; a.Format != 1 || a.Kind != "questionnaire" || a.Repeats < 1 || a.Personas < 1 {
		return nil, fault.New(fault.Invalid, "%s: format %d, kind %q: want 1 and questionnaire, of a run that has ended",
			filepath.Join(dir, AboutFile), a.Format, a.Kind)
	}
	s.t.repeats = s.About.Repeats
	var err error
	if s.t.inventory, err = ReadInventory(filepath.Join(dir, InventoryFile)); err != nil {
		return nil, err
	}
	if err := readJSON(filepath.Join(dir, PersonasFile), &s.t.personas); err != nil {
		return nil, err
	}
	if s.answers, err = readAnswers(filepath.Join(dir, AnswersFile)); err != nil {
		return nil, err
	}
	return s, s.check()
}

func readJSON(path string, into any) error {
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return fsutil.Classify(err, path)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	return nil
}

func readAnswers(path string) ([]Answer, error) {
	f, err := parquetfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := parquet.NewGenericReader[Answer](f.File)
	defer r.Close()
	out := make([]Answer, f.File.NumRows())
	n, err := r.Read(out)
	if err != nil && !errors.Is(err, io.EOF) || n != len(out) {
		return nil, fault.New(fault.Corrupt, "%s: %d of %d rows could be read: %w", path, n, len(out), err)
	}
	return out, nil
}

// check holds the files of a folder to each other: a file of another run would give figures of neither.
func (s *Stored) check() error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Mismatch, "%s: %s: the files are not of one run", s.Dir, fmt.Sprintf(format, args...))
	}
	v, n := s.t.inventory, len(s.t.inventory.Items)
	switch {
	case v.sum() != s.About.Inventory:
		return bad("the inventory is another one than %s names", AboutFile)
	case len(s.t.personas) != s.About.Personas:
		return bad("%d personas, %s says %d", len(s.t.personas), AboutFile, s.About.Personas)
	case len(s.answers) != s.About.Personas*n*s.About.Repeats:
		return bad("%d answers: want %d", len(s.answers), s.About.Personas*n*s.About.Repeats)
	}
	for i, a := range s.answers {
		at := i / s.About.Repeats
		p, it := s.t.personas[at/n], v.Items[at%n]
		whole := a.Vote == 0 && len(a.Shares) == 0 || a.Vote >= 1 && a.Vote <= float64(len(v.Options)) &&
			len(a.Shares) == len(v.Options)
		if a.Persona != p.ID || a.Item != it.ID || a.Repeat != i%s.About.Repeats+1 || !whole {
			return bad("answer %d is persona %d's to item %q with vote %v", i+1, a.Persona, a.Item, a.Vote)
		}
	}
	return nil
}

// Score computes a run's figures again from its stored answers, and writes scores, matrices and page. Nobody is asked.
func Score(dir, ties string) (*Result, error) {
	s, err := Read(dir, ties)
	if err != nil {
		return nil, err
	}
	r := s.Result()
	return r, writeScores(dir, s.t, s.answers, r)
}

// Result computes a run's figures.
func (s *Stored) Result() *Result { return s.t.result(s.answers, s.About) }

// Inventory is what was asked, and Sum its hash.
func (s *Stored) Inventory() *Inventory { return s.t.inventory }

// Scales are the codes in the order of tables.
func (s *Stored) Scales() []string { return s.t.inventory.scales() }

// Personas are who answered.
func (s *Stored) Personas() []Persona { return s.t.personas }

// Sheet is a run's scores by persona, for comparisons. A persona that does not count has a row of nil.
type Sheet struct {
	Names   []string // of the groups of the circle, or else of the scales
	Ordered bool     // Names stand as on the theory's circle
	Raw     [][]float64
	Centred [][]float64
	Scales  map[string][]float64 // centred, by scale, or way/group, and persona; NaN where the persona does not count
	Means   map[string][]float64 // the same, not centred
}

// Sheet computes it.
func (s *Stored) Sheet() *Sheet {
	sheet := s.t.sheet(s.answers)
	out := &Sheet{Scales: map[string][]float64{}, Means: map[string][]float64{}}
	var raw, centred [][]float64
	out.Names, out.Ordered, raw, centred = s.t.inventory.matrices(sheet)
	out.Raw, out.Centred = make([][]float64, len(s.t.personas)), make([][]float64, len(s.t.personas))
	for i, p := range sheet.kept {
		out.Raw[p], out.Centred[p] = raw[i], centred[i]
	}
	for _, code := range s.t.inventory.scales() {
		for p := range s.t.personas {
			x, m := sheet.scores[p].Centred[code], sheet.scores[p].Scales[code]
			if sheet.scores[p].Dropped != "" {
				x, m = nan, nan
			}
			out.Scales[code], out.Means[code] = append(out.Scales[code], x), append(out.Means[code], m)
		}
	}
	for name := range s.t.inventory.scoring().Groups {
		for p := range s.t.personas {
			x := sheet.scores[p].Groups[name]
			if sheet.scores[p].Dropped != "" {
				x = nan
			}
			out.Scales[name] = append(out.Scales[name], x)
		}
	}
	return out
}

// Name is how a run is called on a page: what answered.
func (s *Stored) Name() string { return filepath.Base(filepath.Clean(s.Dir)) }

// Identity is who answered.
func (s *Stored) Identity() judge.Identity { return s.About.Respondent }
