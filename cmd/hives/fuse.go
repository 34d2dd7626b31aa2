package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/columns"
	"hives/internal/fault"
	"hives/model/fuse"
)

// fuseCommand makes one model of several. The arithmetic and the files are package fuse's. Here flags become its
// options, and its record becomes a few lines: a person wants to know how far apart the models were, and whether
// Karcher's mean settled.
//
//	work      fuse.Run of model/fuse
//	reads     model folders or adapters, with --base the model that they came from
//	writes    --out, a model folder with fusion.json in it
//	refuses   --out that is there; models of another config, tokenizer, or other tensors; adapters without --base
//	Ctrl-C    --out appears whole or not at all
func fuseCommand() *cobra.Command {
	var o fuse.Options
	// Linear is the default: for models of one base the two methods differ by less than bfloat16 keeps (package
	// fuse).
	method, of := string(fuse.ByLinear), "models"
	var asJSON bool
	c := &cobra.Command{
		Use:   "fuse MODEL MODEL… --out DIR",
		Short: "Make one model of several that were tuned from the same base",
		Long: `How do I get one model out of several that were tuned from the same base? The command takes each tensor of
all models and writes its mean, with the tokenizer and config of the first model. Sums are float64, and are
rounded once.

--method linear averages the numbers. --method karcher averages directions and norms apart: an average of
vectors that point to different sides is shorter than they are, and Karcher's mean is not. Models tuned from
one base lie so near to each other that the two methods hardly differ. The command prints the largest angle
and the difference. --of deltas takes what each model changed in --base, where angles are large, and adds the
mean to the base.

Adapters (folders as PEFT writes them) are fused with --base: each is added to the base first. A and B are
never averaged apart, since the mean of products is not the product of means.

Models of another config, tokenizer, or other tensors are refused by name. fusion.json in the new folder holds
weights, hashes, and of each tensor norms, angles and updates.`,
		Example: `  # two models with equal weight
  hives fuse tuned/care tuned/fairness --out fused

  # three adapters of one base, the first counting twice, by what they change
  hives fuse a/adapter b/adapter c/adapter --base weights/SmolLM2 \
      --weights 2,1,1 --method karcher --of deltas --out fused`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.Models, o.Method = args, fuse.Method(method)
			switch of {
			case "models", "deltas":
				o.Deltas = of == "deltas"
			default:
				return fault.Usage(fault.New(fault.Invalid, "--of %q: want models or deltas", of))
			}
			// Paths, configs and weights are checked in there, before a tensor is read.
			rec, err := runFuse(c, o)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), rec)
			}
			return printFused(c.OutOrStdout(), o.Out, rec)
		},
	}
	registerFuse(c.Flags(), &o, &method, &of)
	jsonFlag(c, &asJSON)
	required(c, "out")
	return c
}

// registerFuse adds what is fused, how, and where it goes.
func registerFuse(f *pflag.FlagSet, o *fuse.Options, method, of *string) {
	f.StringVar(method, "method", *method, "linear or karcher")
	f.StringVar(of, "of", *of, "what is fused: models, or deltas from --base")
	f.StringVar(&o.Base, "base", "", "model folder that the adapters or models were made from")
	// Normalised to a sum of 1 unless --no-normalise: 2,1,1 and .5,.25,.25 are the same.
	f.Float64SliceVar(&o.Weights, "weights", nil, "a weight for each model, such as 2,1,1 (default: equal ones)")
	f.BoolVar(&o.Raw, "no-normalise", false, "linear: sum with the weights as they are, not divided by their sum")
	f.StringVar(&o.Out, "out", "", "model folder to write, which must not be there")
}

// runFuse shows numbers per second while it runs. The total is known once the first model is open.
func runFuse(c *cobra.Command, o fuse.Options) (*fuse.Record, error) {
	var p *cli.Progress
	o.Progress = func(numbers, all int) {
		// A nil bar shows nothing, so an error before the first call leaves no line behind.
		if p == nil {
			p = cli.NewProgress("fusing", "numbers", int64(all), 0)
		}
		p.Add(int64(numbers))
	}
	rec, err := fuse.Run(c.Context(), o)
	if err != nil {
		p.Drop()
		return nil, err
	}
	p.Close()
	return rec, nil
}

// opposite is the angle beyond which two tensors count as pointing to opposite sides: half a degree from it.
const opposite = math.Pi - .01

// printFused is the account: the tensors where the models are furthest apart, and what did not go well.
func printFused(w io.Writer, out string, rec *fuse.Record) error {
	far := slices.Clone(rec.Tensors)
	// Stable, so that tensors of one angle stay in the order of the file.
	slices.SortStableFunc(far, func(a, b fuse.Tensor) int { return cmp.Compare(b.Angle, a.Angle) })
	unsettled, turned := 0, 0
	for _, t := range far {
		if !t.Converged {
			unsettled++
		}
		if t.Angle > opposite {
			turned++
		}
	}
	t := columns.NewTable(w)
	fmt.Fprint(t, "furthest apart\tlargest angle\tupdates\tfrom linear\n")
	// Five of hundreds: the rest stands in fusion.json.
	for _, x := range far[:min(5, len(far))] {
		fmt.Fprintf(t, "%s\t%.3g°\t%d\t%.2g\n", x.Name, x.Angle*180/math.Pi, x.Updates, x.Off)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if unsettled > 0 {
		fmt.Fprintf(w, "%d tensors had not settled after %d updates\n", unsettled, fuse.MaxUpdates)
	}
	if turned > 0 {
		fmt.Fprintf(w, "%d tensors point to opposite sides in two models: no mean lies between these\n", turned)
	}
	_, err := fmt.Fprintf(w, "%s: %d tensors of %d %s\n", out, len(rec.Tensors), len(rec.Models), rec.Of)
	return err
}
