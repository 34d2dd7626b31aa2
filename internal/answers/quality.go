package answers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/ranking"
	"hives/vcai"
)

// QualityFile is where the figures stand in a run's folder.
const QualityFile = "quality.json"

// QualityJob is hives vcai quality.
type QualityJob struct {
	In            string // folder of a build
	Config        Config // with a voter named judge; without any, only people are counted
	Decomposition string // "": our own; defines the values
	Known         theories.Set
	Number        int // questions, drawn by seed; 0: all
	People        int // questions that are put up for hives review
	Seed          uint64
	DryRun        bool
	Yes           bool
	Stdout        io.Writer
}

// gradePrompt is what the judge is asked with, whatever its prompt in a build is.
const gradePrompt = "grade.v1"

// set is the answers to one question.
type set struct {
	rows  []Row
	value *Value
	shown []int // rows in the order in which they are put into order; nil of a set that lacks a level

	found []*Level // by row, what the judge found; nil where unusable
	order []int    // what it said, as places of shown, from 1; nil where unusable
}

// grader holds what all questions of a measurement share.
type grader struct {
	job  QualityJob
	cfg  judge.Config
	form *judge.Template
	sets []set
	rows string // hash of the rows' file
}

// MeasureQuality has a judge find the level of each answer and the order of each question's answers, puts answers up
// for people, and counts what judge and people have said by now. So it is run twice: before people look and after it,
// when it asks nobody again.
func MeasureQuality(ctx context.Context, j QualityJob) (*Quality, error) {
	g, err := newGrader(j)
	if err != nil {
		return nil, err
	}
	if len(g.cfg.Voters) > 0 {
		if g.cfg, err = g.cfg.Open(ctx); err != nil {
			return nil, err
		}
		defer g.cfg.Close()
	}
	run, err := judge.NewRun("vcai quality", map[string]any{"voters": g.cfg.Identities()})
	if err != nil {
		return nil, err
	}
	if stop, err := g.forecast(ctx, run); err != nil || stop {
		return nil, err
	}
	store, err := judge.Open(filepath.Join(j.In, VotesFile))
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if len(g.cfg.Voters) > 0 {
		if err := g.ask(ctx, run, store); err != nil {
			return nil, judge.Resumable(err)
		}
	}
	if err := g.enqueue(ctx, store); err != nil {
		return nil, err
	}
	people, err := g.people(ctx, store)
	if err != nil {
		return nil, err
	}
	return g.write(g.result(run, people))
}

// newGrader reads the answers and draws the questions that are measured.
func newGrader(j QualityJob) (*grader, error) {
	g := &grader{job: j}
	if j.Number < 0 || j.People < 0 {
		return nil, usage("--number %d, --people %d: want 0 or more", j.Number, j.People)
	}
	rows, err := ReadRows(j.In)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.New(fault.Invalid, "--in %s: the build kept no answer, so there is nothing to measure; its %s "+
			"says why", j.In, FailedFile)
	}
	if g.rows, err = fsutil.SHA256(filepath.Join(j.In, RowsFile)); err != nil {
		return nil, fault.New(fault.NotFound, "--in %s: want the folder of a build, whose votes file keeps the answers", j.In)
	}
	d, err := ReadDecomposition(j.Decomposition, j.Known)
	if err != nil {
		return nil, err
	}
	if g.sets, err = setsOf(rows, d, j.Seed); err != nil {
		return nil, err
	}
	g.draw()
	if len(j.Config.Voters) == 0 {
		return g, nil
	}
	cfg := j.Config
	cfg.Voters = slices.Clone(cfg.Voters)
	for i := range cfg.Voters {
		cfg.Voters[i].Prompt = gradePrompt // what judges are asked by in a build is another question
	}
	if cfg, err = cfg.complete(Judge); err != nil {
		return nil, err
	}
	g.cfg = cfg.Config
	g.form, err = prompts.Load(gradePrompt)
	return g, err
}

