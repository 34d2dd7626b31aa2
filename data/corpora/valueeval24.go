package corpora

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/internal/fault"
)

const (
	textID     = "Text-ID"
	sentenceID = "Sentence-ID"
)

// readValueEval24 reads sentences.tsv and labels.tsv of every split in the folder, or of the folder itself.
//
//	sentences.tsv   Text-ID  Sentence-ID  Text
//	labels.tsv      Text-ID  Sentence-ID  Security: societal attained  Security: societal constrained  …
//
//	attained 1, constrained 0      +1, annotated
//	attained 0, constrained 1      −1, annotated
//	.5 in both                      0, none: the value is meant, which way could not be said
//	1 in both                      both rows, which merging drops as a contradiction
func readValueEval24(c *collector) error {
	if !slices.Contains([]string{"", "english", "original"}, c.Text) {
		return fault.New(fault.Invalid, "text %q of ValueEval24: choose english or original", c.Text)
	}
	dirs, err := c.splits24()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		labels, err := c.labels24(filepath.Join(dir, "labels.tsv"))
		if err != nil {
			return err
		}
		if err := c.sentences(filepath.Join(dir, "sentences.tsv"), labels); err != nil {
			return err
		}
	}
	return nil
}

// splits24 lists the folders to read. Every split stands there twice, in nine languages and in English; reading
// both would make two texts of each sentence. The folder valueeval23 is left out: its authors filled attained and
// constrained from the stance, "somewhat arbitrarily".
func (c *collector) splits24() ([]string, error) {
	paths, err := find(c.In, "sentences.tsv", filepath.Join("*", "sentences.tsv"))
	if err != nil {
		return nil, err
	}
	// English is taken where it is there and nobody asked for the other.
	english := func(path string) bool { return strings.HasSuffix(filepath.Dir(path), "-english") }
	wantEnglish := c.Text == "english" || (c.Text == "" && slices.ContainsFunc(paths, english))
	var dirs []string // in the order of their names, as find gives them
	for _, path := range paths {
		dir := filepath.Dir(path)
		switch _, err := os.Stat(filepath.Join(dir, "labels.tsv")); {
		case filepath.Base(dir) == "valueeval23":
			c.note("folders of ValueEval'23 left out", 1)
		case len(paths) > 1 && english(path) != wantEnglish:
		case err != nil:
			c.note("splits without labels.tsv", 1)
		default:
			dirs = append(dirs, dir)
		}
	}
	if dirs == nil {
		return nil, fault.New(fault.NotFound, "%s: holds no folder with sentences.tsv and labels.tsv", c.In)
	}
	return dirs, nil
}

// claim24 is what a sentence says about one value.
//
//	attained 1, constrained 0     direction +1
//	.5 in both                    direction 0, unclear
type claim24 struct {
	value     int // place in the values of the header
	direction int32
	unclear   bool // refers to the value, but which way could not be said
}

// labels24 is a labels file. A sentence without a claim has an entry all the same: one that has none at all is missing
// from the file, and that is a fault.
type labels24 struct {
	values []string             // as the header names them
	of     map[string][]claim24 // sentence → its claims, nil for a sentence without
}

// sentenceKey joins the two files by both ids: sentences are numbered anew in each text.
func sentenceKey(r record) string { return r.get(textID) + "\t" + r.get(sentenceID) }

// labels24 reads a labels file. The values are taken from the header, so that a release with more of them is read
// and what names no node is counted.
func (c *collector) labels24(path string) (*labels24, error) {
	l := &labels24{of: map[string][]claim24{}}
	names, err := tableNames(path)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if value, ok := strings.CutSuffix(name, " attained"); ok {
			l.values = append(l.values, value)
		}
	}
	if l.values == nil {
		return nil, fault.New(fault.Invalid, "%s: has no column \"VALUE attained\"; is it a file of another corpus?", path)
	}
	columns := []string{textID, sentenceID}
	for _, v := range l.values {
		columns = append(columns, v+" constrained")
	}
	c.sum.Files = append(c.sum.Files, path)
	return l, c.eachRow(path, plainTabs, columns, func(r record) error {
		c.sum.Records-- // a record is a sentence; its labels are part of it
		key := sentenceKey(r)
		if _, twice := l.of[key]; twice {
			return wrongf("the sentence stands above")
		}
		claims, err := claims24(r, l.values)
		l.of[key] = claims
		return err
	})
}

// claims24 reads the pairs of columns of one sentence. Both must be read together: .5 says that the value is
// meant and its side unclear, and must stand in both; 1 in both is a contradiction, and becomes two rows that
// merging drops and counts.
func claims24(r record, values []string) (out []claim24, err error) {
	for i, value := range values {
		attained, err := share(r.get(value + " attained"))
		constrained, err2 := share(r.get(value + " constrained"))
		switch {
		case err != nil || err2 != nil || (attained == .5) != (constrained == .5):
			return nil, wrongf("%s is neither 0 nor 1, nor 0.5 in both columns", value)
		case attained == .5:
			out = append(out, claim24{value: i, unclear: true})
		}
		if attained == 1 {
			out = append(out, claim24{value: i, direction: data.Supports})
		}
		if constrained == 1 { // both: a contradiction, which merging drops and counts
			out = append(out, claim24{value: i, direction: data.Opposes})
		}
	}
	return out, nil
}

// share reads 0, 0.5 or 1 as they may be written. Other numbers are refused: a share of .3 would need a threshold
// that no author gave.
func share(cell string) (float64, error) {
	switch cell {
	case "0", "0.0":
		return 0, nil
	case "0.5":
		return .5, nil
	case "1", "1.0":
		return 1, nil
	}
	return 0, wrongf("is not 0, 0.5 or 1")
}

// sentences makes rows of the sentences of one split. A text's sentences are one group.
func (c *collector) sentences(path string, labels *labels24) error {
	c.sum.Files = append(c.sum.Files, path)
	return c.eachRow(path, plainTabs, []string{textID, sentenceID, "Text"}, func(r record) error {
		claims, ok := labels.of[sentenceKey(r)]
		if !ok {
			return wrongf("the sentence has no line in the labels file")
		}
		if len(claims) == 0 {
			c.drop("sentence without a value")
			return nil
		}
		t, err := newText(r.get("Text"), "valueeval24 "+r.get(textID))
		if err != nil {
			return err
		}
		for _, claim := range claims {
			c.claim24(t, labels.values[claim.value], claim)
		}
		return nil
	})
}

// claim24 makes a row of one claim. Unclear is none, not a judged 0: nobody said that the text is neutral.
func (c *collector) claim24(t text, value string, claim claim24) {
	l, known := lookUp("svt", value)
	source := data.SourceAnnotated
	if claim.unclear {
		source = data.SourceNone
	}
	if !known {
		c.miss(value)
		return
	}
	c.add(t, l.theory, l.path, claim.direction, source)
}
