package run

import (
	"cmp"
	"embed"
	"slices"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/vidb"
)

//go:embed prompts/*.tmpl
var files embed.FS

var rubrics = judge.Prompts{Files: files}

// Names of two voters in a configuration; all others score.
const (
	Subject = "subject"
	Rubric  = "rubric"
)

// The two by their place among those who are asked first.
const (
	subject = iota
	rubric
)

// Config is the file of --config. In any order:
//
//	[[voters]]
//	name = "subject"          # the model that is measured: at temperature 1, 150 tokens an answer, unless it says else
//	provider = "local"
//	model = "out/SmolLM2-135M-Instruct"
//
//	[[voters]]
//	name = "rubric"           # whether an answer refuses
//	endpoint = "large"
//	model = "a-model-that-reads"
//
//	[[voters]]
//	name = "judge-a"          # scores; as many as there are
//	endpoint = "large"
//	model = "a-model-that-ranks"
type Config struct {
	judge.Config
}

// Defaults are a file without voters.
func Defaults() Config { return Config{judge.Config{Parallel: 8, Attempts: 3}} }

// Home is a subject on this machine, and one other model on it for all that is judged; choose is by what the rubric
// compares its two answers.
func Home(subjectDir, judgeDir string, l llm.Local, choose string) Config {
	l.Provider = llm.AtHome
	c := Defaults()
	c.Voters = []judge.Voter{
		{Name: Subject, Model: llm.Model{Name: subjectDir, Local: l}},
		{Name: Rubric, Choose: choose, Model: llm.Model{Name: judgeDir, Local: l}},
		{Name: "judge", Model: llm.Model{Name: judgeDir, Local: l}},
	}
	return c
}

// crew is a complete configuration, parted: those who are asked first, and those who score.
type crew struct {
	asked  judge.Config // subject and rubric, in this order
	judges vidb.Config
}

// complete fills in what voters leave out, and refuses what could not work. A subject's temperature of 0 is one that
// was left out, and is 1: steering is measured on what a model says, and at 0 it says one thing. self allows judges
// that are the model measured: a model may like its own way of answering.
func (c Config) complete(self bool) (crew, error) {
	out := crew{asked: c.Config, judges: vidb.Config{Config: c.Config}}
	out.asked.Voters, out.judges.Voters = make([]judge.Voter, 2), nil
	var found [2]bool
	for _, v := range c.Voters {
		switch at := slices.Index([]string{Subject, Rubric}, v.Name); at {
		case subject, rubric:
			out.asked.Voters[at], found[at] = v, true
		default:
			out.judges.Voters = append(out.judges.Voters, v)
		}
	}
	if !found[subject] || !found[rubric] || len(out.judges.Voters) == 0 {
		return out, fault.Usage(fault.New(fault.Invalid, "the configuration wants [[voters]] named %s and %s, and at least "+
			"one more, which scores", Subject, Rubric))
	}
	slices.SortFunc(out.judges.Voters, func(a, b judge.Voter) int { return cmp.Compare(a.Name, b.Name) })
	s, r := &out.asked.Voters[subject], &out.asked.Voters[rubric]
	for _, v := range append([]judge.Voter{*r}, out.judges.Voters...) {
		if v.Model.Name == s.Model.Name && v.Endpoint == s.Endpoint && !self {
			return out, fault.Usage(fault.New(fault.Invalid, "%s is the model that is measured: name another one, or say "+
				"--self-judge", v.Name))
		}
	}
	s.Temperature, s.MaxTokens = cmp.Or(s.Temperature, 1), cmp.Or(s.MaxTokens, 150)
	s.Ask = cmp.Or(s.Ask, judge.AskJSON) // an answer is free text: there is no list to compare
	r.Prompt, r.MaxTokens = cmp.Or(r.Prompt, "refusal.v1"), cmp.Or(r.MaxTokens, 40)
	if r.AtHome() {
		r.Choose = cmp.Or(r.Choose, judge.Calibrated)
	}
	var err error
	if out.asked, err = out.asked.Complete(func(name string) error {
		if name == "" { // the subject's prompts are the conditions
			return nil
		}
		_, err := rubrics.Load(name)
		return err
	}); err != nil {
		return out, err
	}
	out.judges, err = out.judges.Complete()
	return out, err
}
