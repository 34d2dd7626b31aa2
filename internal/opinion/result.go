package opinion

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/floats"

	"hives/internal/columns"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/profiles"
)

// Share is a mean with its interval of 95 % over questions.
type Share struct {
	Mean Number `json:"mean"`
	Lo   Number `json:"lo"`
	Hi   Number `json:"hi"`
	Rows int    `json:"rows"`
}

// Line is one way to answer, and how often it is right.
type Line struct {
	Name       string           `json:"name"`
	All        Share            `json:"all"` // mean of the categories
	Micro      Number           `json:"micro"`
	Categories map[string]Share `json:"categories"`
	// Telling is over the rows on which the group differs from the others: the question alone is wrong there.
	Telling  Share  `json:"discriminating"`
	Unparsed int    `json:"unparsed"`           // answers that name no option: wrong
	Near     Number `json:"representativeness"` // of probabilities alone
	NearRows int    `json:"representativeness_rows"`
	model    bool
}

// Gain is how much more often one line is right than another, on the same rows.
type Gain struct {
	Name    string `json:"name"`
	All     Share  `json:"all"`
	Telling Share  `json:"discriminating"`
}

// Result is results.json.
type Result struct {
	Format    int      `json:"format"` // 1
	Kind      string   `json:"kind"`   // opinionqa
	Run       string   `json:"run"`
	Warning   string   `json:"warning"`
	Questions int      `json:"questions"` // that were asked
	Rows      int      `json:"rows"`
	Sentences int      `json:"sentences"`
	Resting   Number   `json:"sentences_with_effect"` // share of the sentences whose figure is more than noise
	Rotations int      `json:"rotations"`
	Lines     []Line   `json:"lines"`
	Gains     []Gain   `json:"gains"`
	Notes     []string `json:"notes"`

	answers [][]string // of answers.csv
}

// Names of the baselines.
const (
	lineOthers  = "other groups' majority"
	lineFirst   = "first option"
	lineUniform = "any option"
)

// result counts.
func (t *asking) result(votes []judge.Vote) (*Result, error) {
	r := &Result{Format: 1, Kind: "opinionqa", Warning: Warning, Sentences: t.Sentences, Rotations: t.Rotations,
		Notes: []string{}}
	asked := func(i int) bool { return t.chosen[i] }
	questions := map[int]bool{}
	for i := range t.rows {
		if asked(i) {
			questions[t.question[i]] = true
			r.Rows++
		}
	}
	r.Questions = len(questions)
	s := profiles.NewSampled(t.rows, t.Draws, t.Seed)
	outcomes := map[string]profiles.Outcomes{}
	for _, condition := range []string{conditionDefault, conditionProfile, conditionShuffle} {
		line, o, err := t.line(s, condition, votes, r)
		if err != nil {
			return nil, err
		}
		if line != nil {
			r.Lines, outcomes[condition] = append(r.Lines, *line), o
		}
	}
	others := profiles.OtherGroups(t.rows)
	for name, o := range map[string]profiles.Outcomes{
		lineOthers: profiles.Right(t.rows, others).Where(func(i int) bool { return others[i] != profiles.None }),
		lineFirst:  profiles.FirstOption(t.rows), lineUniform: profiles.Uniform(t.rows),
	} {
		outcomes[name] = o.Where(asked)
	}
	for _, name := range []string{lineOthers, lineFirst, lineUniform} {
		r.Lines = append(r.Lines, t.summed(s, name, outcomes[name]))
	}
	for _, pair := range [][2]string{{conditionProfile, conditionDefault}, {conditionProfile, conditionShuffle},
		{conditionProfile, lineOthers}, {conditionDefault, lineOthers}} {
		if a, b := outcomes[pair[0]], outcomes[pair[1]]; a != nil && b != nil {
			r.Gains = append(r.Gains, t.gain(s, pair[0]+" − "+pair[1], a, b))
		}
	}
	r.Resting = t.resting()
	t.notes(r)
	return r, nil
}

// line is what the model did under one condition; nil where it was not asked.
func (t *asking) line(s *profiles.Sampled, condition string, votes []judge.Vote, r *Result) (*Line, profiles.Outcomes,
	error) {
	shares, said := make([][]float64, len(t.rows)), make([]bool, len(t.rows))
	probable := make([]bool, len(t.rows))
	any := false
	for i, c := range t.calls {
		if c.condition != condition {
			continue
		}
		any, said[c.row] = true, true
		own, compared, err := t.read(c, votes[i])
		if err != nil {
			return nil, nil, err
		}
		probable[c.row] = compared
		if own == nil {
			continue
		}
		if shares[c.row] == nil {
			shares[c.row] = make([]float64, len(own))
		}
		floats.Add(shares[c.row], own)
	}
	if !any {
		return nil, nil, nil
	}
	predicted := make([]int, len(t.rows))
	unparsed, near, nearRows := 0, 0., 0
	for i := range t.rows {
		predicted[i] = profiles.None
		if shares[i] != nil {
			predicted[i] = floats.MaxIdx(shares[i])
		} else if said[i] {
			unparsed++
		}
		if said[i] && probable[i] {
			floats.Scale(1/floats.Sum(shares[i]), shares[i])
			x := profiles.Representativeness(shares[i], t.rows[i].Gold, t.survey.Questions[t.question[i]].Ordinal)
			if !math.IsNaN(x) {
				near, nearRows = near+x, nearRows+1
			}
		}
		if said[i] {
			r.note(t, i, condition, predicted[i])
		}
	}
	o := profiles.Right(t.rows, predicted).Where(func(i int) bool { return said[i] })
	line := t.summed(s, condition, o)
	line.Unparsed, line.Near, line.NearRows, line.model = unparsed, Number(near/float64(nearRows)), nearRows, true
	return &line, o, nil
}

