package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/intensity"
	"hives/internal/fault"
	"hives/ranking"
	"hives/vidb"
)

// fitFlags are what build and fit have in common. prior and calibration are words here: each has a form of its own,
// which options reads.
type fitFlags struct {
	o                  vidb.FitOptions
	prior, calibration string
}

// register adds the flags of a fit. Defaults are those of vidb.DefaultFit, so build and fit score alike.
func (f *fitFlags) register(flags *pflag.FlagSet) {
	f.o = vidb.DefaultFit()
	flags.StringVar(&f.o.Solver, "solver", f.o.Solver, "newton, or paper for the paper's fixed steps")
	flags.StringVar(&f.prior, "prior", f.o.Prior.String(), "what keeps utilities finite: ghost:C, ridge:ALPHA or none")
	flags.StringVar(&f.o.Model, "fit-model", f.o.Model, "pl: all judges alike; judges: each with a sharpness and a bias")
	flags.StringVar(&f.calibration, "calibration", string(f.o.Calibration), "zscore, minmax, quantile or quantile-max")
	flags.StringVar(&f.o.Zero, "zero", f.o.Zero, "what score 0 is: mean of the pool, or neutral")
	flags.StringVar(&f.o.Ties, "ties", f.o.Ties, "drop: a tie is left out; half: it is both orders, half each")
	flags.IntVar(&f.o.Bootstrap, "bootstrap", 0, "errors from so many resampled sets of orders (0: from the information)")
	flags.BoolVar(&f.o.AllowDisconnected, "allow-disconnected", false, "fit although some texts never met others")
	// --model says elsewhere what embeds; here it is short for --fit-model.
	// Every flag of this command passes here, as it is typed and as it is registered.
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "model" {
			name = "fit-model"
		}
		return pflag.NormalizedName(name)
	})
	// For comparison with the paper's figures alone.
	flags.BoolVar(&f.o.NoGuard, "no-guard", false, "let the paper's solver go on although its steps grow")
}

// adjust changes what the command line names, and leaves the rest as the value has it.
func (f *fitFlags) adjust(flags *pflag.FlagSet) func(*vidb.FitOptions) error {
	return func(o *vidb.FitOptions) error {
		given, err := f.options()
		if err != nil {
			return err
		}
		for name, change := range map[string]func(){
			"solver": func() { o.Solver = given.Solver }, "prior": func() { o.Prior = given.Prior },
			"fit-model": func() { o.Model = given.Model }, "calibration": func() { o.Calibration = given.Calibration },
			"zero": func() { o.Zero = given.Zero }, "ties": func() { o.Ties = given.Ties },
			"bootstrap":          func() { o.Bootstrap = given.Bootstrap },
			"allow-disconnected": func() { o.AllowDisconnected = given.AllowDisconnected },
			"no-guard":           func() { o.NoGuard = given.NoGuard },
		} {
			if flags.Changed(name) {
				change()
			}
		}
		return nil
	}
}

// options reads the two that have a form of their own.
func (f *fitFlags) options() (vidb.FitOptions, error) {
	var err error
	f.o.Calibration = intensity.Method(f.calibration)
	if f.o.Prior, err = ranking.ParsePrior(f.prior); err != nil {
		return f.o, fault.Usage(err)
	}
	return f.o, nil
}

// vidbFitCommand computes scores anew.
//
//	work      vidb.FitFile of package vidb
//	reads     --vidb: the stored orders
//	writes    the same file: scores, errors and figures; the orders stay
//	refuses   orders that leave the pool in parts that never met, unless --allow-disconnected
//	Ctrl-C    the file stays as it was
//
// It asks nobody and costs nothing, so it is where solvers, priors and calibrations are compared.
func vidbFitCommand() *cobra.Command {
	var path string
	var values []string
	var flags fitFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "fit --vidb vidb.db",
		Short: "Compute scores and errors from the stored orders",
		Long: `What scores follow from the stored orders? The command computes utilities, standard errors, scores and the
figures of each judge again. It asks nobody, so solvers, priors and calibrations can be compared at no cost. What
voters and reviewers said of the scores stays. What no flag names is as in the last fit.`,
		Example: `  hives vidb fit --vidb vidb.db
  hives vidb fit --vidb vidb.db --value mft/care-harm --fit-model judges \
      --bootstrap 200`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			figures, err := vidb.FitFile(c.Context(), path, values, known(c), flags.adjust(c.Flags()))
			if err != nil {
				return err
			}
			return printFigures(c, figures, asJSON)
		},
	}
	vidbFlag(c, &path, &values)
	flags.register(c.Flags())
	jsonFlag(c, &asJSON)
	return c
}

// printFigures prints values one after another, or as one JSON list.
//
// A command that changes several values prints each as show would, with fewer texts.
func printFigures(c *cobra.Command, figures []vidb.Figures, asJSON bool) error {
	if asJSON {
		return printJSON(c.OutOrStdout(), figures)
	}
	for _, f := range figures {
		if err := f.Write(c.OutOrStdout()); err != nil {
			return err
		}
	}
	return nil
}
