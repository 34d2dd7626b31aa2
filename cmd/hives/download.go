package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/hub"
)

// downloadCommand hands everything to package hub. GoesOn makes a stop print the command that continues, since what
// came is kept.
//
//	work      hub.Run of internal/hub
//	reads     the hub cache of this machine, then the hub
//	writes    --out, a model folder with download.json; .NAME.partial beside it until the folder is whole
//	refuses   a hash or size other than announced, names that lead out of the folder, a token over a way
//	          without TLS
//	Ctrl-C    what came is kept; exit 75, and the same command goes on
//
// Flags say what to fetch, the environment says from where: a machine that is set up for other programs of the hub
// needs no setting more.
func downloadCommand() *cobra.Command {
	r := hub.Request{}
	var asJSON bool
	c := &cobra.Command{
		Use:   "download [ID]",
		Short: "Bring a model's files from a hub or its cache into a model folder",
		Long: `How do I get a model's files onto this machine? The command downloads the model ID into a folder that --model
takes. Without an ID it takes ` + hub.DefaultModel + ` at a pinned commit.

Files that the hub cache has are copied from there. The rest comes from the hub over several connections. Every file
must have the size and the hash that the hub announced. The folder appears when it is whole. After a stop, the same
command goes on from where it stood. download.json records what came. See docs/DOWNLOAD.md.

The variables HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE mean what they mean to
huggingface_hub. HTTPS_PROXY, HTTP_PROXY and NO_PROXY name proxies as everywhere.`,
		Example: `  # look first: which files, how large, from where? then download
  hives download --dry-run
  hives download

  # another model, at a tag
  hives download OWNER/NAME --revision v1.0 --out models/name`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cli.GoesOn(c.Context())
			if len(args) == 1 {
				r.ID = args[0]
			}
			// Settings of the hub come from the environment alone, as for every other program that asks it.
			s, err := hub.FromEnvironment()
			if err != nil {
				return err
			}
			r.Say = func(format string, args ...any) { c.PrintErrf(format+"\n", args...) }
			// Package hub draws nothing itself; it tells what came, and the command decides how that is shown.
			r.Progress = megabytes
			res, err := hub.Run(c.Context(), s, r)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), res)
			}
			return showDownload(c.OutOrStdout(), res, r.DryRun)
		},
	}
	f := c.Flags()
	f.StringVar(&r.Revision, "revision", "", "commit, tag or branch; by default the pinned commit, or main")
	f.StringVar(&r.Out, "out", "", "model folder to write; by default out/NAME")
	// Without it what a model folder needs is taken: weights, configs, tokenizer; not the same weights in other
	// forms.
	f.StringArrayVar(&r.Include, "include", nil, "take the files that match instead of those of a model folder; "+
		"'*' stops at a slash (may be repeated)")
	f.StringArrayVar(&r.Exclude, "exclude", nil, "leave out the files that match (may be repeated)")
	// A file is cut into ranges of 32 MB, so several connections help with one large file too.
	f.IntVar(&r.Jobs, "jobs", hub.DefaultJobs, "connections at a time")
	f.BoolVar(&r.DryRun, "dry-run", false, "list files, sizes and where they come from; write nothing")
	jsonFlag(c, &asJSON)
	return c
}