// note keeps a row of the table of answers.
func (r *Result) note(t *asking, row int, condition string, predicted int) {
	option := ""
	if predicted != profiles.None {
		option = t.survey.Questions[t.question[row]].Options[predicted]
	}
	r.answers = append(r.answers, []string{t.rows[row].Question, t.rows[row].Group, condition, option,
		strconv.FormatBool(t.rows[row].Most(predicted))})
}

// summed is a line of outcomes.
func (t *asking) summed(s *profiles.Sampled, name string, o profiles.Outcomes) Line {
	a := o.Accuracy(t.rows)
	all, by := s.Mean(o)
	l := Line{Name: name, All: share(a.Mean, all, a.N), Micro: Number(a.Micro), Categories: map[string]Share{},
		Near: Number(math.NaN())}
	for category, mean := range a.ByCategory {
		l.Categories[category] = share(mean, by[category], a.Rows[category])
	}
	telling := o.Discriminating(t.rows)
	b := telling.Accuracy(t.rows)
	over, _ := s.Mean(telling)
	l.Telling = share(b.Mean, over, b.N)
	return l
}

func (t *asking) gain(s *profiles.Sampled, name string, a, b profiles.Outcomes) Gain {
	all, over := s.Difference(t.rows, a, b)
	telling, within := s.Difference(t.rows, a.Discriminating(t.rows), b.Discriminating(t.rows))
	return Gain{name, share(all.Mean, over, all.N), share(telling.Mean, within, telling.N)}
}

// nobody is the share of a category without a row.
var nobody = share(math.NaN(), profiles.Interval{Lo: math.NaN(), Hi: math.NaN()}, 0)

func share(mean float64, i profiles.Interval, rows int) Share {
	return Share{Number(mean), Number(i.Lo), Number(i.Hi), rows}
}

// resting is the share of the sentences of asked groups whose figure is more than noise.
func (t *asking) resting() Number {
	all, resting := 0., 0.
	for g, group := range t.survey.Groups {
		asked := slices.ContainsFunc(t.calls, func(c call) bool { return t.group[c.row] == g })
		own, err := t.profiles.Find(group.Slug())
		if err != nil || !asked {
			continue
		}
		sentences, sure := t.profiles.Sentences(own, t.Sentences)
		all, resting = all+float64(len(sentences)), resting+float64(sure)
	}
	return Number(resting / all)
}

// notes are what a reader must know before the figures.
func (t *asking) notes(r *Result) {
	say := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	for _, l := range r.Lines {
		if n := l.All.Rows; l.model && n > 0 && float64(l.Unparsed) > .05*float64(n) {
			say("%s: %d of %d answers name no option and count as wrong", l.Name, l.Unparsed, n)
		}
	}
	if float64(r.Resting) < .5 {
		say("%.0f %% of the profiles' sentences rest on a difference from other groups that is more than noise",
			100*float64(r.Resting))
	}
	switch {
	case r.Questions < profiles.LeastQuestions:
		say("%d questions are too few for intervals: %d are needed", r.Questions, profiles.LeastQuestions)
	case r.Questions < 30:
		say("%d questions are few: intervals are wide", r.Questions)
	}
	for _, g := range r.Gains {
		if g.Name == conditionProfile+" − "+lineOthers && float64(g.All.Hi) < 0 {
			say("who knows the question and nothing of the group is right more often than the model with a profile")
		}
	}
}

// Files of a folder of answers.
const (
	ResultsFile = "results.json"
	AnswersFile = "answers.csv"
	ReportFile  = "report.html"
)

// write writes the folder's files, all of them or none.
func (r *Result) write(dir string) error {
	raw, err := indented(r)
	if err != nil {
		return err
	}
	return fsutil.WriteFiles(
		fsutil.File{Path: filepath.Join(dir, ResultsFile), Write: func(w io.Writer) error {
			_, err := w.Write(raw)
			return err
		}},
		fsutil.File{Path: filepath.Join(dir, AnswersFile), Write: func(w io.Writer) error {
			out := csv.NewWriter(w)
			out.Write([]string{"question", "group", "condition", "option", "right"}) //nolint:errcheck // WriteAll tells
			return out.WriteAll(r.answers)
		}},
		fsutil.File{Path: filepath.Join(dir, ReportFile), Write: r.writePage},
	)
}

// WriteText prints the table: one line a way to answer, the mean of the categories last.
func (r *Result) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%d questions, %d rows; %s.\n", r.Questions, r.Rows, r.Warning)
	w := columns.NewTable(out)
	fmt.Fprintln(w, "answered by\tright, mean of categories\t95 %\twhere groups differ\tunparsed\tnearness")
	for _, l := range r.Lines {
		unparsed := "–"
		if l.model {
			unparsed = strconv.Itoa(l.Unparsed)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s of %d\t%s\t%s\n", l.Name, percent(l.All.Mean), l.All.interval(),
			percent(l.Telling.Mean), l.Telling.Rows, unparsed, percent(l.Near))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, g := range r.Gains {
		fmt.Fprintf(out, "%s: %s, 95 %% %s\n", g.Name, percent(g.All.Mean), g.All.interval())
	}
	for _, note := range r.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	return nil
}

// interval of a share for people.
func (s Share) interval() string {
	if !s.Lo.Known() {
		return "–"
	}
	return fmt.Sprintf("%.1f to %.1f", 100*float64(s.Lo), 100*float64(s.Hi))
}

// percent is a share for people.
func percent(n Number) string {
	if !n.Known() {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n))
}
