package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"hives/internal/fsutil"
)

// Program adds what every program has: --version and the command version, man pages, and headings over the flags.
// engines tells of the installed plugins; it is asked only when somebody wants to know.
func Program(root *cobra.Command, engines func() []string, groups []FlagGroup) {
	text := func() string { return VersionText(root.Name(), engines()...) }
	root.Version = BuildInfo().Release
	cobra.AddTemplateFunc("versionText", text)
	root.SetVersionTemplate("{{versionText}}")
	root.AddCommand(versionCommand(root.Name(), text), manCommand(root))
	GroupFlags(root, groups)
}

// versionCommand and manCommand need no theories, models or engines, so what other commands open first is left out.
func versionCommand(program string, text func() string) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print release, commit, libraries and the engines' plugins", Args: cobra.NoArgs,
		Long: `What is this program made of? The command prints the release, the commit that it was built from, and the
versions of Go and of the libraries that compute. It prints the platform, PJRT API and hash of each installed plugin.
--version prints the same.`,
		Example:           "  " + program + " version",
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // needs no theories
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := io.WriteString(c.OutOrStdout(), text())
			return err
		},
	}
}

// manCommand writes the same words as --help, as pages for man: they are made from the commands and cannot lag
// behind.
func manCommand(root *cobra.Command) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "man --out DIR", Short: "Write man pages of all commands", Args: cobra.NoArgs,
		Long: "How do I read the help with man? The command writes a man page for each command into a folder. man -l DIR/" +
			root.Name() + ".1 shows the first.",
		Example:           "  " + root.Name() + " man --out share/man/man1",
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(c *cobra.Command, _ []string) error {
			n, err := writeMan(c.Root(), out)
			if err == nil {
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d pages\n", out, n)
			}
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder to write the pages into, made where there is none")
	if err := c.MarkFlagRequired("out"); err != nil {
		panic(err)
	}
	return c
}

// writeMan writes the page of every command that is not hidden. No date stands in a page: the same program writes
// the same bytes.
func writeMan(root *cobra.Command, dir string) (pages int, err error) {
	walk(root, func(c *cobra.Command) {
		if err != nil || !c.IsAvailableCommand() {
			return
		}
		pages++
		name := strings.ReplaceAll(c.CommandPath(), " ", "-")
		header := &doc.GenManHeader{Title: strings.ToUpper(name), Section: "1", Source: root.Name() + " " + release,
			Manual: "HiVES"}
		c.DisableAutoGenTag = true
		err = fsutil.WriteFile(filepath.Join(dir, name+".1"),
			func(w io.Writer) error { return doc.GenMan(c, header, w) })
	})
	return pages, err
}