// setsOf puts rows together by question, in the order of the file. Answers are shown in a seeded order: in their own
// they would already be the right one.
func setsOf(rows []Row, d *Decomposition, seed uint64) (out []set, err error) {
	at := map[string]int{}
	for _, r := range rows {
		key := r.ValueID + " " + r.QuestionID
		if _, known := at[key]; !known {
			v, err := d.Find(r.ValueID)
			if err != nil {
				return nil, fmt.Errorf("the decomposition lacks a value of the answers (give --decomposition): %w", err)
			}
			at[key] = len(out)
			out = append(out, set{value: v})
		}
		s := &out[at[key]]
		s.rows = append(s.rows, r)
	}
	for i := range out {
		s := &out[i]
		s.found = make([]*Level, len(s.rows))
		if len(s.rows) == len(Levels) {
			s.shown = ranking.Stream("vcai shown", seed, s.value.ID, s.rows[0].QuestionID).Perm(len(Levels))
		}
	}
	return out, nil
}

// draw keeps so many questions. Each has a number of its own by seed, so that more of them hold the same.
func (g *grader) draw() {
	if g.job.Number == 0 || g.job.Number >= len(g.sets) {
		return
	}
	rank := map[*Row]uint64{}
	for i := range g.sets {
		r := &g.sets[i].rows[0]
		rank[r] = ranking.Stream("vcai measured", g.job.Seed, r.ValueID, r.QuestionID).Uint64()
	}
	slices.SortStableFunc(g.sets, func(a, b set) int { return cmp.Compare(rank[&a.rows[0]], rank[&b.rows[0]]) })
	g.sets = g.sets[:g.job.Number]
}

// answers counts those of all sets.
func (g *grader) answers() (n int) {
	for i := range g.sets {
		n += len(g.sets[i].rows)
	}
	return n
}

// complete counts the sets that have all levels.
func (g *grader) complete() (n int) {
	for i := range g.sets {
		if g.sets[i].shown != nil {
			n++
		}
	}
	return n
}

// forecast prints what the judge would be asked, and stops unless somebody agreed to pay.
func (g *grader) forecast(ctx context.Context, run judge.Run) (stop bool, err error) {
	if len(g.cfg.Voters) == 0 {
		return g.job.DryRun, nil
	}
	v := g.cfg.Voters[0]
	f := judge.Forecast{Items: g.answers(), Noun: "answers", Budget: g.cfg.Budget}
	c := judge.Course{Name: "all"}
	tokens := int64(0)
	for i := range g.sets {
		for _, r := range g.sets[i].rows {
			tokens += llm.EstimateTokens(r.Question + r.Answer)
		}
	}
	const around = 150 // tokens of the template with value and definition
	n, orders := int64(g.answers()), int64(g.complete())
	c.Questions = n + orders
	c.Ask(v, n, tokens+n*around, n*min(aroundWord, int64(v.MaxTokens)))
	c.Ask(v, orders, tokens+orders*around, orders*min(2*aroundWord, int64(v.MaxTokens)))
	f.Courses = []judge.Course{c}
	if f.Stored, _, err = judge.Before(ctx, filepath.Join(g.job.In, VotesFile), run.ID, nil); err != nil {
		return true, err
	}
	if g.job.DryRun {
		return true, f.Write(g.job.Stdout)
	}
	err = f.Agreed(g.cfg.Voters, g.job.Yes, "lower --number")
	return err != nil, err
}

// ask puts every answer and every complete question to the judge.
func (g *grader) ask(ctx context.Context, run judge.Run, store *judge.Store) error {
	asked, err := judge.New(ctx, g.cfg, run, store)
	if err != nil {
		return err
	}
	bar := cli.NewProgress("vcai quality", "questions", int64(len(g.sets)), 0)
	defer bar.Close()
	return asked.Each(len(g.sets), func(i int, t *judge.Turn) error {
		s := &g.sets[i]
		for k := range s.rows {
			q, err := g.level(s, k)
			if err != nil {
				return err
			}
			vote, err := t.Ask(ctx, 0, q)
			if err != nil {
				return err
			}
			if at := slices.Index(levelNames(), vote.Choice()); at >= 0 {
				s.found[k] = &Levels[at]
			}
		}
		if s.shown == nil {
			return nil
		}
		q, err := g.ordering(s)
		if err != nil {
			return err
		}
		vote, err := t.Ask(ctx, 0, q)
		if err == nil && vote.Parsed != "" {
			err = json.Unmarshal([]byte(vote.Parsed), &s.order)
		}
		return err
	}, counting(bar, asked))
}

