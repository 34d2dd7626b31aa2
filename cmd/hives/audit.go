package main

import (
	"errors"

	"github.com/spf13/cobra"

	"hives/internal/audit/figures"
	"hives/internal/audit/run"
)

// auditCommand asks a model, scores what it answers, and says what is beyond noise: hives steer run and hives steer
// gain in one.
//
//	work      run.Run of internal/audit/run, then figures.Job of internal/audit/figures
//	reads     --queries, --vidb, --profile, --config; --embedder
//	writes    --out: votes.db with every answer, record.db, and then the figures with their page
//	refuses   a judge that is the model measured, unless --self-judge; calls that nobody agreed to pay for
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func auditCommand() *cobra.Command {
	s := steerRun{job: run.JobDefaults()}
	var g gainFlags
	c := &cobra.Command{
		Use:   "audit (--config audit.toml | --model DIR --judge-model DIR) --vidb vidb.db --out DIR",
		Short: "Say how a language model holds values, how far prompts move it, and where it refuses",
		Long: `How does a language model hold values? The command asks it queries without steering and under prompts that ask
for more or less of a value. A rubric tells refusals, and judges score the answers among texts of known score. Then it
says what of all that is beyond noise, and writes a page with the answers behind every point.

It is hives steer run and hives steer gain in one, with the flags of both. What it takes is printed first. Every answer
is kept before it counts: the same command goes on after a stop and asks nothing twice. hives audit compare holds two
audits against each other. See docs/AUDIT.md.

--fail-if NAME=N ends with exit code 1 and the reason, after all is written. The conditions are:

` + figures.LimitsHelp(false) + `

A condition fails only on what is beyond noise.`,
		Example: `  # what would it take?
  hives audit --config audit.toml --vidb vidb.db --out out/audit/mine --dry-run

  # before a release: stop if the model refuses more than a tenth of plain queries
  hives audit --config audit.toml --vidb vidb.db --out out/audit/mine --yes --fail-if refusals=.1

  # two models on this machine, two values, five queries
  hives audit --model out/SmolLM2-135M-Instruct --judge-model weights/Qwen3-4B --vidb vidb.db \
      --values power,benevolence --count 5 --out out/audit/try`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := figures.ParseLimits(g.failIf, false); err != nil {
				return err // before anybody is asked
			}
			r, failed := s.run(c, beside(c, g.asJSON))
			if r == nil {
				return failed
			}
			return errors.Join(g.run(c, s.job.Out), failed)
		},
	}
	s.register(c)
	g.register(c)
	c.AddCommand(auditCompareCommand())
	return c
}
