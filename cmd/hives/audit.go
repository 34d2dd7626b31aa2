package main

import (
	"github.com/spf13/cobra"
)

// auditCommand groups what is said of a whole model.
func auditCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "audit",
		Short:   "Compare how language models hold values",
		Long:    `What changed between two audits of a language model? See docs/AUDIT.md.`,
		Example: `  hives audit compare out/audit/before out/audit/after`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(auditCompareCommand())
	return c
}
