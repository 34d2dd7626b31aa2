package panel

import (
	"cmp"
	"slices"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// Config is the file of --config: any judge's, and the rules that are the panel's own. docs/panel.toml is one in full.
type Config struct {
	judge.Config
	Rules Rules `toml:"rules"`
}

// Defaults are a panel without voters. Four texts at a time keep an endpoint busy that takes several requests, and
// three attempts give a voter two chances to mend the form of its answer.
func Defaults() Config { return Config{Config: judge.Config{Parallel: 4, Attempts: 3}} }

// Complete fills in defaults and refuses what could not work. It works on a copy of the voters: a configuration may be
// completed twice, by the command and by New.
func (c Config) Complete() (Config, error) {
	c.Voters = slices.Clone(c.Voters)
	for i := range c.Voters {
		v := &c.Voters[i]
		v.Prompt = cmp.Or(v.Prompt, "plain.v1")
		// An answer is some 20 tokens; the rest is for a reason before it, where the prompt asks for one.
		v.MaxTokens = cmp.Or(v.MaxTokens, 200)
		if err := reasoned(v); err != nil {
			return c, err
		}
	}
	var err error
	if c.Config, err = c.Config.Complete(known); err != nil {
		return c, err
	}
	if len(c.Voters) < 3 {
		return c, fault.Usage(fault.New(fault.Invalid,
			"panel of %d voters: 3 are the fewest that can disagree and decide, 7 are usual", len(c.Voters)))
	}
	c.Rules = c.Rules.For(len(c.Voters))
	if err := c.Rules.Validate(len(c.Voters)); err != nil {
		return c, fault.Usage(err)
	}
	return c, nil
}

// reasoned lets a local voter write whose prompt asks for a reason before the choice: there are endlessly many answers
// with reasons, so no list of them could be compared. Who asked for choices is told so.
func reasoned(v *judge.Voter) error {
	t, err := prompts.Load(v.Prompt)
	if err != nil || !v.AtHome() || !t.Has("because") {
		return nil // a prompt that is not there is refused with all else in the file
	}
	if v.Ask == judge.AskChoices {
		return fault.Usage(fault.New(fault.Invalid, "voter %q: prompt %s asks for a reason before the choice, and ask = %q "+
			"compares choices alone: take plain.v1 or terse.v1, or ask = %q", v.Name, v.Prompt, v.Ask, judge.AskJSON))
	}
	v.Ask = judge.AskJSON
	return nil
}

// known tells whether there is a prompt of the name, so that a voter's is refused together with all else in the file.
func known(name string) error {
	_, err := prompts.Load(name)
	return err
}

// run names what the panel's answers depend on: theory, its leaves and the voters. The rules are left out: changing
// them asks nothing anew. Leaves stand for the tree, since every inner node follows from them. Definitions are not in
// it, for they stand in the prompts, whose hash finds an answer.
func (c Config) run(tree *theories.Tree) (judge.Run, error) {
	return judge.NewRun(judge.KindLabel, struct {
		Theory string
		Leaves []theories.Path
		Voters []judge.Identity
	}{tree.Theory, tree.Leaves, c.Identities()})
}
