package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/columns"
)

// FlagGroup is a heading of the help and the flags below it, in their order.
//
//	Input and output:
//	  --in TEXT               texts to embed: JSON lines (.jsonl), or a text a
//	                          line (.txt)
//
// A name of up to 22 columns has its text beside it, a longer one below it.
type FlagGroup struct {
	Title string
	Names []string
}

// OtherFlags is the heading of flags that no group names: --help and the like.
const OtherFlags = "Everywhere"

// groupKey is the annotation of a flag that names its heading; helpName the columns of a flag's or command's name,
// with what it takes, before its text.
const (
	groupKey = "hives_group" // the annotation of a flag that names its heading
	helpName = 26            // columns of a flag's or command's name, with what it takes, before its text
)

// GroupFlags puts the flags of root and of all commands below it under headings, in the order of the groups. A
// heading is noted in the flag itself, with its place before it as digits that sort: a flag that many commands share
// has one heading everywhere.
func GroupFlags(root *cobra.Command, groups []FlagGroup) {
	// "000/002/Input and output": the group's place, the flag's place in it, its words.
	title := map[string]string{}
	for i, g := range groups {
		for j, name := range g.Names {
			title[name] = fmt.Sprintf("%03d/%03d/%s", i, j, g.Title)
		}
	}
	walk(root, func(c *cobra.Command) {
		mark := func(f *pflag.Flag) {
			if t, ok := title[f.Name]; ok {
				if f.Annotations == nil {
					f.Annotations = map[string][]string{}
				}
				f.Annotations[groupKey] = []string{t}
			}
		}
		c.LocalFlags().VisitAll(mark)
		c.PersistentFlags().VisitAll(mark)
	})
}

// walk visits a command and all below it, the upper ones first. Hidden commands are visited too.
func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, child := range c.Commands() {
		walk(child, visit)
	}
}

// GroupOf is a flag's heading, "" where it has none.
func GroupOf(f *pflag.Flag) string {
	if at := f.Annotations[groupKey]; len(at) == 1 {
		return strings.SplitN(at[0], "/", 3)[2]
	}
	return ""
}

// rank orders flags as their groups do; those without come last. "~" sorts behind every digit.
func rank(f *pflag.Flag) string {
	if at := f.Annotations[groupKey]; len(at) == 1 {
		return at[0]
	}
	return "~/" + f.Name
}

// help has the form that cobra asks for.
func help(c *cobra.Command, _ []string) { WriteHelp(c.OutOrStdout(), c) }

// WriteHelp writes what --help prints. Long comes as the source has it, so its lines are joined to paragraphs and
// broken at the reader's width. Examples come last: on a terminal they are what stands above the prompt.
func WriteHelp(w io.Writer, c *cobra.Command) {
	width := columns.Width(w)
	if width == 0 || width > columns.Usual {
		width = columns.Usual
	}
	var out strings.Builder
	about := c.Long
	if about == "" {
		about = c.Short + "."
	}
	for _, line := range Paragraphs(about, width) {
		fmt.Fprintln(&out, line)
	}
	section(&out, "Usage", columns.Wrap("  "+usage(c), width, 4))
	writeCommands(&out, c, width)
	writeFlags(&out, c, width)
	if c.Example != "" {
		section(&out, "Examples", Examples(c.Example, width))
	}
	fmt.Fprint(w, out.String())
}

