package vidb

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/textfile"
)

// What the authors' files lack is said where it is missed: no utilities, so no map to logits and no errors; no orders,
// so no fit; no directions, so no neutral point. Their pool's hash is of the texts as they are here.

// authorsFile is how the paper's authors name a value's file: benevolence_pvq_flag_aggregated.csv.
var authorsFile = regexp.MustCompile(`^(.+)_([a-z]+)_flag_aggregated\.csv$`)

// authorsTheories are the names that the authors give theories.
var authorsTheories = map[string]string{
	"pvq": "svt", "svt": "svt", "mft": "mft", "duty": "duty", "duties": "duty", "right": "right", "rights": "right",
}

// authorsLicence is that of their training CSV, whose source corpora their texts come from.
const authorsLicence = "non-commercial research; source corpora's terms"

// ImportAuthors reads the final ratings that the paper's authors published, a file a value, into a database. They give
// scores and no utilities: what needs logits refuses such a value, and the paper's own estimate takes the scores.
//
//	benevolence_pvq_flag_aggregated.csv
//	text,final_rating
//	helping a friend,7.5     a text of svt benevolence, final 7.5, accepted, without utility
func ImportAuthors(folder, path string, known theories.Set) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_flag_aggregated.csv"))
	if err != nil || len(files) == 0 {
		return nil, fault.New(fault.NotFound, "%s: holds no file named {value}_{theory}_flag_aggregated.csv", folder)
	}
	var values []*Value
	var ids []string
	for _, file := range files {
		v, err := authorsValue(file, known)
		if err != nil {
			return nil, err
		}
		if slices.Contains(ids, v.ValueID) {
			return nil, fault.New(fault.Invalid, "%s: a second file of %s: keep one", file, v.ValueID)
		}
		values, ids = append(values, v), append(ids, v.ValueID)
	}
	return ids, Save(path, values...)
}

// authorsValue reads one file. A text that stands twice keeps its first rating. The definition's hash is that of the
// theory at hand: the authors' words are not known, and Current must have something to hold to.
func authorsValue(file string, known theories.Set) (*Value, error) {
	m := authorsFile.FindStringSubmatch(filepath.Base(file))
	if m == nil {
		return nil, fault.New(fault.Invalid, "%s: is not named {value}_{theory}_flag_aggregated.csv", file)
	}
	theory, ok := authorsTheories[m[2]]
	nodes := known.Resolve(theory, m[1])
	if !ok || len(nodes) == 0 {
		return nil, fault.New(fault.Invalid, "%s: theory %q has no value %q: rename the file", file, m[2], m[1])
	}
	d, err := define(theories.ValueID(theory, nodes[0]), known)
	if err != nil {
		return nil, err
	}
	nan := math.NaN()
	v := &Value{known: known, About: About{
		ValueID: theories.ValueID(theory, nodes[0]), Run: "authors", DefinitionHash: d.hash, Calibration: intensity.ZScore,
		Mean: nan, MaxAbs: nan, Neutral: nan, Judges: []Juror{}, Licence: "non-commercial; " + authorsLicence,
		Report: Report{Imported: filepath.Base(file)},
	}}
	if err := v.readAuthors(file); err != nil {
		return nil, err
	}
	v.PoolHash = poolHash(v.Texts)
	return v, nil
}

// readAuthors takes the columns text and final_rating. Texts are cleaned as importers do, so that one found in rows
// as well has the same id.
func (v *Value) readAuthors(file string) error {
	t, err := textfile.OpenTable(file, textfile.Dialect{})
	if err != nil {
		return err
	}
	defer t.Close()
	text, rating := slices.Index(t.Names, "text"), slices.Index(t.Names, "final_rating")
	if text < 0 || rating < 0 {
		return fault.New(fault.Corrupt, "%s: has no column text or none of final_rating", file)
	}
	scores := map[string]Score{}
	for row := 1; ; row++ {
		cells, line, err := t.Next()
		if err == io.EOF {
			break
		}
		bad := func(reason string) error {
			return fault.New(fault.Corrupt, "%s: row %d (line %d): %s", file, row, line, reason)
		}
		if err != nil {
			return bad(err.Error())
		}
		x, err := strconv.ParseFloat(strings.TrimSpace(cells[rating]), 64)
		if err != nil || !(math.Abs(x) <= intensity.Limit) {
			return bad(fmt.Sprintf("final_rating is no number from -%d to %d", intensity.Limit, intensity.Limit))
		}
		clean := data.CleanText(cells[text])
		id := data.TextID(clean)
		if clean == "" {
			return bad("the text is empty")
		}
		if _, twice := scores[id]; twice {
			continue
		}
		s := unscored()
		s.Score, s.Final, s.Status = x, x, Accepted
		scores[id] = s
		v.Texts = append(v.Texts, Text{ID: id, Text: clean, Group: id, Corpus: "valueflow", Licence: authorsLicence})
	}
	if len(v.Texts) < 2 {
		return fault.New(fault.Invalid, "%s: rates %d texts: two are the fewest that can be anchors", file, len(v.Texts))
	}
	slices.SortFunc(v.Texts, func(a, b Text) int { return strings.Compare(a.ID, b.ID) })
	for _, t := range v.Texts {
		v.Scores = append(v.Scores, scores[t.ID])
	}
	return nil
}
