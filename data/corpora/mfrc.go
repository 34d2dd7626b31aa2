package corpora

import (
	"strconv"

	"hives/data"
	"hives/data/theories"
)

// minAnnotators is how many annotators must have chosen a label: one alone may have slipped, and the comments have
// three labels or more, so two is a majority where three people read a comment.
const minAnnotators = 2

// mfrcLabel is a column of the table; no node: the label names none of the theory's.
type mfrcLabel struct{ column, node string }

// Equality and Proportionality are two halves of the older foundation Fairness. The hierarchy has a virtue
// "equality", but what annotators counted here is the foundation, so the path ends at level 1.
var mfrcLabels = []mfrcLabel{
	{"Care", "care/harm"},
	{"Equality", "fairness/cheating"},
	{"Proportionality", "fairness/cheating"},
	{"Loyalty", "loyalty/betrayal"},
	{"Authority", "authority/subversion"},
	{"Purity", "sanctity/degradation"},
	{"Thin Morality", ""},
	{"Non-Moral", ""},
}

// readMFRC reads the comments: as tables with the number of annotators for each label, or where there are none as
// the authors' CSV files with a row for each annotator.
//
//	text         Care  Equality  Proportionality  Loyalty …
//	a comment     2       1             0            3     →  rows care/harm and loyalty/betrayal
//
// Equality was one annotator's and is dropped. The rows have no direction: a foundation is voiced, for or
// against.
func readMFRC(c *collector) error {
	paths, err := find(c.In, "mfrc*.tsv", "*.tsv")
	if err != nil {
		if rows, none := find(c.In, "*.csv"); none == nil {
			return c.readAnnotators(rows)
		}
		return err
	}
	columns := []string{"text"}
	for _, l := range mfrcLabels {
		columns = append(columns, l.column)
	}
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		if err := c.eachRow(path, plainTabs, columns, c.comment); err != nil {
			return err
		}
	}
	return nil
}

// comment makes a row of each foundation that enough annotators chose.
func (c *collector) comment(r record) error {
	t, err := newText(r.get("text"), "")
	if err != nil {
		return err
	}
	votes, err := annotators(r)
	if err != nil {
		return err
	}
	c.voiced(t, votes)
	return nil
}

// voiced makes a row of each foundation of a comment.
func (c *collector) voiced(t text, votes []int) {
	nodes := c.chosen(votes)
	if len(nodes) == 0 {
		c.drop("comment without a foundation")
	}
	for _, node := range nodes {
		people := map[string]string{data.Annotators: strconv.Itoa(most(votes, node))}
		c.graded(t, "mft", theories.Path{node}, data.Neither, data.SourceNone, people)
	}
}

// most is how many people chose a foundation at the least: of its labels the one that most chose, since who chose both
// Equality and Proportionality would count twice in their sum.
//
//	Equality 2, Proportionality 3     fairness/cheating: 3, be they five people or three
func most(votes []int, node string) (people int) {
	for i, l := range mfrcLabels {
		if l.node == node {
			people = max(people, votes[i])
		}
	}
	return people
}

// annotators reads how many chose each label, by place in mfrcLabels.
func annotators(r record) ([]int, error) {
	// All counts are read before any label is dropped, so that a bad record is not counted twice.
	votes := make([]int, len(mfrcLabels))
	for i, l := range mfrcLabels {
		n, err := strconv.Atoi(r.get(l.column))
		if err != nil || n < 0 {
			return nil, wrongf("%s is not a number of annotators", l.column)
		}
		votes[i] = n
	}
	return votes, nil
}

// chosen lists the foundations of a comment, each once, and counts the labels that are left out.
//
//	Care 1, Equality 2, Proportionality 3, Non-Moral 2
//	fairness/cheating; dropped: one annotator's label, Non-Moral; noted: both halves of Fairness
func (c *collector) chosen(votes []int) []string {
	var nodes []string
	for i, l := range mfrcLabels {
		switch {
		case votes[i] == 0: // nobody chose it: nothing is dropped
		case votes[i] < minAnnotators:
			c.drop("label that one annotator chose")
		case l.node == "":
			c.drop("label " + l.column)
		case len(nodes) > 0 && nodes[len(nodes)-1] == l.node: // Equality and Proportionality are neighbours
			c.note("comments with both Equality and Proportionality", 1)
		default:
			nodes = append(nodes, l.node)
		}
	}
	return nodes
}
