package main

import (
	"github.com/spf13/cobra"

	"hives/encoder/local"
	"hives/internal/cli"
	"hives/internal/engine"
)

// anchorsCommand groups what makes, shows and uses the cross-theory bank.
func anchorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "anchors",
		Short: "Build cross-theory anchors from training rows, show them, assign rows to them",
	}
	cmd.AddCommand(anchorsBuildCommand(), anchorsAssignCommand(), anchorsShowCommand())
	return cmd
}

// embedderFlags are those of every command that embeds rows.
type embedderFlags struct {
	model, kind, precision string
	threads                int
}

func (e *embedderFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&e.model, "model", "", "model folder of the embedder; it is only read")
	f.StringVar(&e.precision, "precision", "f32", "f32, mixed or bf16, as in hives embed")
	f.StringVar(&e.kind, "engine", "", engine.FlagUsage)
	f.IntVar(&e.threads, "threads", 0, "threads of one computation, 0 for one a core")
}

// open loads the embedder; close frees it and ends its progress line.
func (e *embedderFlags) open(c *cobra.Command) (enc *local.Local, close func(), err error) {
	eng, err := engine.Open(c.Context(), engine.Options{Kind: engine.Kind(e.kind), Threads: e.threads})
	if err != nil {
		return nil, nil, err
	}
	c.PrintErrln(eng.Choice)
	bar := cli.NewProgress("embed", "texts", 0, 0)
	last := 0
	enc, err = local.Open(e.model, eng.Backend, string(eng.Name), local.Options{
		Precision: e.precision,
		Progress: func(done, _ int) { // of one call: the next one counts from 0 again
			if done < last {
				last = 0
			}
			bar.Add(int64(done - last))
			last = done
		},
	})
	if err != nil {
		eng.Close()
		return nil, nil, err
	}
	return enc, func() {
		bar.Close()
		enc.Close()
		eng.Close()
	}, nil
}
