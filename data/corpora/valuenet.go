package corpora

import (
	"path/filepath"
	"strconv"
	"strings"

	"hives/data"
	"hives/internal/fault"
)

// readValueNet reads every CSV of scenarios: one file a value, or splits whose scenarios begin with "[VALUE]".
//
//	achievement.csv    scenario,label                            train.csv   scenario,label
//	                   I finished the race first,1                           [ACHIEVEMENT] I gave up,-1
//
// Both are rows of svt achievement, the first supporting, the second opposing.
func readValueNet(c *collector) error {
	if c.Zero != "" && c.Zero != "drop" && c.Zero != "keep" {
		return fault.New(fault.Invalid, "zero %q of ValueNet: choose drop or keep", c.Zero)
	}
	paths, err := find(c.In, "*.csv")
	if err != nil {
		return err
	}
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		value := valueOfFile(path)
		err := c.eachRow(path, quoted, []string{"scenario", "label"}, func(r record) error { return c.scenario(r, value) })
		if err != nil {
			return err
		}
	}
	return nil
}

// valueOfFile is the value that a file's name gives: "achievement.csv", also "achievement_train.csv". A file of a split
// whose scenarios name their values, such as train.csv, gives "train", which is no value: scenario then wants brackets.
func valueOfFile(path string) string {
	stem := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	for _, split := range []string{"_train", "_eval", "_test"} {
		stem = strings.TrimSuffix(stem, split)
	}
	return stem
}

// scenario makes a row of one annotated scenario. A value in brackets before the text decides over the file's
// name, and is taken off the text: a model would otherwise read the label.
func (c *collector) scenario(r record, value string) error {
	raw := strings.TrimSpace(r.get("scenario"))
	inText := strings.HasPrefix(raw, "[")
	if inText {
		name, rest, closed := strings.Cut(raw[1:], "]")
		if !closed {
			return wrongf("the scenario begins with [ but does not close it")
		}
		value, raw = name, rest
	}
	t, err := newText(raw, "")
	if err != nil {
		return err
	}
	direction, err := sign(r.get("label"))
	if err != nil {
		return err
	}
	l, known := lookUp("svt", value)
	switch {
	case !known && !inText: // such as train.csv without the prefix: the form is another one
		return wrongf("neither the scenario nor the file's name gives a value of svt")
	case !known:
		c.miss(value) // a word in brackets that is no value
	case direction == 0 && c.Zero != "keep":
		// A 0 says that the scenario has nothing to do with the value, while a row says that it has.
		c.drop("scenario unrelated to the value (label 0)")
	default:
		c.add(t, l.theory, l.path, direction, data.SourceAnnotated)
	}
	return nil
}

// sign reads a label of -1, 0 or 1, also as "1.0", which is how pandas writes a column that once had gaps. NaN is none
// of the three, since it equals nothing.
func sign(cell string) (int32, error) {
	x, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	if err != nil || (x != -1 && x != 0 && x != 1) {
		return 0, wrongf("the label is not -1, 0 or 1")
	}
	return int32(x), nil
}
