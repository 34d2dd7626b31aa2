package opinion

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"hives/data/survey"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/profiles"
	"hives/questionnaire"
)

// KindAnswers marks runs of answers in a votes file.
const KindAnswers = "survey-answers"

// Ask is hives opinionqa.
type Ask struct {
	Survey    string
	Profiles  string
	Groups    []string // slugs or attributes; none: all
	Number    int      // of questions; 0: all that are held out
	Sentences int      // of a profile
	Rotations int      // of the options; answers of all rotations count together
	Shuffled  bool     // ask a third time, with another group's profile
	Seed      uint64
	Draws     int // of the intervals
	Config    judge.Config
	Out       string
	Yes       bool
	DryRun    bool
	Stdout    io.Writer
	Bar       func(label string, calls int64) Bar
}

// DefaultAsk asks once, with six sentences.
func DefaultAsk() Ask { return Ask{Sentences: 6, Rotations: 1, Draws: 1000} }

func (a Ask) validate() error {
	switch {
	case a.Sentences < 1 || a.Rotations < 1 || a.Number < 0:
		return usage("--sentences %d, --rotations %d, --number %d: want 1 or more, 1 or more, 0 or more", a.Sentences,
			a.Rotations, a.Number)
	case a.Draws < 100:
		return usage("--bootstrap %d: want 100 draws or more for an interval", a.Draws)
	case len(a.Config.Voters) != 1:
		return usage("%d voters: the survey is answered by one model, so the configuration wants one [[voters]]",
			len(a.Config.Voters))
	}
	return nil
}

// asking is a job on its way: the rows that test, and what is asked about each.
type asking struct {
	Ask
	profiles *Profiles
	survey   *survey.Survey
	rows     []profiles.Row // of all groups and all questions that are held out
	question []int          // of each row, in the survey
	group    []int
	chosen   []bool // rows that are asked about
	calls    []call
}

// call is one question to the model.
type call struct {
	row, rotation int
	condition     string
	order         []int // option behind each letter
	put           judge.Question
}

// Answer is how one call was answered.
type Answer struct {
	Text   string `json:"answer"`
	Letter string `json:"letter"` // "" where it names no option
}

// Run asks, and writes the folder. It is nil after a dry run.
func (a Ask) Run(ctx context.Context) (*Result, error) {
	a.Stdout = cmp.Or[io.Writer](a.Stdout, io.Discard)
	if err := a.validate(); err != nil {
		return nil, err
	}
	t, err := a.prepare()
	if err != nil {
		return nil, err
	}
	v := &t.Config.Voters[0]
	v.Prompt, v.MaxTokens = cmp.Or(v.Prompt, "survey.v1"), cmp.Or(v.MaxTokens, 16)
	// An answer that names no option is an answer: asked again, a model would be taught the form.
	t.Config.Attempts = 1
	if t.Config, err = t.Config.Complete(noPrompt); err != nil {
		return nil, err
	}
	if t.Config, err = t.Config.Open(ctx); err != nil {
		return nil, err
	}
	defer t.Config.Close()
	t.plan()
	run, err := judge.NewRun(KindAnswers, map[string]any{"voters": t.Config.Identities()})
	if err != nil {
		return nil, err
	}
	if stop, err := t.forecast(ctx, run); stop || err != nil {
		return nil, err
	}
	votes, err := t.ask(ctx, run)
	if err != nil {
		return nil, err
	}
	r, err := t.result(votes)
	if err != nil {
		return nil, err
	}
	r.Run = run.ID
	return r, r.write(t.Out)
}

// noPrompt takes the one way of asking: the words are the paper's.
func noPrompt(name string) error {
	if name != "survey.v1" {
		return fault.New(fault.NotFound, "prompt %q: there is survey.v1", name)
	}
	return nil
}

