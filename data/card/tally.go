package card

import (
	"cmp"
	"maps"
	"slices"

	"hives/data"
	"hives/data/corpora"
	"hives/data/theories"
)

// tally counts while rows stream by. Everything it holds grows with the number of names (corpora, licences,
// values), none of it with the number of rows but for the hashes of texts, and these go to disk when they are
// many.
type tally struct {
	known         theories.Set
	rows          int
	texts, groups data.Distinct
	digest        data.Digest
	corpora       map[string]*share
	directions    map[Direction]int
	values        map[string]map[string]int // theory → value id → rows
	licences      map[[2]string]int         // [licence, corpus] → rows
}

// share is one corpus of a tally. Its rows have a digest of their own, so that one corpus can be told in every file
// that holds it.
type share struct {
	rows   int
	texts  data.Distinct
	digest data.Digest
}

// newTally holds one Distinct a corpus: corpora are few, whatever the number of rows.
func newTally(known theories.Set) *tally {
	return &tally{
		known: known, corpora: map[string]*share{}, directions: map[Direction]int{},
		values: map[string]map[string]int{}, licences: map[[2]string]int{},
	}
}

// add counts one row. A licence is counted by corpus, since one corpus may mix releases. A value counts by its
// canonical path: hedonism under either parent is one value.
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
	t.values[r.Theory][theories.ValueID(r.Theory, t.known.Canonical(r.Theory, r.Levels()))]++
	t.licences[[2]string{r.Licence, r.Corpus}]++
	return cmp.Or(t.texts.Add(r.TextID), t.groups.Add(r.Group), s.texts.Add(r.TextID))
}

// close removes what counting set aside on disk. The texts of all corpora are counted once more together: a text
// may stand in two.
func (t *tally) close() {
	t.texts.Close()
	t.groups.Close()
	for _, s := range t.corpora {
		s.texts.Close()
	}
}

// corporaList puts the corpora that the project knows first, in its order, then the others by name. So two cards of the
// same corpora can be laid beside each other, whatever the order of their rows.
func (t *tally) corporaList() ([]Corpus, error) {
	var out []Corpus
	// A corpus's texts are counted where it is listed: its Distinct may have to read its files back.
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
	for _, name := range slices.Sorted(maps.Keys(t.corpora)) {
		if !known[name] {
			if err := take(Corpus{Source: corpora.Source{Name: name}}, t.corpora[name]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// theoryList counts different values by where rows end, so a node and its parent are two.
func (t *tally) theoryList() (out []Theory) {
	for _, name := range slices.Sorted(maps.Keys(t.values)) {
		c := Theory{Theory: name, Values: len(t.values[name])}
		for _, n := range t.values[name] {
			c.Rows += n
		}
		out = append(out, c)
	}
	return out
}

// directionList keeps judged zeros and unjudged rows apart: their source differs.
//
//	mfrc mft  +1 annotated 900        supporting rows first
//	mfrc mft   0 judgement 12         judged, and neither good nor bad
//	mfrc mft   0 none 3194            not judged
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
// another release. Corpora of one licence stand behind it together, such as valueeval and social-chem behind
// CC BY-SA 4.0.
func (t *tally) licenceList() (out []Licence) {
	at := map[string]int{}
	byName := func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }
	for _, key := range slices.SortedFunc(maps.Keys(t.licences), byName) {
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
