package main

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/vidb"
)

// stabilityCommand compares ways to get a score.
//
//	work      vidb.Stability of package vidb
//	reads     --vidb, texts with directions, and --config, judges; or --from, scores that were kept
//	writes    --db, every answer; --keep, every score; --out and --html, the table
//	refuses   calls that nobody agreed to pay for; scores that contradict each other
//	stops     as hives score does
//
// With --from it reads one table and asks nobody, so published scores of any kind can be compared in the same figures.
func stabilityCommand() *cobra.Command {
	j := vidb.DefaultStability()
	var config cli.ConfigFlags
	var out, html string
	var asJSON bool
	c := &cobra.Command{
		Use:   "stability (--vidb vidb.db --config judges.toml --db votes.db | --from scores.csv)",
		Short: "Say how much scores hang on who is asked, and how: ratings beside rankings",
		Long: `Are scores from rankings stabler than ratings? Every judge rates the same texts with a number from -10 to 10,
and puts them into order, each in the words of several prompts. The command prints how far judges and prompts are apart,
for both methods, with the difference on the same draws of items.

Variance, range, sign flips and change by the prompt reward a scale that presses scores together, so no claim rests on
them. The variance share, Spearman's correlation and Kendall's W do not change with the unit. See docs/INTENSITY.md.

--from computes the table from a file of scores, of whatever judges and methods, and asks nobody. --keep writes such a
file.`,
		Example: `  hives stability --vidb vidb.db --value mft/care-harm --config judges.toml \
      --db votes.db --keep scores.csv --html table.html --yes

  # from what was kept
  hives stability --from scores.csv --out table.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			j.Known, j.Stdout, j.Bar = known(c), beside(c, asJSON), callsBar
			if err := stabilityFiles(&j, config.File, out, html); err != nil {
				return err
			}
			if j.Scores == "" {
				var err error
				if j.Config, err = judges(c, config, "HIVES_STABILITY"); err != nil {
					return err
				}
			}
			table, err := vidb.Stability(c.Context(), j)
			if err != nil || table == nil {
				return err
			}
			return writeStability(c, table, out, html, asJSON)
		},
	}
	config.Register(c.Flags())
	registerStability(c.Flags(), &j)
	c.Flags().StringVar(&out, "out", "", "table to write (.csv)")
	c.Flags().StringVar(&html, "html", "", "page to write, with the table")
	jsonFlag(c, &asJSON)
	return c
}

// stabilityFiles refuses outputs that are inputs, and what cannot be written.
func stabilityFiles(j *vidb.StabilityJob, config, out, html string) error {
	if out != "" && strings.ToLower(filepath.Ext(out)) != ".csv" {
		return fault.Usage(fault.New(fault.Invalid, "--out %s: the table is written as .csv; --json prints it", out))
	}
	for _, file := range []string{out, html, j.Keep} {
		if err := spare(file, j.Scores, j.Path, j.Votes, config); err != nil {
			return err
		}
	}
	if err := (places{known: j.Known, files: []string{out, html, j.Keep}}).check(); err != nil {
		return err
	}
	return nil
}

// registerStability adds who is asked, about what, and where answers and scores are kept.
func registerStability(f *pflag.FlagSet, j *vidb.StabilityJob) {
	f.StringVar(&j.Path, "vidb", "", "value-intensity database, which hives vidb pool begins")
	f.StringSliceVar(&j.Values, "value", nil, "value_id, such as mft/care-harm (default: every value of the file)")
	f.StringVar(&j.Votes, "db", "", "votes file, created where there is none")
	f.StringVar(&j.Scores, "from", "", "scores that were kept (.csv), in the judges' place")
	f.StringVar(&j.Keep, "keep", "", "scores to write (.csv), from which the table can be computed again")
	f.StringSliceVar(&j.Prompts, "prompts", j.Prompts, "prompts that every judge is asked with")
	f.IntVar(&j.Texts, "texts", j.Texts, "texts of each value, among those on whose direction people said something")
	f.IntVar(&j.K, "k", j.K, "texts of a window")
	f.IntVar(&j.M, "m", j.M, "windows that each text is drawn for, for each judge and prompt")
	f.IntVar(&j.Draws, "bootstrap", j.Draws, "draws of the items, for intervals (0: none)")
	f.Uint64Var(&j.Seed, "seed", 0, "seed of texts, windows and draws")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in calls, tokens, money and hours, and ask nobody")
}

// writeStability writes the table in every form that was asked for.
func writeStability(c *cobra.Command, table *vidb.Instability, out, html string, asJSON bool) error {
	if out != "" {
		if err := table.WriteCSV(out); err != nil {
			return fsutil.Classify(err, out)
		}
	}
	if html != "" {
		if err := table.WritePage(html); err != nil {
			return fsutil.Classify(err, html)
		}
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), table)
	}
	return table.Write(c.OutOrStdout())
}
