package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/chat"
	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/panel"
	"hives/internal/talk"
)

// labelCommand asks a panel of language models. It needs no output folder check of its own: every answer is stored
// as it comes, and the same command goes on.
//
//	work      panel.Run of internal/panel, which asks through internal/judge
//	reads     --in, texts; --config, voters and endpoints; --theory, the tree to walk down
//	writes    --db, every answer; --out, rows where the voters agree; --report, a page
//	refuses   an output that is the input; a votes file whose run another program works on
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
//
// A text on which the voters do not agree becomes no row: it waits in --db for hives review, and the next start of
// this command takes over what people decided.
//
// Without --config a local model is asked in seven ways: --model, or the small one.
func labelCommand() *cobra.Command {
	var j panel.Job
	var flags cli.ConfigFlags
	var home homeModel
	c := &cobra.Command{
		Use:   "label --in texts.jsonl --theory svt --out rows.parquet --db votes.db",
		Short: "Label texts by the votes of several language models",
		Long: `Which value is each text about, if several language models vote on it? The command asks every voter of the
configuration. It asks level by level down the theory's tree, then for the direction: does the text support the value or
oppose it? Where the voters agree, a row is written. Where they do not, the text waits in the votes file for hives
review.

Voters are models behind endpoints, or models computed on this machine (provider = "local"). Without a configuration
one local model is asked in seven ways (--model). Where a local model's question has a closed list of answers, these are
compared by how probable each is, so that no answer is unusable.

Every answer is stored before it counts. A run may be stopped by a signal, by an endpoint that fails or by its budget.
The same command goes on from there and asks nothing twice. See docs/LABELLING.md for the rules and the configuration.`,
		Example: `  # first: what would it take in requests, tokens and money?
  hives label --config panel.toml --in texts.jsonl --theory mft \
      --out rows.parquet --db votes.db --dry-run

  # then ask
  hives label --config panel.toml --in texts.jsonl --theory mft \
      --out rows.parquet --db votes.db --report page.html

  # no server and no configuration: a model on this machine
  hives label --model DIR --in texts.jsonl --theory mft --out rows.parquet --db votes.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			defaults, err := home.panel(c, flags.File)
			if err != nil {
				return err
			}
			// Settings come from the file, from --set and from variables that begin with HIVES_LABEL.
			if j.Config, _, err = cli.Load(defaults, flags.Sources(c.Flags(), "HIVES_LABEL", nil)); err != nil {
				return err
			}
			j.Config.Opener = talk.Provide
			j.Stdout, j.Theories = c.OutOrStdout(), known(c)
			// Three outputs, any of which could be the input by mistake. "" and a dash are no files, and pass.
			for _, out := range []string{j.Out, j.DB, j.Report} {
				if err := spare(out, j.In); err != nil {
					return err
				}
			}
			return panel.Run(c.Context(), j)
		},
	}
	flags.Register(c.Flags())
	home.register(c.Flags())
	registerLabel(c.Flags(), &j)
	required(c, "in", "theory", "out", "db")
	cli.TakesStdin(c, ".csv", "in")
	return c
}

// registerLabel adds what is labelled, and where it goes.
func registerLabel(f *pflag.FlagSet, j *panel.Job) {
	f.StringVar(&j.In, "in", "", `texts: lines {"text": …} (.jsonl), or rows (.parquet, .csv)`)
	f.StringVar(&j.Theory, "theory", "", "theory to label with: svt, mft, duty or right")
	f.StringVar(&j.Out, "out", "", "rows to write (.parquet or .csv)")
	// It has no default: a votes file holds what was paid for, so its owner says where it lies.
	f.StringVar(&j.DB, "db", "", "votes file, created where there is none")
	f.StringVar(&j.Report, "report", "", "page to write, with agreement and distributions (.html)")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
}

// homeModel is what the flags say of the local model that is asked where there is no configuration.
type homeModel struct {
	dir, choose string
	how         llm.Local
}

func (h *homeModel) register(f *pflag.FlagSet) {
	f.StringVar(&h.dir, "model", "", "without --config: folder or GGUF file of the model that is asked (default "+
		talk.SmallModel+")")
	f.IntVar(&h.how.Batch, "batch", llm.DefaultBatch, "questions computed at once; another number is another run")
	f.IntVar(&h.how.Threads, "threads", 0, "threads of one computation, 0 for one a core")
	f.StringVar(&h.how.Template, "template", "", "chat template where the model's own is not known: "+
		strings.Join(chat.Templates, ", "))
	f.StringVar(&h.how.Precision, "precision", "", "f32, mixed (bf16 operands) or bf16, the "+
		"quickest on a processor with AVX512_BF16 (default f32)")
	f.StringVar(&h.how.Engine, "engine", "", engine.FlagUsage)
	f.StringVar(&h.choose, "choose", judge.ByTotal, "what of an answer's log-probability decides: "+
		strings.Join(judge.Chooses, ", "))
}

// panel is what a configuration is laid over. With a file the flags would say a second time what its voters say, so
// they are refused.
func (h *homeModel) panel(c *cobra.Command, file string) (panel.Config, error) {
	if file != "" {
		for _, name := range []string{"model", "batch", "threads", "template", "precision", "engine", "choose"} {
			if c.Flags().Changed(name) {
				return panel.Config{}, fault.Usage(fault.New(fault.Invalid,
					"--%s is for a panel without --config: write it beside the voter in %s", name, file))
			}
		}
		return panel.Defaults(), nil
	}
	path, note, err := talk.Which(h.dir)
	if err != nil {
		return panel.Config{}, err
	}
	if note != "" {
		note = "; " + note
	}
	fmt.Fprintf(c.ErrOrStderr(), "no --config: %s is asked in seven ways%s\n", path, note)
	return panel.Home(path, h.how, h.choose), nil
}
