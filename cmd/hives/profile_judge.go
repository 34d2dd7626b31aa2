package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/profiles"
	"hives/vidb"
)

// profileJudges are the flags by which hives profile text has judges score what vectors leave open.
type profileJudges struct {
	which, vidb, votes string
	config             cli.ConfigFlags
	yes, dryRun        bool
}

// errDryRun ends a job after its estimate.
var errDryRun = errors.New("dry run")

func (p *profileJudges) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.which, "judge", "", "have judges score texts that abstain: unsure, those whose interval is too wide; "+
		"all, those that are not about the value, too. Needs --vidb, --config and --db")
	f.StringVar(&p.vidb, "vidb", "", "value-intensity database that the profile model was fitted on, for --judge")
	p.config.Register(f)
	f.StringVar(&p.votes, "db", "", "votes file of the judges, which keeps the texts that they see; created where there "+
		"is none")
	f.BoolVar(&p.yes, "yes", false, "ask, also if the estimate is beyond the budget")
	f.BoolVar(&p.dryRun, "dry-run", false, "say what judges would take in calls and tokens, and ask nobody")
}

// check refuses flags that would have no effect, and judges without what they need.
func (p *profileJudges) check() error {
	given := p.vidb != "" || p.config.File != "" || p.votes != ""
	switch {
	case p.which == "" && (given || p.yes || p.dryRun):
		return fault.Usage(fault.New(fault.Invalid, "--vidb, --config, --db, --yes and --dry-run are for judges: give "+
			"--judge unsure or --judge all"))
	case p.which != "" && (p.vidb == "" || p.config.File == "" || p.votes == ""):
		return fault.Usage(fault.New(fault.Invalid, "--judge needs --vidb, the database of the fit, --config, who is asked, "+
			"and --db, a file that keeps answers"))
	}
	return nil
}

// open seats the judges; nil without --judge. Who opened owes close.
func (p *profileJudges) open(c *cobra.Command) (*profiles.TextJudge, func(), error) {
	if p.which == "" {
		return nil, func() {}, nil
	}
	cfg, err := judges(c, p.config, "HIVES_SCORE")
	if err != nil {
		return nil, nil, err
	}
	base, err := vidb.OpenBase(p.vidb, known(c))
	if err != nil {
		return nil, nil, err
	}
	evaluator, err := vidb.OpenEvaluator(c.Context(), cfg, p.votes)
	if err != nil {
		return nil, nil, err
	}
	return &profiles.TextJudge{Which: p.which, Base: base, Evaluator: evaluator, Options: vidb.DefaultScore(),
		Bar: callsBar, Agree: func(calls int, tokens int64) error {
			return p.agree(c.ErrOrStderr(), evaluator, calls, tokens)
		}}, evaluator.Close, nil
}

// agree prints the estimate, and goes on where the budget bears it.
func (p *profileJudges) agree(out io.Writer, e *vidb.Evaluator, calls int, tokens int64) error {
	fmt.Fprintln(out, profiles.JudgeBill(calls, tokens))
	used, _, limits := e.Budget()
	switch {
	case p.dryRun:
		return errDryRun
	case limits.Tokens > 0 && used+tokens > limits.Tokens && !p.yes:
		return fault.New(fault.Exhausted, "%d of the budget's %d tokens are used, and %d more may be needed: raise [budget] "+
			"tokens, or give --yes to ask until it is spent", used, limits.Tokens, tokens)
	}
	return nil
}
