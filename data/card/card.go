package card

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"hives/data"
	"hives/data/corpora"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Card describes one file of rows.
type Card struct {
	Format      int                `json:"format"` // of this object: 1
	File        string             `json:"file"`   // its name without the folder
	Bytes       int64              `json:"bytes"`
	SHA256      string             `json:"sha256"` // of the file
	Digest      string             `json:"digest"` // of its rows in any order, see data.Digest
	Rows        int                `json:"rows"`
	Texts       int                `json:"texts"`
	Groups      int                `json:"groups"`
	Corpora     []Corpus           `json:"corpora"`
	Theories    []Theory           `json:"theories"`
	Directions  []Direction        `json:"directions"`
	Licences    []Licence          `json:"licences"`
	Obligations []Obligation       `json:"obligations"` // of the file as a whole
	Warnings    []string           `json:"warnings"`
	Imports     []*corpora.Summary `json:"imports"` // what importers left out, as far as it was handed in
	Bad         int                `json:"bad_rows_skipped"`
}

// Corpus is the share of one corpus.
type Corpus struct {
	corpora.Source        // empty but for the name where the project does not know the corpus
	Known          bool   `json:"known"`
	Rows           int    `json:"rows"`
	Texts          int    `json:"texts"`
	Digest         string `json:"digest"`
}

// Theory is the share of one theory.
type Theory struct {
	Theory string `json:"theory"`
	Rows   int    `json:"rows"`
	Values int    `json:"values"` // different nodes that rows end at
}

// Direction is the rows of one corpus and theory that point one way by one kind of judge.
type Direction struct {
	Corpus    string `json:"corpus"`
	Theory    string `json:"theory"`
	Direction int32  `json:"direction"`
	Source    string `json:"direction_source"`
	Rows      int    `json:"rows"`
}

// Licence is the rows under one licence and what it asks for.
type Licence struct {
	Name        string       `json:"name"`
	Rows        int          `json:"rows"`
	Corpora     []string     `json:"corpora"`
	Obligations []Obligation `json:"obligations"`
}

// Describe reads a file of rows. imports are the accounts of the imports that made it, if they were kept.
func Describe(path string, o data.ReadOptions, imports []*corpora.Summary) (*Card, error) {
	t := newTally()
	defer t.close()
	bad, err := data.Scan(path, o, t.add)
	if err != nil {
		return nil, err
	}
	c := &Card{Format: 1, File: filepath.Base(path), Rows: t.rows, Digest: t.digest.String(), Bad: len(bad), Imports: imports}
	if c.Imports == nil {
		c.Imports = []*corpora.Summary{}
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	c.Bytes = info.Size()
	if c.SHA256, err = fsutil.SHA256(path); err != nil {
		return nil, err
	}
	if c.Texts, err = t.texts.Count(); err != nil {
		return nil, err
	}
	if c.Groups, err = t.groups.Count(); err != nil {
		return nil, err
	}
	if c.Corpora, err = t.corporaList(); err != nil {
		return nil, err
	}
	c.Theories, c.Directions, c.Licences = t.theoryList(), t.directionList(), t.licenceList()
	c.Obligations, c.Warnings = together(c.Licences), warnings(c.Licences)
	return c, nil
}

// ReadImports reads accounts that hives import --json printed.
func ReadImports(paths []string) ([]*corpora.Summary, error) {
	var out []*corpora.Summary
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil, fault.New(fault.NotFound, "%s: there is no such file", path)
		} else if err != nil {
			return nil, err
		}
		s := &corpora.Summary{}
		if err := json.Unmarshal(raw, s); err != nil || s.Corpus == "" {
			return nil, fault.New(fault.Invalid, "%s: is no account of an import; hives import --json prints one", path)
		}
		for i := range s.Files { // folders of the machine that imported are nobody's business
			s.Files[i] = filepath.Base(s.Files[i])
		}
		for i := range s.Bad {
			s.Bad[i].File = filepath.Base(s.Bad[i].File)
		}
		out = append(out, s)
	}
	return out, nil
}

// tally counts while rows stream by.
type tally struct {
	rows          int
	texts, groups data.Distinct
	digest        data.Digest
	corpora       map[string]*share
	directions    map[Direction]int
	values        map[string]map[string]int // theory → value id → rows
	licences      map[[2]string]int         // licence, corpus → rows
}

// share is one corpus of a tally.
type share struct {
	rows   int
	texts  data.Distinct
	digest data.Digest
}

func newTally() *tally {
	return &tally{
		corpora: map[string]*share{}, directions: map[Direction]int{},
		values: map[string]map[string]int{}, licences: map[[2]string]int{},
	}
}

func (t *tally) add(r *data.Row) error {
	t.rows++
	t.digest.Add(r)
	s := t.corpora[r.Corpus]
	if s == nil {
		s = &share{}
		t.corpora[r.Corpus] = s
	}
	s.rows++
	s.digest.Add(r)
	t.directions[Direction{r.Corpus, r.Theory, r.Direction, r.DirectionSource, 0}]++
	if t.values[r.Theory] == nil {
		t.values[r.Theory] = map[string]int{}
	}
	t.values[r.Theory][theories.ValueID(r.Theory, r.Levels())]++
	t.licences[[2]string{r.Licence, r.Corpus}]++
	return cmp.Or(t.texts.Add(r.TextID), t.groups.Add(r.Group), s.texts.Add(r.TextID))
}

// close removes what counting set aside on disk.
func (t *tally) close() {
	t.texts.Close()
	t.groups.Close()
	for _, s := range t.corpora {
		s.texts.Close()
	}
}

// corporaList puts the corpora that the project knows first, in its order, then the others by name.
func (t *tally) corporaList() ([]Corpus, error) {
	var out []Corpus
	take := func(c Corpus, s *share) error {
		texts, err := s.texts.Count()
		c.Rows, c.Texts, c.Digest = s.rows, texts, s.digest.String()
		out = append(out, c)
		return err
	}
	known := map[string]bool{}
	for _, source := range corpora.Sources() {
		known[source.Name] = true
		if s := t.corpora[source.Name]; s != nil {
			if err := take(Corpus{Source: source, Known: true}, s); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range sorted(t.corpora) {
		if !known[name] {
			if err := take(Corpus{Source: corpora.Source{Name: name}}, t.corpora[name]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (t *tally) theoryList() (out []Theory) {
	for _, name := range sorted(t.values) {
		c := Theory{Theory: name, Values: len(t.values[name])}
		for _, n := range t.values[name] {
			c.Rows += n
		}
		out = append(out, c)
	}
	return out
}

func (t *tally) directionList() (out []Direction) {
	for d, n := range t.directions {
		d.Rows = n
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Direction) int {
		return cmp.Or(cmp.Compare(a.Corpus, b.Corpus), cmp.Compare(a.Theory, b.Theory),
			cmp.Compare(b.Direction, a.Direction), cmp.Compare(a.Source, b.Source))
	})
	return out
}

// licenceList takes the licence from the rows, not from what the project knows of the corpus: rows may come from
// another release.
func (t *tally) licenceList() (out []Licence) {
	at := map[string]int{}
	keys := make([][2]string, 0, len(t.licences))
	for key := range t.licences {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, key := range keys {
		i, ok := at[key[0]]
		if !ok {
			i = len(out)
			at[key[0]] = i
			out = append(out, Licence{Name: key[0], Obligations: obligationsOf(key[0])})
		}
		out[i].Rows += t.licences[key]
		out[i].Corpora = append(out[i].Corpora, key[1])
	}
	return out
}

// sorted lists the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
