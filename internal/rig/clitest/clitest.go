// Package clitest holds the help of a program to its rules, for the tests of the programs: hives, train and embedd
// each call Help once. The rules stand here, so that a new command is held to them by being there.
package clitest

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/columns"
)

// Help fails the test for each command of a program whose help lacks a text, an example or a heading, is wider than 80
// columns, or whose example would be refused. fresh makes the program anew.
//
// fresh and not one tree: flags keep what an example gave them, and the next example would start from there.
func Help(t *testing.T, fresh func() *cobra.Command) {
	t.Helper()
	root := fresh()
	// Cobra adds it when a program runs; here none does.
	root.InitDefaultHelpCmd()
	n := 0
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" {
			return
		}
		n++
		t.Run(c.CommandPath(), func(t *testing.T) {
			texts(t, c)
			flags(t, c)
			lines(t, c)
			// Each rule by itself, so that one run tells all that is wrong.
			examples(t, fresh, c)
		})
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(root)
	// A program of ours has version, man and two commands at least: fewer were not found.
	if n < 4 {
		t.Errorf("%d commands", n)
	}
}

// texts: what a command does, in a line that begins with a verb and one or more whole sentences.
// The long text may be a question and its answer; the short one stands in lists, where full stops are noise.
func texts(t *testing.T, c *cobra.Command) {
	switch first, _ := utf8.DecodeRuneInString(c.Short); {
	case !unicode.IsUpper(first), strings.HasSuffix(c.Short, "."), !strings.Contains(c.Short, " "):
		t.Errorf("short help %q: want a line that begins with a capital and has no full stop", c.Short)
	}
	long := strings.TrimSpace(c.Long)
	if !strings.HasSuffix(long, ".") && !strings.HasSuffix(long, "?") || strings.Count(long, " ") < 5 {
		t.Errorf("long help %q: want sentences", long)
	}
	if strings.TrimSpace(c.Example) == "" {
		t.Error("no example")
	}
}

// flags: each under a heading and with a text of several words. A flag of the parent's is looked at there.
func flags(t *testing.T, c *cobra.Command) {
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" || f.Name == "version" {
			return
		}
		if cli.GroupOf(f) == "" {
			t.Errorf("--%s stands under no heading: name it in flagGroups", f.Name)
		}
		// Two words name a thing; it takes a third to say what becomes of it.
		if len(strings.Fields(f.Usage)) < 3 {
			t.Errorf("--%s: %q: want a sentence or most of one", f.Name, f.Usage)
		}
	})
}

// lines: the help fits 80 columns, as it is written where no terminal says how wide it is.
func lines(t *testing.T, c *cobra.Command) {
	var out bytes.Buffer
	// A buffer is no terminal, so the help is as wide as it ever gets.
	cli.WriteHelp(&out, c)
	// In columns of a terminal, not in bytes: arrows and dashes are wider in UTF-8 than on the screen.
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSuffix(line, "\n"); columns.Of(line) > 80 {
			t.Errorf("%d columns: %s", columns.Of(line), line)
		}
	}
}

// examples: every line that calls this program names a command and flags that there are. Nothing is run: it is
// parsed as far as cobra does before a command's own work.
func examples(t *testing.T, fresh func() *cobra.Command, c *cobra.Command) {
	// A backslash at a line's end goes on with the next line, as in a shell.
	for _, line := range strings.Split(strings.ReplaceAll(c.Example, "\\\n", " "), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		for _, args := range calls(line, c.Root().Name()) {
			root := fresh()
			found, rest, err := root.Find(args)
			if err == nil {
				err = found.ParseFlags(rest)
			}
			if err == nil && found.Args != nil {
				// In cobra's own order: the command, its flags, its arguments, what is required.
				err = found.ValidateArgs(found.Flags().Args())
			}
			if err == nil {
				err = found.ValidateRequiredFlags()
			}
			if err != nil {
				t.Errorf("example %q: %v", line, err)
			}
		}
	}
}

// word is a shell's word, near enough for examples: quoted, or without blanks.
var word = regexp.MustCompile(`"[^"]*"|'[^']*'|[^\s"']+`)

// calls are the arguments of each call of a program in a line of shell.
//
//	hives embed --in a.txt | bin/hives ask "no" > out     for hives: [embed --in a.txt], [ask no]
func calls(line, program string) (all [][]string) {
	inside := false
	for _, w := range word.FindAllString(line, -1) {
		switch base := w[strings.LastIndexByte(w, '/')+1:]; {
		case w == "|" || w == "&" || w == "&&" || w == ";" || strings.HasPrefix(w, ">"):
			inside = false
		case !inside && base == program:
			inside = true
			all = append(all, []string{})
		// Quotes are taken off, as a shell does; nothing else of a shell is understood.
		case inside:
			all[len(all)-1] = append(all[len(all)-1], strings.Trim(w, `"'`))
		}
	}
	return all
}
