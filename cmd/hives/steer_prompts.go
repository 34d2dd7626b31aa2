package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/data/theories"
	"hives/internal/audit/prompts"
	"hives/internal/audit/queries"
	"hives/internal/fault"
	"hives/internal/steer"
	"hives/vidb"
)

// steerPromptsCommand shows the prompts that an audit would ask.
//
//	work      prompts.Cells of internal/audit/prompts
//	reads     --queries; for regime texts --vidb; --profile
//	writes    nothing: it prints
//	refuses   targets that there are none of; values without a checked phrase
func steerPromptsCommand() *cobra.Command {
	s := promptsShown{count: 1}
	c := &cobra.Command{
		Use:   "prompts",
		Short: "Show the prompts that steer, as a model would read them",
		Long: `With which words is a model steered? The command prints the prompts that hives steer run would ask, for the
first --count queries. Regimes:

  anchor    "You are a person who strongly rejects …", with a noun phrase for each of 32 values
  texts     three texts whose scores lie in the target's part of the scale (--vidb)
  two       a profile of two values, on sixteen pairs, at four pairs of targets
  five      a profile of five values of a theory, in five cyclic shifts of 2, 1, 1, -1, -2
  profile   a profile from a file (--profile)

The default, without steering, is always among them. Each prompt comes with the file and version of its words and their
SHA-256. See docs/AUDIT.md.`,
		Example: `  hives steer prompts --values power --targets 2,-2

  # texts of users, of a database
  hives steer prompts --regimes texts --vidb vidb.db --values mft/care-harm`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.run(c) },
	}
	s.asked.register(c.Flags())
	c.Flags().StringVar(&s.vidb, "vidb", "", "value-intensity database with the texts of regime texts")
	c.Flags().StringVar(&s.queries, "queries", "", "queries to show them with: a file of hives steer queries, or a table "+
		`with a column "query" (default: ours)`)
	c.Flags().IntVar(&s.count, "count", s.count, "number of queries")
	jsonFlag(c, &s.asJSON)
	return c
}

// promptsShown is the command's flags.
type promptsShown struct {
	asked         promptFlags
	queries, vidb string
	count         int
	asJSON        bool
}

func (s *promptsShown) run(c *cobra.Command) error {
	if s.count < 1 {
		return fault.Usage(fault.New(fault.Invalid, "--count %d: want 1 or more", s.count))
	}
	o, err := s.asked.options(known(c))
	if err != nil {
		return err
	}
	all, err := queries.Read(s.queries)
	if err != nil {
		return err
	}
	if len(o.Values) == 0 {
		o.Values = prompts.Values()
	}
	cells, err := prompts.Cells(o, textsOf(s.vidb, known(c)))
	if err != nil {
		return err
	}
	var shown []prompts.Asked
	for _, q := range all[:min(s.count, len(all))] {
		for _, cell := range cells {
			shown = append(shown, cell.Ask(q))
		}
	}
	if s.asJSON {
		return printJSON(c.OutOrStdout(), map[string]any{"prompts": shown})
	}
	return printPrompts(c.OutOrStdout(), shown)
}

// promptFlags are what decides which prompts there are.
type promptFlags struct {
	o       prompts.Options
	values  []string
	profile string
}

func (p *promptFlags) register(f *pflag.FlagSet) {
	p.o = prompts.Defaults()
	f.StringSliceVar(&p.o.Regimes, "regimes", p.o.Regimes, "anchor, texts, two, five, profile; none: the default alone")
	f.StringSliceVar(&p.values, "values", nil, "values to steer by: ids or names, such as power,mft/care-harm (default: "+
		"all that there are prompts for)")
	f.IntSliceVar(&p.o.Targets, "targets", p.o.Targets, "of anchor and texts: 2 strongly for, 1 slightly, -1 slightly "+
		"against, -2 strongly")
	f.StringVar(&p.o.Words, "words", p.o.Words, "slightly, or weakly: what a weak target is called")
	f.StringVar(&p.o.Texts, "texts", p.o.Texts, "texts of regime texts: drawn for each query, or fixed for a value and "+
		"target")
	f.StringVar(&p.o.Bins, "bins", p.o.Bins, "scores of a target's texts: main, appendix (3 is in, 7 in none), symmetric")
	f.StringVar(&p.profile, "profile", "", "file with scores of values, of regime profile (JSON)")
	f.Uint64Var(&p.o.Seed, "seed", 0, "seed of all that is drawn")
}

// options are the flags, with values by their ids.
func (p *promptFlags) options(all theories.Set) (o prompts.Options, err error) {
	o = p.o
	if len(o.Regimes) == 1 && o.Regimes[0] == "none" {
		o.Regimes = nil
	}
	for _, word := range p.values {
		t, err := steer.FindTrait(word, all)
		if err != nil {
			return o, fault.Usage(err)
		}
		o.Values = append(o.Values, t.ValueID)
	}
	if p.profile != "" {
		o.Profile, err = prompts.ReadProfile(p.profile)
	}
	return o, err
}

// textsOf opens a database where its texts are asked for.
func textsOf(path string, all theories.Set) func(string) (*vidb.Value, error) {
	return func(value string) (*vidb.Value, error) {
		if path == "" {
			return nil, fault.Usage(fault.New(fault.Invalid, "regime texts needs --vidb, a database with texts of known score"))
		}
		file, err := vidb.Open(path, all)
		if err != nil {
			return nil, err
		}
		return file.Full(value)
	}
}

// printPrompts prints them one below the other.
func printPrompts(w io.Writer, all []prompts.Asked) error {
	for _, p := range all {
		text := p.Prompt
		if p.Skipped != "" {
			text = "left out: " + p.Skipped
		}
		if _, err := fmt.Fprintf(w, "── %s (%s, %.12s)\n%s\n\n", p.Condition, p.File, p.Hash, text); err != nil {
			return err
		}
	}
	return nil
}
