package interview

import (
	"cmp"
	"slices"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
)

// Config is the file of --config: two voters, respondent and judge. In any order:
//
//	[[voters]]
//	name = "judge"
//	endpoint = "large"
//	model = "a-model-that-reads"
//
//	[[voters]]
//	name = "respondent"
//	provider = "local"
//	model = "out/SmolLM2-135M-Instruct"
type Config struct {
	judge.Config
}

// Defaults are a file without voters. Three attempts are for a reading that cannot be used; an answer is free text and
// is taken as it comes.
func Defaults() Config { return Config{judge.Config{Parallel: 8, Attempts: 3}} }

// Home is a respondent and a judge on this machine. The respondent draws its words at temperature 1: at 0 thirty
// personas of a small model give three or four different answers.
func Home(respondentDir, judgeDir string, l llm.Local, choose string) Config {
	l.Provider = llm.AtHome
	c := Defaults()
	c.Voters = []judge.Voter{
		{Name: Respondent, Model: llm.Model{Name: respondentDir, Temperature: 1, Local: l}},
		{Name: Judge, Ask: judge.AskChoices, Choose: choose, Model: llm.Model{Name: judgeDir, Local: l}},
	}
	return c
}

// Complete fills in what a voter leaves out, and puts the respondent first. self allows a judge that is the model
// measured: it may like its own way of answering.
func (c Config) Complete(self bool) (Config, error) {
	c.Voters = slices.Clone(c.Voters)
	slices.SortStableFunc(c.Voters, func(a, b judge.Voter) int { return cmp.Compare(place(a), place(b)) })
	if len(c.Voters) != voters || c.Voters[respondent].Name != Respondent || c.Voters[reader].Name != Judge {
		return c, fault.Usage(fault.New(fault.Invalid, "the configuration wants two [[voters]], named %s and %s", Respondent,
			Judge))
	}
	a, b := &c.Voters[respondent], &c.Voters[reader]
	if a.Model.Name == b.Model.Name && a.Endpoint == b.Endpoint && !self {
		return c, fault.Usage(fault.New(fault.Invalid, "the judge is the model that is measured: name another one, or say "+
			"--self-judge"))
	}
	a.Prompt, b.Prompt = cmp.Or(a.Prompt, "answer.v1"), cmp.Or(b.Prompt, "read.v1")
	// A temperature that is left out reads as 0, at which repeats are copies: 0 counts as left out, as in an audit.
	a.Temperature = cmp.Or(a.Temperature, 1)
	a.MaxTokens, b.MaxTokens = cmp.Or(a.MaxTokens, 128), cmp.Or(b.MaxTokens, 60)
	// An answer is free text: there is no list to compare.
	a.Ask = cmp.Or(a.Ask, judge.AskJSON)
	if b.AtHome() {
		b.Choose = cmp.Or(b.Choose, judge.Calibrated)
	}
	var err error
	c.Config, err = c.Config.Complete(func(name string) error {
		_, err := prompts.Load(name)
		return err
	})
	return c, err
}

func place(v judge.Voter) int { return slices.Index([]string{Respondent, Judge}, v.Name) }