// gradeView is what the judge's templates see.
type gradeView struct {
	Value, Definition string
	Levels            []string
	Labels, Text      string
}

// level asks for the level of one answer.
func (g *grader) level(s *set, k int) (judge.Question, error) {
	choice := judge.Choice{Names: levelNames()}
	form, err := g.form.Render("level", gradeView{Value: s.value.Name, Definition: s.value.Definition,
		Levels: levelNames(), Text: judge.Mark}, choice.Schema())
	if err != nil {
		return judge.Question{}, err
	}
	q := form.Question(s.item(s.rows[k].Question, s.rows[k].Answer), []string{s.rows[k].Question, s.rows[k].Answer})
	q.About, q.Parse = "level "+s.value.Name, choice.Parse
	q.Prefix, q.Choices = choice.Answers()
	return q, nil
}

// ordering asks for the order of all answers to a question. They are shown as letters: a list of numbers can be read as
// an order of answers and as a rank for each, and both parse.
//
//	shown A: +1, B: −2, C: 0, D: +2, E: −1     {"order": ["D", "A", "C", "E", "B"]}     places 4 1 3 5 2, τ = 1
func (g *grader) ordering(s *set) (judge.Question, error) {
	letters := labels(len(s.shown))
	list := map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": letters},
		"minItems": len(letters), "maxItems": len(letters)}
	form, err := g.form.Render("order", gradeView{Value: s.value.Name, Definition: s.value.Definition,
		Labels: letters[0] + " to " + letters[len(letters)-1], Text: judge.Mark}, map[string]any{"type": "object",
		"properties": map[string]any{"order": list}, "required": []string{"order"}, "additionalProperties": false})
	if err != nil {
		return judge.Question{}, err
	}
	material := []string{s.rows[0].Question}
	for _, at := range s.shown {
		material = append(material, s.rows[at].Answer)
	}
	q := form.Question(s.item(material...), material)
	q.About = "order " + s.value.Name
	q.Parse = func(raw string) (string, error) {
		object, err := judge.Repair(raw)
		if err != nil {
			return "", err
		}
		said, _ := object["order"].([]any)
		places, err := placesOf(said, len(letters))
		if err != nil {
			return "", err
		}
		return compact(places), nil
	}
	return q, nil
}

// item is a list of texts, under the terms of the question.
func (s *set) item(texts ...string) judge.Item {
	r := &s.rows[0]
	return item(compact(texts), &Question{Group: r.Group, Corpus: r.Corpus, Licence: r.Licence})
}

// labels are the letters of n answers.
func labels(n int) (out []string) {
	for i := range n {
		out = append(out, string(rune('A'+i)))
	}
	return out
}

// placesOf reads letters as places from 1, each of n once. Nothing is completed: with four of five letters the fifth
// could be guessed, and whoever forgot it may have forgotten to look.
//
//	["B", "A", "C"]   2 1 3        ["B", "B", "C"], ["2", "1", "3"]   none
func placesOf(said []any, n int) (out []int, err error) {
	seen := map[int]bool{}
	for _, x := range said {
		letter, _ := x.(string)
		at := slices.Index(labels(n), strings.ToUpper(strings.TrimSpace(letter))) + 1
		if at == 0 || seen[at] {
			return nil, fmt.Errorf("the answer's list is no order of %d letters", n)
		}
		seen[at] = true
		out = append(out, at)
	}
	if len(out) != n {
		return nil, fmt.Errorf("the answer's list has %d of %d letters", len(out), n)
	}
	return out, nil
}

// ordered compares an order with the levels of a set.
func (s *set) ordered(order []int) (vcai.Ordered, error) {
	var levels []float64
	for _, at := range s.shown {
		levels = append(levels, float64(s.rows[at].Level))
	}
	return vcai.Order(levels, order)
}
