package answers

import (
	"cmp"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
)

// Names of the voters in a configuration.
const (
	Writer = "writer" // writes questions and answers, and rewrites them
	Judge  = "judge"  // judges them, as one role after the other
)

// Config is the file of --config: two voters, writer and judge, which may be one model. In any order:
//
//	[[voters]]
//	name = "writer"
//	endpoint = "large"
//	model = "a-model-that-writes"
//	temperature = 1.0
//
//	[[voters]]
//	name = "judge"
//	endpoint = "large"
//	model = "a-model-that-reads"
type Config struct {
	judge.Config
}

// Defaults are a file without voters.
func Defaults() Config { return Config{judge.Config{Parallel: 8, Attempts: 3}} }

// Home is a writer and a judge on this machine. The writer draws its words at temperature 1: at 0 a rewritten answer of
// a small model is often the answer itself.
func Home(writerDir, judgeDir string, l llm.Local, choose string) Config {
	l.Provider = llm.AtHome
	c := Defaults()
	c.Voters = []judge.Voter{
		{Name: Writer, Model: llm.Model{Name: writerDir, Temperature: 1, Local: l}},
		{Name: Judge, Ask: judge.AskChoices, Choose: choose, Model: llm.Model{Name: judgeDir, Local: l}},
	}
	return c
}

// complete keeps the voters named, in that order, and fills in what they leave out. Others of a file are left aside if
// they are the other of the two: quality needs no writer.
func (c Config) complete(wanted ...string) (Config, error) {
	var out []judge.Voter
	for _, name := range wanted {
		at := slices.IndexFunc(c.Voters, func(v judge.Voter) bool { return v.Name == name })
		if at < 0 {
			return c, usage("the configuration wants [[voters]] named %s", strings.Join(wanted, " and "))
		}
		out = append(out, c.Voters[at])
	}
	for _, v := range c.Voters {
		if v.Name != Writer && v.Name != Judge {
			return c, usage("voter %q: voters here are %s and %s", v.Name, Writer, Judge)
		}
	}
	for i := range out {
		v := &out[i]
		if v.Name == Writer {
			v.Prompt, v.MaxTokens = cmp.Or(v.Prompt, "write.v1"), cmp.Or(v.MaxTokens, 128)
			v.Ask = cmp.Or(v.Ask, judge.AskJSON) // an answer is free text: there is no list to compare
			continue
		}
		v.Prompt, v.MaxTokens = cmp.Or(v.Prompt, "judge.v1"), cmp.Or(v.MaxTokens, 60)
		if v.AtHome() && v.Ask != judge.AskJSON {
			v.Choose = cmp.Or(v.Choose, judge.Calibrated)
		}
	}
	c.Voters = out
	var err error
	c.Config, err = c.Config.Complete(func(name string) error {
		_, err := prompts.Load(name)
		return err
	})
	return c, err
}

func usage(format string, args ...any) error {
	return fault.Usage(fault.New(fault.Invalid, format, args...))
}
