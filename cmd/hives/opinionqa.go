package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/opinion"
	"hives/internal/talk"
	"hives/vidb"
)

// opinionqaCommand has a language model answer a survey as members of groups.
//
//	work      opinion.Ask of internal/opinion, which asks through internal/judge
//	reads     --survey; --profiles, made of other questions of it; --model or --config, who answers
//	writes    --out: votes.db with every answer, then results.json, answers.csv, report.html
//	refuses   a question that made a profile and would test it; calls that nobody agreed to pay for
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func opinionqaCommand() *cobra.Command {
	a := opinion.DefaultAsk()
	var config cli.ConfigFlags
	var home answererAtHome
	var asJSON bool
	c := &cobra.Command{
		Use:   "opinionqa --survey PATH --profiles DIR (--model DIR | --config FILE) --out DIR",
		Short: "Measure whether profiles help a language model to answer as groups do",
		Long: `Does a profile of values help a model to answer as a group does? The model answers the questions of the
survey that made no profile, as a member of each group: once with the group's name alone, once with sentences of its
profile. It is right where it names an option that most people of the group chose.

Three lines stand beside it that know nothing of the group: the other groups' majority, the first option, any option.
What they are right by, the question gives away. A gain counts on the rows on which the group differs from the others.
--shuffled asks again with another group's profile: if that helps as much, the profile says nothing of the group.

A model on this machine is asked for the probability of each letter, one behind an endpoint writes its answer. An answer
that names no option is wrong and is counted. Every answer is stored in --out. See docs/PROFILES.md.`,
		Example: `  hives opinionqa --survey opinionqa.json --profiles out/profiles \
      --model out/SmolLM2-135M-Instruct --number 100 --out out/answers

  # behind an endpoint: what would it take?
  hives opinionqa --survey opinionqa.json --profiles out/profiles \
      --config model.toml --rotations 2 --shuffled --out out/answers --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			defaults, err := home.config(config.File)
			if err != nil {
				return err
			}
			// Settings come from the file, from --set and from variables that begin with HIVES_OPINIONQA.
			cfg, _, err := cli.Load(defaults, config.Sources(c.Flags(), "HIVES_OPINIONQA", nil))
			if err != nil {
				return err
			}
			a.Config, a.Stdout, a.Bar = cfg.Config, beside(c, asJSON), callsBar
			a.Config.Opener = talk.Provide
			r, err := a.Run(c.Context())
			if err != nil || r == nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), r)
			}
			if err := r.WriteText(c.OutOrStdout()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "page: %s\n", filepath.Join(a.Out, opinion.ReportFile))
			return err
		},
	}
	config.Register(c.Flags())
	home.register(c.Flags())
	registerAsk(c.Flags(), &a)
	jsonFlag(c, &asJSON)
	required(c, "survey", "profiles", "out")
	return c
}

// registerAsk adds what is asked, how often, and where it goes.
func registerAsk(f *pflag.FlagSet, a *opinion.Ask) {
	f.StringVar(&a.Survey, "survey", "", "the survey that the profiles were made of")
	f.StringVar(&a.Profiles, "profiles", "", "folder that hives profile build wrote")
	f.StringSliceVar(&a.Groups, "group", nil, "group by its name in files, such as sex-female (default: all)")
	f.IntVar(&a.Number, "number", 0, "questions to ask, 0 for all that made no profile")
	f.IntVar(&a.Sentences, "sentences", a.Sentences, "sentences of a profile, half of them about its lowest values")
	f.IntVar(&a.Rotations, "rotations", a.Rotations, "orders of the options to ask in: a model may like what stands first")
	f.BoolVar(&a.Shuffled, "shuffled", false, "ask again with another group's profile, as a control")
	f.IntVar(&a.Draws, "bootstrap", a.Draws, "draws of the questions for the intervals")
	f.Uint64Var(&a.Seed, "seed", 0, "seed of the draws")
	f.StringVar(&a.Out, "out", "", "folder of the run, new or begun")
	f.BoolVar(&a.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&a.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
}

// answererAtHome is what the flags say of a model on this machine, where there is no configuration.
type answererAtHome struct {
	model, choose string
	how           llm.Local
}

func (h *answererAtHome) register(f *pflag.FlagSet) {
	f.StringVar(&h.model, "model", "", "without --config: folder or GGUF file of the model that answers")
	f.StringVar(&h.choose, "choose", judge.ByTotal, "what of a letter's log-probability decides: total, or calibrated, "+
		"less that under no question")
	f.IntVar(&h.how.Batch, "batch", llm.DefaultBatch, "questions computed at once; another number is another run")
	f.IntVar(&h.how.Threads, "threads", 0, "threads of one computation, 0 for one a core")
	f.StringVar(&h.how.Template, "template", "", "chat template where the model's own is not known")
	f.StringVar(&h.how.Precision, "precision", "", "f32, mixed (bf16 operands) or bf16, the "+
		"quickest on a processor with AVX512_BF16 (default f32)")
	f.StringVar(&h.how.Engine, "engine", "", engine.FlagUsage)
}

// config is what a configuration file is laid over; without one a flag must name the model.
func (h *answererAtHome) config(file string) (vidb.Config, error) {
	c := vidb.Defaults()
	if file != "" {
		return c, nil
	}
	if h.model == "" {
		return c, fault.Usage(fault.New(fault.Invalid, "give --model, or a --config with one [[voters]]"))
	}
	h.how.Provider = llm.AtHome
	c.Voters = []judge.Voter{{Name: "respondent", Ask: judge.AskChoices, Choose: h.choose,
		Model: llm.Model{Name: h.model, Local: h.how}}}
	return c, nil
}