// prepare reads the files and refuses what would make a test worthless.
func (a Ask) prepare() (*asking, error) {
	t := &asking{Ask: a}
	var err error
	if t.profiles, err = Open(a.Profiles); err != nil {
		return nil, err
	}
	if t.survey, err = survey.Read(a.Survey); err != nil {
		return nil, err
	}
	if err := t.leaks(); err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, name := range a.Groups {
		g, err := t.profiles.Find(name)
		if err != nil {
			return nil, err
		}
		wanted[g.Slug] = true
	}
	numbered := map[int]int{} // held questions, in the order of their ids
	for _, r := range t.survey.Rows {
		q := t.survey.Questions[r.Question]
		if !t.profiles.Division.Held(q) {
			continue
		}
		if _, seen := numbered[r.Question]; !seen {
			numbered[r.Question] = len(numbered)
		}
		g := t.survey.Groups[r.Group]
		t.rows = append(t.rows, profiles.Row{Category: g.Category, Group: g.Attribute(), Question: q.ID, Gold: r.Shares})
		t.question, t.group = append(t.question, r.Question), append(t.group, r.Group)
		asked := (len(wanted) == 0 || wanted[g.Slug()]) && (a.Number == 0 || numbered[r.Question] < a.Number)
		t.chosen = append(t.chosen, asked)
	}
	if !slices.Contains(t.chosen, true) {
		return nil, fault.New(fault.Mismatch, "%s: no question of it is held out of %s: name the survey that the profiles "+
			"were made of", a.Survey, a.Profiles)
	}
	return t, nil
}

// leaks refuses a question that made a profile and would test it, by what the file says was used, whatever its division
// says.
func (t *asking) leaks() error {
	for _, q := range t.profiles.Questions {
		if t.profiles.Division.Held(q.Question) {
			return fault.New(fault.Corrupt, "%s: question %s made the profiles and is held out for their test: build the "+
				"profiles again", t.Profiles, q.ID)
		}
	}
	return nil
}

// plan makes every call.
func (t *asking) plan() {
	conditions := []string{conditionDefault, conditionProfile}
	if t.Shuffled {
		conditions = append(conditions, conditionShuffle)
	}
	for row, chosen := range t.chosen {
		if !chosen {
			continue
		}
		q := t.survey.Questions[t.question[row]]
		for _, condition := range conditions {
			sentences := t.sentences(condition, t.group[row])
			if condition != conditionDefault && len(sentences) == 0 {
				continue // the group has no profile
			}
			for rotation := range min(t.Rotations, len(q.Options)) {
				t.calls = append(t.calls, t.call(row, rotation, condition, q, sentences))
			}
		}
	}
}

// sentences of a condition. The shuffled one takes the profile of the group half way round the list: none is its own,
// and all are used once.
func (t *asking) sentences(condition string, group int) []string {
	groups := t.survey.Groups
	switch condition {
	case conditionDefault:
		return nil
	case conditionShuffle:
		group = (group + len(groups)/2) % len(groups)
	}
	g, err := t.profiles.Find(groups[group].Slug())
	if err != nil {
		return nil
	}
	sentences, _ := t.profiles.Sentences(g, t.Sentences)
	return sentences
}

// system is the same for all: the paper has none, and an endpoint may refuse an empty one.
const system = "You answer a survey."

// call puts one question. Its prompt is named by all words but the question's own, so that equal questions are found
// again. Letters are all answers there are: a local voter compares them, another writes.
func (t *asking) call(row, rotation int, condition string, q survey.Question, sentences []string) call {
	c := call{row: row, rotation: rotation, condition: condition}
	n := len(q.Options)
	blank := survey.Question{Text: "N/A"}
	var letters []string
	for i := range n {
		c.order = append(c.order, (i+rotation)%n)
		letters, blank.Options = append(letters, string(rune('A'+i))), append(blank.Options, "N/A")
	}
	g, asked := t.survey.Groups[t.group[row]], q.Asked(c.order)
	c.put = judge.Question{
		Item: judge.Item{ID: judge.Hash(asked)[:32], Text: asked},
		Prompt: judge.Prompt{Name: "survey.v1", Text: fmt.Sprintf("%s\n\n%s\n\n%d letters", system,
			Prompt(g, sentences, "⟦text⟧"), n)},
		About: condition, System: system, User: Prompt(g, sentences, asked),
		Blank:   Prompt(g, sentences, blank.Asked(nil)),
		Choices: letters,
		Parse: func(raw string) (string, error) {
			said := Answer{Text: raw}
			if at := profiles.Letter(raw, n); at != profiles.None {
				said.Letter = letters[at]
			}
			kept, err := json.Marshal(said)
			return string(kept), err
		},
	}
	return c
}