// section writes a heading and lines below it. Blanks at the end of a line would be copied along by who copies an
// example.
func section(out *strings.Builder, title string, lines []string) {
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, line := range lines {
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

// usage is the line below Usage. A command that only holds others says COMMAND.
//
//	hives data              hives data COMMAND        it only holds others
//	hives embed             hives embed --model DIR --in FILE.jsonl --out FILE.npy
//	hives review            its own use line: it runs, and has a command below it
func usage(c *cobra.Command) string {
	if !c.Runnable() || c.HasAvailableSubCommands() && c.Use == c.Name() {
		return c.CommandPath() + " COMMAND"
	}
	return strings.TrimSuffix(c.UseLine(), " [flags]")
}

// Paragraphs breaks a text anew: lines that follow each other without a blank one between are one paragraph, but for
// those that are indented, which stay lines.
func Paragraphs(text string, width int) []string {
	var lines []string
	paragraph := ""
	flush := func() {
		if paragraph != "" {
			lines = append(lines, columns.Wrap(paragraph, width, 0)...)
		}
		paragraph = ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		switch {
		// Indented lines are lists or examples within the text, and keep their breaks.
		case line == "" || line[0] == ' ':
			flush()
			lines = append(lines, item(line, width)...)
		case paragraph == "":
			paragraph = line
		default:
			paragraph += " " + line
		}
	}
	flush()
	return lines
}

// item breaks a line of a list. Where two blanks or more part a name from its text, the text keeps its column:
//
//	gain=N    a prompt moves a value further
//	          than this many units
func item(line string, width int) []string {
	at := twoColumns.FindStringSubmatchIndex(line)
	if columns.Of(line) <= width || at == nil || columns.Of(line[:at[1]]) > width/2 {
		return columns.Wrap(line, width, 2)
	}
	head := line[:at[1]]
	lines := columns.Wrap(line[at[1]:], width-columns.Of(head), 0)
	for i := range lines {
		lines[i] = head + lines[i]
		head = strings.Repeat(" ", columns.Of(head))
	}
	return lines
}

// twoColumns is a name that blanks part from its text.
var twoColumns = regexp.MustCompile(`^ +\S+(?: \S+)*  +`)

// Examples breaks command lines so that a shell reads them as before. An example is copied into a shell: a line is
// broken with a backslash, where words end, and comments stay comments.
// What does not fit is broken where a shell sees words (columns.Command), so a quoted text stays whole.
func Examples(text string, width int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if columns.Of(line) <= width {
			lines = append(lines, line)
			continue
		}
		// A comment is broken into several comments: a shell must not run its second half.
		if body := strings.TrimSpace(line); strings.HasPrefix(body, "#") {
			for _, part := range columns.Wrap("  "+strings.TrimSpace(body[1:]), width-2, 0) {
				lines = append(lines, "  # "+strings.TrimSpace(part))
			}
			continue
		}
		lines = append(lines, columns.Command(line, width)...)
	}
	return lines
}

// writeCommands lists the commands below, under their groups. A group without a command that can be run is left out,
// with its heading.
func writeCommands(out *strings.Builder, c *cobra.Command, width int) {
	byGroup := map[string][]string{}
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() || child.Name() == "help" {
			byGroup[child.GroupID] = append(byGroup[child.GroupID], entry(child.Name(), child.Short, width)...)
		}
	}
	for _, g := range c.Groups() {
		if lines := byGroup[g.ID]; len(lines) > 0 {
			section(out, strings.TrimSuffix(g.Title, ":"), lines)
		}
	}
	if lines := byGroup[""]; len(lines) > 0 {
		section(out, "Commands", lines)
	}
}

// writeFlags lists the command's flags, and those that hold for all commands, under their groups. Flags of one
// heading stand together because they are sorted by it, and a heading comes out when the next flag has another.
func writeFlags(out *strings.Builder, c *cobra.Command, width int) {
	var flags []*pflag.Flag
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			flags = append(flags, f)
		}
	}
	c.LocalFlags().VisitAll(add)
	c.InheritedFlags().VisitAll(add)
	slices.SortStableFunc(flags, func(a, b *pflag.Flag) int { return strings.Compare(rank(a), rank(b)) })
	var lines []string
	for i, f := range flags {
		lines = append(lines, entry(flagName(f), FlagText(f), width)...)
		if title := titleOf(f); i+1 == len(flags) || titleOf(flags[i+1]) != title {
			section(out, title, lines)
			lines = nil
		}
	}
}

// titleOf is the heading that a flag comes under. A flag in no list is seen under the last heading and not lost.
func titleOf(f *pflag.Flag) string {
	if title := GroupOf(f); title != "" {
		return title
	}
	return OtherFlags
}

// flagName is a flag with what it takes: "-n, --number N". What it takes is the word in backquotes in its text
// (pflag's rule), or is named by its type.
func flagName(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	switch name {
	case "string", "strings", "stringArray":
		name = "TEXT"
	case "stringToString":
		name = "NAME=VALUE"
	case "int", "uint":
		name = "N"
	case "ints":
		name = "N,N…"
	case "float":
		name = "X"
	case "floats", "float64Slice":
		name = "X,X…"
	case "duration":
		name = "TIME"
	}
	text := "--" + f.Name
	if f.Shorthand != "" {
		text = "-" + f.Shorthand + ", " + text
	}
	return strings.TrimSpace(text + " " + name)
}

// FlagText is a flag's text with its default, where that is not the absence of something.
func FlagText(f *pflag.Flag) string {
	_, text := pflag.UnquoteUsage(f)
	switch f.DefValue {
	case "", "0", "false", "[]", "0s":
		return text
	}
	if strings.Contains(text, "(default") {
		return text
	}
	return fmt.Sprintf("%s (default %s)", text, strings.Trim(f.DefValue, "[]"))
}

// entry is a name and its text beside it, or below where the name is long or the terminal narrow. On narrow
// terminals the text stands eight columns in, below its name.
//
//	--in TEXT               texts to embed: JSON lines (.jsonl), or a text a
//	                        line (.txt)
//	--a-name-that-is-too-long TEXT
//	                        its text
func entry(name, text string, width int) []string {
	indent := helpName
	if width < columns.Usual*3/4 {
		indent = 8
	}
	lines := columns.Wrap(text, width-indent, 0)
	for i := range lines {
		lines[i] = strings.Repeat(" ", indent) + lines[i]
	}
	head := "  " + name
	if columns.Of(head)+2 > indent {
		return append(columns.Wrap(head, width, 4), lines...)
	}
	lines[0] = head + lines[0][columns.Of(head):]
	return lines
}
