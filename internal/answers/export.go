package answers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fsutil"
	"hives/ranking"
)

// Conditions: whether a row says which attitude its answer has.
const (
	ConditionNone   = "none"   // one model a level: the weights alone say it
	ConditionSystem = "system" // one model for all levels: a system message says value and level
)

// Balances: how many questions each value has in a set of several.
const (
	BalanceNone  = "none"  // as many as there are
	BalanceEqual = "equal" // as many as the value with the fewest
)

// ExportJob is hives vcai export-sft.
type ExportJob struct {
	In            string // a folder of hives vcai build, or its file of answers
	Out           string // .jsonl
	Decomposition string // "": our own; names values
	Known         theories.Set
	Levels        []Level
	Values        []string
	Condition     string
	Balance       string
	Split         data.SplitOptions
}

// DefaultExport is one level, without a condition, in the usual split.
func DefaultExport() ExportJob {
	return ExportJob{Condition: ConditionNone, Balance: BalanceNone, Split: data.DefaultSplit()}
}

// Message and sftRow are a line of the file, as train --stage=sft reads it (docs/SFT.md).
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type sftRow struct {
	Messages   []message `json:"messages"`
	ValueID    string    `json:"value_id"`
	Level      int32     `json:"level"`
	QuestionID string    `json:"question_id"`
	Group      string    `json:"group"`
	Split      string    `json:"split"`
}

// Exported says what was written.
type Exported struct {
	Rows      int            `json:"rows"`
	Parts     map[string]int `json:"parts"`  // rows by split
	Values    map[string]int `json:"values"` // rows to train on by value
	Opposite  int            `json:"opposite"`
	Exhausted int            `json:"exhausted"` // rows to train on whose answer is only the nearest of its search
	Sources   []Source       `json:"sources"`
}

// Export writes answers as rows to train on.
//
// Invariant: a group is in one part, whatever levels and values are exported, since the split sees all rows of the
// file. So an expert for +2 and one for −2 hold out the same questions.
//
// Without a condition a model learns one level. Its held-out parts also hold the answers of the opposite level, by
// which a validation compares (ln p of +2 less ln p of −2); it trains on none of them.
func Export(j ExportJob) (*Exported, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	d, err := ReadDecomposition(j.Decomposition, j.Known)
	if err != nil {
		return nil, err
	}
	values, err := d.Select(j.Values)
	if err != nil {
		return nil, err
	}
	rows, err := ReadRows(j.In)
	if err != nil {
		return nil, err
	}
	part, err := j.parts(rows)
	if err != nil {
		return nil, err
	}
	if rows, err = j.choose(rows, part, values, len(j.Values) > 0); err != nil {
		return nil, err
	}
	return j.write(rows, part, d)
}

func (j ExportJob) check() error {
	switch {
	case len(j.Levels) == 0:
		return usage("no level is asked for: give --level +2, say")
	case j.Condition != ConditionNone && j.Condition != ConditionSystem:
		return usage("--condition %q: want %s or %s", j.Condition, ConditionNone, ConditionSystem)
	case j.Condition == ConditionNone && len(j.Levels) > 1:
		return usage("%d levels without a condition would teach one question several answers: give one --level, or "+
			"--condition %s", len(j.Levels), ConditionSystem)
	case j.Balance != BalanceNone && j.Balance != BalanceEqual:
		return usage("--balance %q: want %s or %s", j.Balance, BalanceNone, BalanceEqual)
	case !strings.HasSuffix(j.Out, ".jsonl"):
		return usage("--out %s: want a name that ends in .jsonl", j.Out)
	}
	return j.Split.Validate()
}

// parts deals every question of the file to training, validation or test, by group and text. All rows of the file take
// part, whatever is exported of them: a question's part must not hang on which level an expert is to learn.
func (j ExportJob) parts(rows []Row) (map[string]int, error) {
	var all []data.Row
	for _, r := range rows {
		all = append(all, data.Row{Text: r.QuestionID, TextID: r.TextID, Group: r.Group})
	}
	dealt, err := data.Split(all, j.Split)
	out := map[string]int{}
	for p, list := range dealt {
		for _, r := range list {
			out[r.Text] = p
		}
	}
	return out, err
}

