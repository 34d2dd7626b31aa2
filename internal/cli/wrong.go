package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/fault"
	"hives/internal/nearest"
)

// teach makes a tree of commands answer what is mistyped with what was meant, and --help with our own help. Commands
// that only hold others would print their help and succeed for any word, which hides the mistake from scripts.
func teach(root *cobra.Command) {
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(flagError)
	walk(root, func(c *cobra.Command) {
		if !c.HasSubCommands() || c.Args != nil && c.Args(c, []string{"word"}) == nil {
			c.Args = ownWords(c.Args) // it takes words of its own, or none
			return
		}
		c.Args = unknownCommand
		if c.RunE == nil && c.Run == nil {
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	})
}

// ownWords says of the words that a command takes what they are. The library counts them: "accepts 2 arg(s)".
//
//	hives audit compare a       "a": want hives audit compare BEFORE AFTER [flags]
func ownWords(takes cobra.PositionalArgs) cobra.PositionalArgs {
	if takes == nil {
		return nil
	}
	return func(c *cobra.Command, args []string) error {
		if err := takes(c, args); err == nil || fault.Of(err) != fault.Unknown {
			return err
		}
		given := "no argument"
		if len(args) > 0 {
			given = fmt.Sprintf("%q", args)
			given = strings.TrimSuffix(strings.TrimPrefix(given, "["), "]")
		}
		return fault.New(fault.Invalid, "%s: want %s", given, c.UseLine())
	}
}

// unknownCommand refuses a word where a command was to stand.
//
//	hives evalute       unknown command "evalute" for "hives": did you mean "evaluate"?
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			known = append(known, child.Name())
		}
	}
	return fault.New(fault.Invalid, "unknown command %q for %q: %s", args[0], c.CommandPath(),
		nearest.Hint(args[0], known))
}

// flagError adds the flag that was meant.
// A flag of a command that was mistyped is unknown too; the command is then what is told.
func flagError(c *cobra.Command, err error) error {
	if words := c.Flags().Args(); c.HasSubCommands() && len(words) > 0 && c.ValidateArgs(words) != nil {
		return c.ValidateArgs(words) // the flag belongs to the command that was meant
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var known []string
	for _, set := range []*pflag.FlagSet{c.Flags(), c.InheritedFlags()} {
		set.VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	}
	if at := nearest.Of(strings.TrimLeft(unknown.GetSpecifiedName(), "-"), known); at != "" {
		return fmt.Errorf("%w: did you mean --%s?", err, at)
	}
	return err
}