// forecast prints what the calls take; where somebody is paid, a budget or --yes must say so.
func (t *asking) forecast(ctx context.Context, run judge.Run) (stop bool, err error) {
	course := judge.Course{Name: "all"}
	v := t.Config.Voters[0]
	for _, c := range t.calls {
		course.Questions++
		course.Ask(v, 1, llm.EstimateTokens(c.put.User), min(8, int64(v.MaxTokens)))
	}
	rows := 0
	for _, chosen := range t.chosen {
		if chosen {
			rows++
		}
	}
	f := judge.Forecast{Items: rows, Noun: "rows", Budget: t.Config.Budget, Courses: []judge.Course{course}}
	if f.Stored, _, err = judge.Before(ctx, filepath.Join(t.Out, VotesFile), run.ID, nil); err != nil {
		return true, err
	}
	if err := f.Write(t.Stdout); err != nil || t.DryRun {
		return true, err
	}
	err = f.Agreed(t.Config.Voters, t.Yes, "lower --number")
	return err != nil, err
}

// ask puts all calls. Each answer is in the votes file before it counts.
func (t *asking) ask(ctx context.Context, run judge.Run) ([]judge.Vote, error) {
	if err := fsutil.MakeFolders(t.Out); err != nil {
		return nil, fsutil.Classify(err, t.Out)
	}
	store, err := judge.Open(filepath.Join(t.Out, VotesFile))
	if err != nil {
		return nil, err
	}
	defer store.Close()
	asked, err := judge.New(ctx, t.Config, run, store)
	if err != nil {
		return nil, err
	}
	var bar Bar = quiet{}
	if t.Bar != nil {
		bar = t.Bar("survey", int64(len(t.calls)))
	}
	defer bar.Close()
	votes := make([]judge.Vote, len(t.calls))
	err = asked.Each(len(t.calls), func(i int, turn *judge.Turn) (err error) {
		votes[i], err = turn.Ask(ctx, 0, t.calls[i].put)
		return err
	}, func(new bool) {
		if bar.Suffix(asked.Spent()); new {
			bar.Add(1)
		} else {
			bar.Replay(1)
		}
	})
	if err != nil {
		return nil, judge.Resumable(err)
	}
	return votes, nil
}

// read is what a vote says of the options in their own order: shares of probability, or one for the letter that was
// written; nil where it names no option. compared tells that they are probabilities.
func (t *asking) read(c call, v judge.Vote) (shares []float64, compared bool, err error) {
	n := len(c.order)
	by := make([]float64, n) // of the letters
	if s, ok := v.Scored(); ok && len(s.Options) == n {
		by, compared = questionnaire.Probabilities(s.By(t.Config.Voters[0].Choose), nil), true
	} else {
		var said Answer
		if v.Parsed == "" {
			return nil, false, nil
		}
		if err := json.Unmarshal([]byte(v.Parsed), &said); err != nil {
			return nil, false, fault.New(fault.Corrupt, "votes file: an answer to question %s: %w", t.rows[c.row].Question, err)
		}
		if said.Letter == "" {
			return nil, false, nil
		}
		at := int(said.Letter[0]) - 'A'
		if at < 0 || at >= n {
			return nil, false, fault.New(fault.Corrupt, "votes file: letter %q of %d options", said.Letter, n)
		}
		by[at] = 1
	}
	shares = make([]float64, n)
	for letter, option := range c.order {
		shares[option] = by[letter]
	}
	return shares, compared, nil
}
