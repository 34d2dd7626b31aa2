package survey

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Layouts of the published files.
const (
	Pew  = "pew"  // folders of waves: info.csv, metadata.csv, responses.csv
	List = "list" // a JSON list of rows, as Modular Pluralism published it
)

// Question is one that people answered with one of its options.
type Question struct {
	ID      string    `json:"id"`            // of its words and its options: the same in both layouts
	Words   string    `json:"words"`         // id of its words alone: what must not stand on both sides of a division
	Key     string    `json:"key,omitempty"` // Pew's: wave and column
	Text    string    `json:"text"`
	Options []string  `json:"options"`
	Ordinal []float64 `json:"ordinal"` // where the options lie on a scale; of a list, which does not say, 1, 2, 3 …
}

// Row is how one group answered one question.
type Row struct {
	Question, Group int       // their places in the survey
	Shares          []float64 // of the options, sum 1
}

// Survey is what was read.
type Survey struct {
	Layout    string
	Questions []Question
	Groups    []Group // the 22
	Rows      []Row   // at most one of a group and a question; by question, then by group
	Skipped   []Skip  // by reason
}

// Skip is how often something was left out for a reason, and where first.
type Skip struct {
	Reason string `json:"reason"`
	N      int    `json:"n"`
	First  string `json:"first"`
}

// Read reads a survey by what the path is: a folder is Pew's, a file the list.
func Read(path string) (*Survey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	b := &builder{survey: &Survey{Groups: Groups()}, question: map[string]int{}, row: map[[2]int]bool{}}
	if info.IsDir() {
		b.survey.Layout = Pew
		err = b.readPew(path)
	} else {
		b.survey.Layout = List
		err = b.readList(path)
	}
	if err != nil {
		return nil, err
	}
	if len(b.survey.Rows) == 0 {
		return nil, fault.New(fault.Invalid, "%s: holds no row of the 22 groups that can be used%s", path, b.reasons())
	}
	b.sort()
	return b.survey, nil
}

// Asked is the question as a person or a model sees it, its options in an order: order[i] is the option that gets the
// i-th letter. nil is their own order.
//
//	Question: Are you content?
//	Options: A. Yes B. No
//	Answer:
func (q Question) Asked(order []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Question: %s\nOptions:", q.Text)
	for i := range q.Options {
		option := i
		if order != nil {
			option = order[i]
		}
		fmt.Fprintf(&b, " %c. %s", 'A'+i, q.Options[option])
	}
	return b.String() + "\nAnswer:"
}

// builder collects rows.
type builder struct {
	survey   *Survey
	question map[string]int  // by id
	row      map[[2]int]bool // question and group
}

// skip counts what is left out.
func (b *builder) skip(reason, where string) {
	for i := range b.survey.Skipped {
		if s := &b.survey.Skipped[i]; s.Reason == reason {
			s.N++
			return
		}
	}
	b.survey.Skipped = append(b.survey.Skipped, Skip{reason, 1, where})
}

// reasons are for an error: what was wrong with all rows.
func (b *builder) reasons() (text string) {
	for _, s := range b.survey.Skipped {
		text += fmt.Sprintf("; %d: %s (first: %s)", s.N, s.Reason, s.First)
	}
	return text
}

// mostOptions is how many letters there are.
const mostOptions = 26

// add takes one row, or says why not. Ordinals come with a question; a row that gives a question other ordinals than
// the first one is left out.
func (b *builder) add(q Question, attribute string, shares []float64, where string) {
	group := find(attribute)
	sum := 0.
	for _, p := range shares {
		sum += p
	}
	wrong := func(p float64) bool { return !(p >= 0) || math.IsInf(p, 0) }
	switch {
	case group < 0:
		b.skip("the group is none of the 22", where)
	case len(q.Options) < 2:
		b.skip("the question has fewer than two options", where)
	case len(q.Options) > mostOptions:
		b.skip("the question has more options than there are letters", where)
	case len(shares) != len(q.Options):
		b.skip("options and shares are of two lengths", where)
	case slices.ContainsFunc(shares, wrong):
		b.skip("a share is negative or no number", where)
	case math.Abs(sum-1) > 1e-3:
		b.skip("the shares do not sum to 1", where)
	default:
		at := b.place(q)
		key := [2]int{at, group}
		if b.row[key] {
			b.skip("the group has a row of this question already", where)
			return
		}
		b.row[key] = true
		own := slices.Clone(shares)
		for i := range own {
			own[i] /= sum
		}
		b.survey.Rows = append(b.survey.Rows, Row{at, group, own})
	}
}

// place is a question's number; a new one is named by its words and options.
func (b *builder) place(q Question) int {
	q.Words = data.TextID(q.Text)
	q.ID = data.TextID(q.Text + "\n" + strings.Join(q.Options, "\n"))
	at, known := b.question[q.ID]
	if !known {
		at = len(b.survey.Questions)
		b.question[q.ID] = at
		b.survey.Questions = append(b.survey.Questions, q)
	}
	return at
}

// sort puts questions in the order of their ids and rows by question and group, so that a file in another order is the
// same survey.
func (b *builder) sort() {
	order := make([]int, len(b.survey.Questions))
	for i := range order {
		order[i] = i
	}
	old := b.survey.Questions
	slices.SortFunc(order, func(x, y int) int { return strings.Compare(old[x].ID, old[y].ID) })
	place := make([]int, len(order))
	b.survey.Questions = nil
	for at, i := range order {
		place[i] = at
		b.survey.Questions = append(b.survey.Questions, old[i])
	}
	for i := range b.survey.Rows {
		b.survey.Rows[i].Question = place[b.survey.Rows[i].Question]
	}
	slices.SortFunc(b.survey.Rows, func(x, y Row) int {
		if x.Question != y.Question {
			return x.Question - y.Question
		}
		return x.Group - y.Group
	})
	slices.SortFunc(b.survey.Skipped, func(x, y Skip) int { return strings.Compare(x.Reason, y.Reason) })
}

// exists tells whether a file is there.
func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeDir == 0
}
