package main

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hives/internal/fault"
	"hives/internal/runstore"
	"hives/internal/shell"
	"hives/internal/trainer"
)

// recoverCommand makes the files beside a run's checkpoints again.
//
//	work      trainer.Recover of internal/trainer
//	reads     the newest whole checkpoint of --out; damaged ones are passed over and named
//	writes    run.json and config.toml where they are damaged or gone; what they replace stays as FILE.damaged
//	refuses   a run without a whole checkpoint; settings that do not have the hash that the checkpoint notes
//	Ctrl-C    each file is the old one or the new one
//
// Why not let --resume do it? A resume that repairs in silence would also repair what somebody changed on purpose.
// So it says what is wrong and names this command.
func recoverCommand(o *options) *cobra.Command {
	var settings string
	cmd := &cobra.Command{
		Use: "recover --out RUN", Short: "Make a damaged run.json or config.toml again from the checkpoints",
		Args: cobra.NoArgs,
		Long: `How do I save a run whose run.json or config.toml is damaged or gone? The command makes both again
from the newest whole checkpoint, which holds settings, hashes and own theories. What it replaces
stays beside it as FILE.damaged. --resume then goes on as if nothing had happened.

Checkpoints of older programs hold only the hash of the settings. For these, --settings names a copy of the
run's config.toml. The copy must have that hash.`,
		Example:           "  train recover --out runs/stage1\n  train --resume --out runs/stage1",
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // the run's theories cannot be read yet
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.out == "" {
				return fault.Usage(fault.New(fault.Invalid, "no run folder: give --out DIR"))
			}
			r, err := trainer.Recover(o.out, settings)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, damaged := range r.Skipped {
				fmt.Fprintln(out, "passed over:", damaged)
			}
			if len(r.Written) == 0 {
				fmt.Fprintf(out, "%s: run.json and config.toml are whole; nothing to do\n", o.out)
				return nil
			}
			fmt.Fprintf(out,
				"made again from %s, step %d: %s\nnext:  train --resume --out %s\n",
				r.Checkpoint, r.Step, strings.Join(r.Written, ", "), shell.Word(o.out))
			return nil
		},
	}
	cmd.Flags().StringVar(&settings, "settings", "",
		"copy of the run's config.toml, for checkpoints that hold its hash alone")
	return cmd
}

// checkStored refuses to go on under stored settings that are gone or not those that the run noted the hash of:
// of a file that was cut at the end of a line the rest would be defaults.
func (o *options) checkStored() error {
	// A file of settings that was cut at the end of a line is valid TOML. Its hash is what tells.
	info, err := runstore.Read(o.out)
	want, noted := info.Hashes["config"]
	if !o.resume || o.allowChanged || err != nil || !noted {
		return nil // no run, one that was not begun yet, or one whose own damage is said later
	}
	config, err := runstore.Config(o.out)
	if err == nil && fmt.Sprintf("%x", sha256.Sum256(config)) != want {
		err = fault.New(fault.Corrupt,
			"%s is not what the run noted (its SHA-256 is not %s): train recover --out %s makes it again from "+
				"the newest checkpoint; or give --allow-changed, where the change is wanted",
			filepath.Join(o.out, "config.toml"), want, o.out)
	}
	return err
}
