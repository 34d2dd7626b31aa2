package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"hives/internal/answers"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/talk"
)

// Where to find what: a step is a file of its name. What a step does is in package answers; a command reads flags and
// makes one call.

// vcaiCommand groups the steps from a value to rows that a language model can be trained on.
func vcaiCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "vcai",
		Short: "Make answers that agree with a value to a chosen degree, to train on",
		Long: `How does a language model learn to hold a value strongly, or to be against it? From answers that do. These
commands have one model write answers at five levels, from strongly disagree to strongly agree, and have a judge read
them as several people would, part by part of the value. An answer that is not near its level is rewritten.

"values" prints the values and their parts; "decompose" drafts the parts of another value. "build" asks. "stats" counts
what came, "quality" says whether it has the degree that was asked for. "export-sft" writes rows for train --stage=sft.
See docs/VCAI.md.`,
		Example: `  hives vcai values
  hives vcai build --questions questions.jsonl --out out/vcai/run \
      --model weights/writer --judge-model weights/judge
  hives vcai stats --in out/vcai/run
  hives vcai export-sft --in out/vcai/run --level +2 --out plus2.jsonl
  train --stage=sft --model weights/small --data plus2.jsonl --out runs/plus2`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	// In the order of the work.
	c.AddCommand(vcaiValuesCommand(), vcaiDecomposeCommand(), vcaiBuildCommand(), vcaiStatsCommand(),
		vcaiQualityCommand(), vcaiExportCommand())
	return c
}

// decompositionFlag names what values consist of, alike in all steps.
func decompositionFlag(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "decomposition", "", "values by their parts (JSON); empty: our own ten values")
}

// decompositionFlags also choose among the values.
func decompositionFlags(c *cobra.Command, file *string, values *[]string) {
	decompositionFlag(c, file)
	c.Flags().StringSliceVar(values, "values", nil, "names or value_ids, with commas between them (default: all)")
}

// writerAndJudge are the two models: those of a configuration, or two on this machine.
type writerAndJudge struct {
	pairAtHome
	file cli.ConfigFlags
}

func (m *writerAndJudge) register(c *cobra.Command) {
	m.file.Register(c.Flags())
	m.pairAtHome.register(c.Flags())
	c.Flag("model").Usage = "without --config: folder or GGUF file of the model that writes"
	c.Flag("judge-model").Usage = "without --config: that of the judge (default: the writer)"
}

// config reads it. Settings come from the file, from --set and from variables that begin with HIVES_VCAI.
func (m *writerAndJudge) config(c *cobra.Command) (answers.Config, error) {
	defaults := answers.Defaults()
	if err := m.beside(c, m.file.File); err != nil {
		return defaults, err
	}
	if m.file.File == "" {
		writer, judge := cmp.Or(m.model, m.judge), cmp.Or(m.judge, m.model)
		if writer == "" {
			return defaults, fault.Usage(fault.New(fault.Invalid, "give --model, or a --config with voters named writer and "+
				"judge"))
		}
		defaults = answers.Home(writer, judge, m.how, m.choose)
	}
	cfg, _, err := cli.Load(defaults, m.file.Sources(c.Flags(), "HIVES_VCAI", nil))
	cfg.Opener = talk.Provide
	return cfg, err
}
