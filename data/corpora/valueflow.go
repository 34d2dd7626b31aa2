package corpora

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"hives/data"
	"hives/data/theories"
)

// flowTheories are the names that the authors' code gives the theories, beyond ours.
var flowTheories = map[string]string{"pvq": "svt", "rights": "right", "duties": "duty"}

// flowRoots stand above level 1 in the authors' hierarchy files; a path that begins with them is ours without them.
var flowRoots = []string{"root", "growth", "self-protection", "ross_duties", "human_rights"}

// flowDirections are the words for a direction. The authors number them by first appearance, which depends on the
// order of rows; here a word has its meaning, or the record is refused.
var flowDirections = map[string]int32{
	"support": data.Supports, "supports": data.Supports, "1": data.Supports, "1.0": data.Supports, "+1": data.Supports,
	"oppose": data.Opposes, "opposes": data.Opposes, "-1": data.Opposes, "-1.0": data.Opposes,
	"neutral": data.Neither, "0": data.Neither, "0.0": data.Neither,
}

// readValueFlow reads the training CSV of the paper's authors.
//
//	text,theory,level_1,level_2,level_3,direction,selected_individual,selected_anchor
//	…,pvq,growth,openness to change,hedonism,support,"Enjoying a meal.",17
//
// becomes a row of svt "openness to change / hedonism" (growth stands above our level 1), +1, individual anchor 0
// (the first sentence of that column), theory anchor 17 (a number stays).
func readValueFlow(c *collector) error {
	paths, err := find(c.In, "*.csv")
	if err != nil {
		return err
	}
	// The banks are numbered over all files of the folder.
	banks := [2]anchorBank{{column: "selected_individual"}, {column: "selected_anchor"}}
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		columns := []string{"text", "theory", "level_1", "level_2", "level_3", "direction"}
		err := c.eachRow(path, quoted, columns, func(r record) error { return c.flowRow(r, &banks) })
		if err != nil {
			return err
		}
	}
	for _, b := range banks {
		if len(b.ids) > 0 {
			c.note("sentences of "+b.column+" numbered by first appearance", len(b.ids))
		}
	}
	return nil
}

// flowRow makes a row of a row.
func (c *collector) flowRow(r record, banks *[2]anchorBank) error {
	t, err := newText(r.get("text"), "")
	if err != nil {
		return err
	}
	direction, ok := flowDirections[strings.ToLower(strings.TrimSpace(r.get("direction")))]
	if !ok {
		return wrongf("direction is not -1, 0, 1, oppose, neutral or support")
	}
	// Ids are read before the path is looked up: a sentence is numbered by its first appearance, in a row that is
	// left out too.
	var ids [2]int32
	for i := range banks {
		if ids[i], err = banks[i].id(r); err != nil {
			return err
		}
	}
	theory, path, known := flowPath(r, c.Theories)
	if !known {
		c.miss(theory + "/" + strings.Join(path[:], "/"))
		return nil
	}
	source := data.SourceAnnotated
	if direction == data.Neither {
		source = data.SourceNone // the file does not tell a judged 0 from none
	}
	c.put(&data.Row{
		Text: t.clean, Theory: theory, Level1: path[0], Level2: path[1], Level3: path[2],
		Direction: direction, DirectionSource: source, IndividualAnchor: ids[0], TheoryAnchor: ids[1],
		TextID: t.id, Group: t.group, Corpus: c.Name, Licence: c.Licence,
	})
	return nil
}

// flowPath reads the path, spelled as our hierarchies do; an unknown one comes back as it stands.
//
//	pvq     growth, openness to change, hedonism     svt openness to change / hedonism
//	duties  ross_duties, fidelity, nan               duty fidelity
func flowPath(r record, known theories.Set) (theory string, path theories.Path, found bool) {
	theory = strings.ToLower(strings.TrimSpace(r.get("theory")))
	if ours, ok := flowTheories[theory]; ok {
		theory = ours
	}
	var names []string // the path without what stands above level 1 with us
	for _, column := range []string{"level_1", "level_2", "level_3"} {
		name, _ := r.first(column)
		switch low := strings.ToLower(name); {
		case name == "" || low == "none" || low == "nan": // how Python writes an absent level
		case len(names) == 0 && slices.Contains(flowRoots, low):
		default:
			names = append(names, name)
		}
	}
	copy(path[:], names)
	node, err := known.Match(theory, path)
	if err != nil {
		return theory, path, false
	}
	return theory, known.Canonical(theory, node), true
}

// anchorBank numbers the anchors of one column. Numbers stay; sentences are numbered by first appearance, as the
// authors' code does when it loads the file. A column that mixes the two is refused: number 3 and the fourth
// sentence would be one anchor.
type anchorBank struct {
	column string           // as the authors call it
	ids    map[string]int32 // nil as long as numbers come
	number bool             // a number came first, so sentences are refused
}

// id reads a cell; an absent column, an empty cell and -1 are no anchor.
func (b *anchorBank) id(r record) (int32, error) {
	cell, ok := r.first(b.column)
	if !ok || cell == "" || strings.EqualFold(cell, "nan") || cell == "-1" {
		return data.NoAnchor, nil
	}
	x, err := strconv.ParseFloat(cell, 64)
	if whole := err == nil && x >= 0 && x == math.Trunc(x) && x <= math.MaxInt32; whole && b.ids == nil {
		b.number = true
		return int32(x), nil
	}
	if b.number {
		return 0, wrongf("%s is a sentence, but rows above have numbers", b.column)
	}
	if b.ids == nil {
		b.ids = map[string]int32{}
	}
	id, known := b.ids[cell]
	if !known {
		id = int32(len(b.ids))
		b.ids[cell] = id
	}
	return id, nil
}