// choose keeps the rows of the levels and values, and of the opposite level those that are held out. With --balance
// equal each value keeps as many questions to train on as the one with the fewest, drawn by seed.
//
//	--level +2      question  part         −2    −1   0    +1   +2
//	                q1        train                             kept
//	                q2        validation   kept                 kept     compared: ln p(+2) − ln p(−2)
//
//	--balance equal: benevolence has 40 questions to train on, power 31     31 of each; held-out ones stay as they are
func (j ExportJob) choose(rows []Row, part map[string]int, values []*Value, named bool) ([]Row, error) {
	wanted := map[string]bool{}
	for _, v := range values {
		wanted[v.ID] = true
	}
	train := map[string][]string{} // questions by value
	rows = slices.DeleteFunc(rows, func(r Row) bool {
		if named && !wanted[r.ValueID] {
			return true
		}
		asked := slices.Contains(j.Levels, Level(r.Level))
		held := part[r.QuestionID] != data.Train
		if asked && !held && !slices.Contains(train[r.ValueID], r.QuestionID) {
			train[r.ValueID] = append(train[r.ValueID], r.QuestionID)
		}
		return !asked && !(held && j.Condition == ConditionNone && Level(r.Level) == -j.Levels[0])
	})
	for _, v := range values {
		if named && len(train[v.ID]) == 0 {
			return nil, usage("%s has no answer of %s at level %v to train on", j.In, v.Name, j.Levels)
		}
	}
	if len(train) == 0 {
		return nil, usage("%s has no answer at level %v to train on", j.In, j.Levels)
	}
	if j.Balance == BalanceNone {
		return rows, nil
	}
	least := -1
	for _, list := range train {
		if least < 0 || len(list) < least {
			least = len(list)
		}
	}
	kept := map[string]bool{}
	for id, list := range train {
		slices.Sort(list)
		for _, at := range ranking.Stream("vcai balance", j.Split.Seed, id).Perm(len(list))[:least] {
			kept[id+" "+list[at]] = true
		}
	}
	return slices.DeleteFunc(rows, func(r Row) bool {
		return part[r.QuestionID] == data.Train && !kept[r.ValueID+" "+r.QuestionID]
	}), nil
}

// write shuffles the rows by seed, so that a set of several values has them mixed, and writes the file.
func (j ExportJob) write(rows []Row, part map[string]int, d *Decomposition) (*Exported, error) {
	template, err := prompts.Load("condition.v1")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.ValueID, b.ValueID), cmp.Compare(a.QuestionID, b.QuestionID),
			cmp.Compare(a.Level, b.Level))
	})
	ranking.Stream("vcai export", j.Split.Seed).Shuffle(len(rows), func(a, b int) { rows[a], rows[b] = rows[b], rows[a] })
	out := &Exported{Rows: len(rows), Parts: map[string]int{}, Values: map[string]int{}, Sources: sourcesOf(rows)}
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		line := sftRow{ValueID: r.ValueID, Level: r.Level, QuestionID: r.QuestionID, Group: r.Group,
			Split: data.PartNames[part[r.QuestionID]]}
		if j.Condition == ConditionSystem {
			v, err := d.Find(r.ValueID)
			if err != nil {
				return nil, fmt.Errorf("the decomposition names no value of a row (give --decomposition): %w", err)
			}
			system, err := template.Block("system", newView(v, Level(r.Level)))
			if err != nil {
				return nil, err
			}
			line.Messages = append(line.Messages, message{"system", system})
		}
		line.Messages = append(line.Messages, message{"user", r.Question}, message{"assistant", r.Answer})
		if err := enc.Encode(line); err != nil {
			return nil, err
		}
		out.Parts[line.Split]++
		switch {
		case !slices.Contains(j.Levels, Level(r.Level)):
			out.Opposite++
		case part[r.QuestionID] == data.Train:
			out.Values[r.ValueID]++
			if r.Stop != "accepted" {
				out.Exhausted++
			}
		}
	}
	return out, fsutil.WriteFile(j.Out, func(w io.Writer) error {
		_, err := w.Write(lines.Bytes())
		return err
	})
}

// Write prints what was exported.
func (e *Exported) Write(w io.Writer) error {
	part := func(p int) int { return e.Parts[data.PartNames[p]] }
	fmt.Fprintf(w, "%d rows: %d to train on, %d for validation, %d for test; %d of the held-out ones are of the opposite "+
		"level, to be compared with\n", e.Rows, part(data.Train), part(data.Validation), part(data.Test), e.Opposite)
	fmt.Fprintf(w, "%d of the rows to train on are not near their level: the nearest that their search found\n",
		e.Exhausted)
	for _, s := range e.Sources {
		if _, err := fmt.Fprintf(w, "%d rows from %s (%s)\n", s.Answers, s.Corpus, s.Licence); err != nil {
			return err
		}
	}
	return nil
}
