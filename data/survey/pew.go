package survey

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/textfile"
)

// Files of a wave.
const (
	infoFile      = "info.csv"      // key, question, references, option_ordinal
	metadataFile  = "metadata.csv"  // key, options: which groups an attribute has
	responsesFile = "responses.csv" // a row a person: answers as text, attributes, a weight
)

// readPew reads a wave, or all waves below a folder, by their names.
func (b *builder) readPew(dir string) error {
	if exists(filepath.Join(dir, infoFile)) {
		return b.readWave(dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fsutil.Classify(err, dir)
	}
	waves := 0
	for _, e := range entries {
		wave := filepath.Join(dir, e.Name())
		switch {
		case !e.IsDir() || !exists(filepath.Join(wave, infoFile)):
			continue
		case !exists(filepath.Join(wave, responsesFile)): // such as the 500 questions of most disagreement
			b.skip("the wave has no "+responsesFile, e.Name())
			continue
		}
		if err := b.readWave(wave); err != nil {
			return err
		}
		waves++
	}
	if waves == 0 {
		return fault.New(fault.Invalid, "%s: holds neither %s nor folders of waves with %s and %s", dir, infoFile, infoFile,
			responsesFile)
	}
	return nil
}

// wave is one on its way.
type wave struct {
	dir       string
	questions []asked
	groups    map[string][]string // of an attribute, as metadata lists them
}

// asked is a question of a wave with its answers so far.
type asked struct {
	Question
	sums map[string][]float64 // weights by attribute and option
	seen map[string]int       // cells so far, and which option each is
}

// waveName finds the wave's number in the name of its folder.
var waveName = regexp.MustCompile(`_W(\d+)$`)

func (b *builder) readWave(dir string) error {
	w := &wave{dir: dir}
	if err := errors.Join(w.info(b), w.metadata()); err != nil {
		return err
	}
	if err := w.responses(b); err != nil {
		return err
	}
	for _, q := range w.questions {
		for _, g := range groups {
			weights, sum := q.sums[g.Attribute()], 0.
			for _, x := range weights {
				sum += x
			}
			if sum == 0 {
				continue // nobody of the group was asked, or all refused
			}
			for i := range weights {
				weights[i] /= sum
			}
			b.add(q.Question, g.Attribute(), weights, q.Key)
		}
	}
	return nil
}

// table reads named columns of a file row by row. A row that cannot be read is an error: a share from what is left
// would look like any other.
func (w *wave) table(name string, need []string, use func(cells map[string]string, line int) error) error {
	path := filepath.Join(w.dir, name)
	t, err := textfile.OpenTable(path, textfile.Dialect{Comma: ','})
	if err != nil {
		return err
	}
	defer t.Close()
	places := map[string]int{}
	for _, column := range need {
		if places[column] = slices.Index(t.Names, column); places[column] < 0 {
			return fault.New(fault.Invalid, "%s: there is no column %q; %s", path, column, t.Seen())
		}
	}
	for {
		cells, line, err := t.Next()
		if err == io.EOF {
			return nil
		}
		var bad *textfile.RowError
		if errors.As(err, &bad) {
			return fault.New(fault.Corrupt, "%s: line %d: %s", path, bad.Line, bad.Reason)
		} else if err != nil {
			return err
		}
		own := map[string]string{}
		for column, at := range places {
			own[column] = cells[at]
		}
		if err := use(own, line); err != nil {
			return fault.New(max(fault.Of(err), fault.Invalid), "%s: line %d: %w", path, line, err)
		}
	}
}

// info reads the questions. The references end with the refusals, which have no ordinal: they are no options.
//
//	references ['A lot', 'Not much', 'Refused'], option_ordinal [1.0, 2.0]     A lot, Not much
func (w *wave) info(b *builder) error {
	need := []string{"key", "question", "references", "option_ordinal"}
	return w.table(infoFile, need, func(cells map[string]string, line int) error {
		references, err := pythonList(cells["references"])
		if err != nil {
			return fmt.Errorf("references: %w", err)
		}
		ordinals, err := pythonList(cells["option_ordinal"])
		if err != nil {
			return fmt.Errorf("option_ordinal: %w", err)
		}
		if len(ordinals) > len(references) {
			return fmt.Errorf("%d ordinals of %d references", len(ordinals), len(references))
		}
		q := Question{Key: filepath.Base(w.dir) + "/" + cells["key"], Text: data.CleanText(cells["question"])}
		for i, text := range ordinals {
			x, err := strconv.ParseFloat(text, 64)
			if err != nil || x-x != 0 {
				return fmt.Errorf("option_ordinal: %q is no number", text)
			}
			q.Options, q.Ordinal = append(q.Options, data.CleanText(references[i])), append(q.Ordinal, x)
		}
		if slices.ContainsFunc(w.questions, func(o asked) bool { return o.Key == q.Key }) {
			return fmt.Errorf("key %q stands twice", cells["key"])
		}
		w.questions = append(w.questions, asked{q, map[string][]float64{}, map[string]int{}})
		return nil
	})
}

// metadata reads which groups an attribute has. An answer of people beyond them is nobody's.
func (w *wave) metadata() error {
	w.groups = map[string][]string{}
	return w.table(metadataFile, []string{"key", "options"}, func(cells map[string]string, line int) error {
		options, err := pythonList(cells["options"])
		if err != nil {
			return fmt.Errorf("options: %w", err)
		}
		w.groups[cells["key"]] = options
		return nil
	})
}

// responses adds up weights. A cell without text is a question that a person was not asked; an answer that is a
// refusal, or none of the references, counts for no option.
func (w *wave) responses(b *builder) error {
	weight, err := w.weightColumn()
	if err != nil {
		return err
	}
	need := []string{weight}
	for _, category := range Categories {
		if len(w.groups[category]) > 0 {
			need = append(need, category)
		}
	}
	for _, q := range w.questions {
		need = append(need, w.key(q))
	}
	return w.table(responsesFile, need, func(cells map[string]string, line int) error {
		where := fmt.Sprintf("%s line %d", filepath.Base(w.dir), line)
		heavy, err := strconv.ParseFloat(strings.TrimSpace(cells[weight]), 64)
		if err != nil || !(heavy >= 0) || heavy-heavy != 0 {
			b.skip("a person's weight is negative or no number", where)
			return nil
		}
		var attributes []string
		for _, category := range Categories {
			if label := cells[category]; slices.Contains(w.groups[category], label) {
				attributes = append(attributes, category+"_"+label)
			}
		}
		for _, q := range w.questions {
			if at := q.option(cells[w.key(q)]); at >= 0 {
				q.count(attributes, at, heavy)
			}
		}
		return nil
	})
}

// option is which of the options a cell names, −1 of none. A wave has a million cells and a few hundred different ones,
// so each is cleaned once.
func (q asked) option(cell string) int {
	at, known := q.seen[cell]
	if !known {
		at = slices.Index(q.Options, data.CleanText(cell))
		q.seen[cell] = at
	}
	return at
}

// count adds a person's answer to those of the person's groups.
func (q asked) count(attributes []string, option int, weight float64) {
	for _, attribute := range attributes {
		if q.sums[attribute] == nil {
			q.sums[attribute] = make([]float64, len(q.Options))
		}
		q.sums[attribute][option] += weight
	}
}

// key is a question's column.
func (w *wave) key(q asked) string { return strings.TrimPrefix(q.Key, filepath.Base(w.dir)+"/") }

// weightColumn finds the one column of weights: WEIGHT_W26 of wave 26. Several, or that of another wave, would weigh
// people for something else.
func (w *wave) weightColumn() (string, error) {
	path := filepath.Join(w.dir, responsesFile)
	t, err := textfile.OpenTable(path, textfile.Dialect{Comma: ','})
	if err != nil {
		return "", err
	}
	defer t.Close()
	want, found := "WEIGHT_W", []string(nil)
	if m := waveName.FindStringSubmatch(filepath.Base(w.dir)); m != nil {
		want += m[1]
	}
	for _, name := range t.Names {
		if name == want || want == "WEIGHT_W" && strings.HasPrefix(name, want) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", fault.New(fault.Invalid, "%s: wants one column of weights named %s and has %d: name the folder …_W26 "+
			"after its wave", path, want, len(found))
	}
	return found[0], nil
}
