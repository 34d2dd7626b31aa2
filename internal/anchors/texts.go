package anchors

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Text is one distinct text with what its rows say about it. Which of its rows said what is forgotten here: clusters
// are of texts.
type Text struct {
	ID     string
	Text   string
	Corpus string
	Values []string // value ids, each once, sorted
}

// theories lists the theories of a text's values, each once, in their fixed order. Never empty: a row without a
// value is no row.
func (c *Corpus) theories(t *Text) []string {
	var out []string
	for _, theory := range c.known.Names() {
		if slices.ContainsFunc(t.Values, func(id string) bool { return theoryOf(id) == theory }) {
			out = append(out, theory)
		}
	}
	return out
}

// theoryOf is the part of a value id before the first slash.
//
//	mft/care-harm/kindness     mft
func theoryOf(valueID string) string {
	theory, _, _ := strings.Cut(valueID, "/")
	return theory
}

// Corpus is a file of rows, text by text. Three rows, of "Ann shares." with care/harm twice (two spellings of one
// text) and with benevolence, are one Text with two values:
//
//	{ID: 3c…, Text: "Ann shares.", Corpus: "a", Values: [mft/care-harm svt/self-transcendence/benevolence]}
type Corpus struct {
	Texts  []Text // in the order of their ids, which are hashes: any stretch is a fair sample
	Rows   int
	SHA256 string // of the file
	groups map[string]bool
	ids    map[string]bool
	known  theories.Set // that rows may be of
}

// ReadCorpus reads the rows that a bank is fitted on. A file called after another part of a split is refused: the
// slip is easy, and nothing later would show it. Rows are of the theories known.
func ReadCorpus(path string, known theories.Set) (*Corpus, error) {
	for _, part := range data.PartNames[data.Validation:] {
		if strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) == part {
			return nil, fault.New(fault.Invalid, "anchors: %s holds rows of the part %q; anchors are fitted on training rows "+
				"only: give train.parquet", path, part)
		}
	}
	sum, err := fsutil.SHA256(path)
	if err != nil {
		return nil, err
	}
	c := &Corpus{SHA256: sum, groups: map[string]bool{}, ids: map[string]bool{}, known: known}
	// Rows are gathered by text; the order of ids at the end makes the order of rows forgotten.
	texts := map[string]*Text{}
	_, err = data.Scan(path, data.ReadOptions{Theories: known}, func(r *data.Row) error {
		c.add(texts, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		c.Texts = append(c.Texts, *texts[id])
		c.ids[id] = true
	}
	if len(c.Texts) == 0 {
		return nil, fault.New(fault.Invalid, "anchors: %s holds no rows", path)
	}
	return c, nil
}

// add enters a row. Of several spellings and corpora of a text the first in the alphabet stays, so that the
// order of the rows does not matter.
func (c *Corpus) add(texts map[string]*Text, r *data.Row) {
	c.Rows++
	c.groups[r.Group] = true
	t, ok := texts[r.TextID]
	if !ok {
		t = &Text{ID: r.TextID, Text: r.Text, Corpus: r.Corpus}
		texts[r.TextID] = t
	}
	t.Text, t.Corpus = min(t.Text, r.Text), min(t.Corpus, r.Corpus)
	// Either parent of hedonism is one value here, as everywhere that values are counted.
	value := theories.ValueID(r.Theory, c.known.Canonical(r.Theory, r.Levels()))
	if at, found := slices.BinarySearch(t.Values, value); !found {
		t.Values = slices.Insert(t.Values, at, value)
	}
}

// CheckHeldOut refuses a file that shares a text or a group with the rows the bank is fitted on. An anchor fitted on
// a test text lies where that text lies, and Stage 2 would be taught the answer. The first row that does ends it: one
// is enough to make the split a mistake.
func (c *Corpus) CheckHeldOut(path string) error {
	n := 0
	_, err := data.Scan(path, data.ReadOptions{Theories: c.known}, func(r *data.Row) error {
		n++
		if c.ids[r.TextID] || c.groups[r.Group] {
			return fault.New(fault.Mismatch, "anchors: row %d of %s shares its text or group with the training rows; "+
				"split them again with hives data split", n, path)
		}
		return nil
	})
	return err
}

// HeldOutBeside lists the other parts of the split that path belongs to, where they lie beside it. It is the
// default of --held-out: whoever splits by hives data split is checked without asking for it.
//
//	rows/train.parquet, with validation.parquet and test.parquet beside it     both
func HeldOutBeside(path string) []string {
	var out []string
	for _, part := range data.PartNames[data.Validation:] {
		found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), part+filepath.Ext(path)))
		out = append(out, found...)
	}
	return out
}
