package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hives/internal/fsutil"
	"hives/internal/page"
	"hives/vidb"
)

// vidbShow is hives vidb show.
type vidbShow struct {
	path, with, html string
	values           []string
	top              int
	asJSON           bool
}

// vidbShowCommand prints and draws values.
//
//	work      Value.Summarise, and vidb.NewSheet for the page
//	reads     --vidb, with --with a second database
//	writes    standard output; --html, one page
//	refuses   a value that the file lacks
func vidbShowCommand() *cobra.Command {
	var s vidbShow
	c := &cobra.Command{
		Use:   "show --vidb vidb.db [--value ID] [--html page.html]",
		Short: "Print or draw a value's texts, errors and judges",
		Long: `What does a database say of a value? The command prints the highest, the lowest and the most doubtful
texts, each
with its interval. It prints how far the orders tie the texts together, and for each judge how often it chose the first
text, how often it kept to its choice, and how often it agrees with other judges and with people.

--html writes one page instead: histograms by direction, the error against the calls, the judges, the texts, and with
--with a second database beside the first.`,
		Example: `  hives vidb show --vidb vidb.db --value mft/care-harm
  hives vidb show --vidb vidb.db --json
  hives vidb show --vidb people.db --with models.db --html page.html`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.run(c) },
	}
	vidbFlag(c, &s.path, &s.values)
	f := c.Flags()
	f.IntVar(&s.top, "top", 10, "texts of each list")
	f.StringVar(&s.html, "html", "", "page to write (.html)")
	f.StringVar(&s.with, "with", "", "second database, which the page compares with the first")
	jsonFlag(c, &s.asJSON)
	return c
}

// run prints, or draws where --html names a page. The windows are read, too: judges are held to people by them.
func (s *vidbShow) run(c *cobra.Command) error {
	file, err := vidb.Open(s.path, known(c))
	if err != nil {
		return err
	}
	if s.html != "" {
		return s.draw(c, file)
	}
	var figures []vidb.Figures
	for _, id := range named(file, s.values) {
		v, err := file.Full(id)
		if err != nil {
			return err
		}
		figures = append(figures, v.Summarise(s.top))
	}
	return printFigures(c, figures, s.asJSON)
}

// draw writes the page. Values that the second database lacks stand alone.
func (s *vidbShow) draw(c *cobra.Command, file *vidb.File) error {
	var other *vidb.File
	var err error
	if s.with != "" {
		if other, err = vidb.Open(s.with, known(c)); err != nil {
			return err
		}
	}
	var sheets []vidb.Sheet
	var facts []page.Fact
	for _, id := range named(file, s.values) {
		v, err := file.Full(id)
		if err != nil {
			return err
		}
		var beside *vidb.Value
		if other != nil && other.Has(v.ValueID) {
			if beside, err = other.Value(v.ValueID); err != nil {
				return err
			}
		}
		sheet, err := vidb.NewSheet(c.Context(), v, beside, s.with, s.top)
		if err != nil {
			return err
		}
		sheets = append(sheets, sheet)
		facts = append(facts, page.Fact{Name: v.ValueID, Value: fmt.Sprintf("pool %.12s, run %s", v.PoolHash, v.Run)})
	}
	if err := fsutil.WriteFile(s.html, func(w io.Writer) error {
		return vidb.WritePage(w, sheets, facts...)
	}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "→ %s\n", s.html)
	return err
}
