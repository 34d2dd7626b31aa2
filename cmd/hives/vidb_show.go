package main

import (
	"github.com/spf13/cobra"

	"hives/vidb"
)

// vidbShowCommand prints values.
//
//	work      vidb.Open, File.Full and Value.Summarise of package vidb
//	reads     --vidb
//	writes    standard output alone
//	refuses   a file of another version, a value whose pool has another hash than the file says
func vidbShowCommand() *cobra.Command {
	var path string
	var values []string
	var top int
	var asJSON bool
	c := &cobra.Command{
		Use:   "show --vidb vidb.db [--value ID]",
		Short: "Print a value's texts, errors and judges",
		Long: `What does a database say of a value? The command prints the highest, the lowest and the most doubtful texts,
each with its interval. It prints how far the orders tie the texts together, and for each judge how often it chose the
first text, how often it kept to its choice, and how often it agrees with other judges and with people.`,
		Example: `  hives vidb show --vidb vidb.db --value mft/care-harm
  hives vidb show --vidb vidb.db --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// Opening refuses other versions, and reading a value checks its pool's hash: what is shown is what a
			// later step would work on.
			file, err := vidb.Open(path, known(c))
			if err != nil {
				return err
			}
			var figures []vidb.Figures
			for _, id := range named(file, values) {
				v, err := file.Full(id)
				if err != nil {
					return err
				}
				figures = append(figures, v.Summarise(top))
			}
			return printFigures(c, figures, asJSON)
		},
	}
	vidbFlag(c, &path, &values)
	c.Flags().IntVar(&top, "top", 10, "texts of each list")
	jsonFlag(c, &asJSON)
	return c
}
