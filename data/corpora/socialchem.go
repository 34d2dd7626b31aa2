package corpora

import (
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hives/data"
	"hives/data/theories"
)

// Columns of Social Chemistry that are read.
const (
	scFoundations = "rot-moral-foundations"
	scAction      = "action"
	scJudgement   = "action-moral-judgment"
	scRule        = "rot"
	scBad         = "rot-bad" // 1: the annotator called the rule confusing or of very low quality; may be absent
)

// socialChemFiles finds the tables; action_judgement.tsv lies beside them and has no foundations.
func socialChemFiles(dir string) ([]string, error) {
	paths, err := find(dir, "social_chem*.tsv", "*.tsv")
	return slices.DeleteFunc(paths, func(p string) bool { return strings.HasSuffix(p, "action_judgement.tsv") }), err
}

// readSocialChem makes a row of each foundation of a rule; the text is the action that was judged.
//
//	action               action-moral-judgment  rot                  rot-moral-foundations
//	lying to a friend    -1                     It's bad to lie.     care-harm|loyalty-betrayal
//
// becomes two rows of "lying to a friend", care/harm and loyalty/betrayal, both opposing, grouped by the rule.
func readSocialChem(c *collector) error {
	paths, err := socialChemFiles(c.In)
	if err != nil {
		return err
	}
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		if err := c.eachRule(path, []string{scFoundations, scAction, scJudgement, scRule}, c.judgedAction); err != nil {
			return err
		}
	}
	return nil
}

// eachRule reads one table. The authors' own file (social-chem-101.v1.0.tsv) was written by a data frame, with quotes
// around cells that hold quotes; the others have no quoting.
func (c *collector) eachRule(path string, columns []string, use func(record) error) error {
	if strings.HasPrefix(filepath.Base(path), "social-chem-101") {
		return c.eachRow(path, quotedTabs, columns, use)
	}
	return c.eachRow(path, plainTabs, columns, use)
}

// judgedAction reads one record. The judgement is of the action, not of the rule: "It's bad to lie" is a rule whose
// action, lying, is judged bad, so the action is the text that the direction is true of.
func (c *collector) judgedAction(r record) error {
	if bad, _ := r.first(scBad); bad == "1" {
		c.drop("rule that its annotator called bad")
		return nil
	}
	if strings.TrimSpace(r.get(scAction)) == "" {
		c.drop("rule without an action") // occurs in the whole corpus: nobody broke the rule down
		return nil
	}
	t, err := newText(r.get(scAction), r.get(scRule))
	if err != nil {
		return err
	}
	direction, source, err := judgement(r.get(scJudgement))
	if err != nil {
		return err
	}
	nodes, err := foundations(r.get(scFoundations))
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		c.drop("rule without a foundation")
	}
	for _, p := range nodes {
		c.graded(t, "mft", p, direction, source, grade(r.get(scJudgement)))
	}
	return nil
}

// judgement is the sign of a moral judgement of −2 to 2; a 0 was judged neutral, an empty cell was not judged.
// How strongly is grade's part: a row has a side, not a degree.
//
//	"2" "1.0"    supports, judgement
//	"-1"         opposes, judgement
//	"0"          0, judgement
//	""           0, none
//	"3" "bad"    a bad record
func judgement(cell string) (direction int32, source string, err error) {
	if cell == "" {
		return data.Neither, data.SourceNone, nil
	}
	x, err := strconv.ParseFloat(cell, 64) // "1.0": the table was written by a data frame
	if err != nil || math.IsNaN(x) || math.Abs(x) > 2 {
		return 0, "", wrongf("%s is not a number from -2 to 2", scJudgement)
	}
	switch {
	case x > 0:
		return data.Supports, data.SourceJudgement, nil
	case x < 0:
		return data.Opposes, data.SourceJudgement, nil
	}
	return data.Neither, data.SourceJudgement, nil
}

// grade keeps how strongly beside the row, for who ranks texts: "1.0" as 1. The cell is one that judgement took.
func grade(cell string) map[string]string {
	x, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return nil // nobody judged
	}
	return map[string]string{data.Grades: strconv.FormatFloat(x, 'g', -1, 64)}
}

// foundations reads names such as "care-harm|loyalty-betrayal". An empty cell is a rule without a foundation; an
// unknown name is a bad record, since the set of names is closed.
//
//	"care-harm|loyalty-betrayal|care-harm"     care/harm, loyalty/betrayal
func foundations(cell string) (out []theories.Path, err error) {
	for _, name := range strings.Split(cell, "|") {
		if name == "" {
			continue
		}
		p, err := theories.Builtin().Match("mft", theories.Path{name})
		if err != nil {
			return nil, wrongf("%s: %w", scFoundations, err)
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}
