package cli

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// dash stands for standard input or output where a file is asked for.
const dash = "-"

// inputName is what a spooled standard input is called before its ending; files and pages show it as "standard
// input" (FileName).
const inputName = "standard-input"

// stdio is the annotation of flags that take a dash: which way, "in" or "out".
//
// How a command gets "-", without a line of its own: TakesStdin wraps its RunE. Before the command's work the
// wrapper reads standard input into a file, puts the file's path where the dash stood, and runs the work, which sees
// a path like any other.
//
//	hives data stats - < rows.csv
//	→ spooled to /tmp/hives-in-123/standard-input.csv
//	→ hives data stats /tmp/hives-in-123/standard-input.csv
//	→ messages say "standard input"
const stdio = "hives_stdio"

// freeText are flags in which a dash is text: a prompt may be one, and nobody means a file by it.
var freeText = []string{"prompt", "reviewer"}

// TakesStdin lets the named flags of a command take "-", and its arguments where a name is "". What comes in is
// first put into a file, whole, because rows are read twice and Parquet is read from its end. The file gets the
// ending plain where its content is neither Parquet nor JSON. The spooled file lives until the command ends; errors
// and pages call it "standard input" (FileName, renamed).
func TakesStdin(c *cobra.Command, plain string, names ...string) {
	mark(c, "in", names...)
	c.Long += "\n\n" + takes(names) + " may be -, for standard input. Its content says whether it is Parquet, " +
		"JSON lines or " +
		map[string]string{".csv": "CSV", ".txt": "a text a line"}[plain] + "."
	around(c, func(run work, args []string) error {
		at := slots(c, args, names)
		switch len(at) {
		case 0:
			return run(args)
		case 1:
		default:
			return fault.Usage(fault.New(fault.Invalid, "- is given %d times, but standard input can be read "+
				"once: name files", len(at)))
		}
		dir, done, err := fsutil.Scratch("hives-in-*")
		if err != nil {
			return err
		}
		defer done()
		// The ending is what the readers of rows go by, so it must tell the truth.
		path, err := spool(c.InOrStdin(), dir, plain)
		if err != nil {
			return err
		}
		at[0](path)
		return renamed(run(args), path, "standard input")
	})
}

// TakesStdout lets the flag take "-": the file that is written there goes to standard output once it is whole, and
// what else the command prints goes to standard error. ending says what the file is. Nothing is sent before the file
// is whole: a reader of the pipe gets all of it or nothing.
func TakesStdout(c *cobra.Command, name, ending string) {
	mark(c, "out", name)
	c.Long += "\n\n" + takes([]string{name}) + " may be -, for standard output: " + strings.ToUpper(ending[1:]) +
		", and all else goes to standard error."
	around(c, func(run work, args []string) error {
		at := slots(c, nil, []string{name})
		if len(at) == 0 {
			return run(args)
		}
		out := c.OutOrStdout()
		if columns.Width(out) > 0 {
			return fault.Usage(fault.New(fault.Invalid, "--%s -: standard output is a terminal: name a file, or "+
				"send it to one with > or |", name))
		}
		dir, done, err := fsutil.Scratch("hives-out-*")
		if err != nil {
			return err
		}
		defer done()
		path := filepath.Join(dir, "standard-output"+ending)
		at[0](path)
		// What the command prints would else stand in the middle of the file that it writes.
		c.SetOut(c.ErrOrStderr())
		defer c.SetOut(out)
		if err := run(args); err != nil {
			return renamed(err, path, "standard output")
		}
		return copyTo(out, path)
	})
}

// work is what a command does with its arguments. Wrappers of several TakesStdin and TakesStdout lie around each
// other, the last one called outermost.
type work func(args []string) error

// around puts outer around the command's work. outer may change the arguments: they are a copy.
func around(c *cobra.Command, outer func(run work, args []string) error) {
	inner := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		return outer(func(args []string) error { return inner(c, args) }, slices.Clone(args))
	}
}

// mark notes in a flag that it takes a dash, so that refuseDash lets it pass.
func mark(c *cobra.Command, way string, names ...string) {
	for _, name := range names {
		if name == "" {
			continue
		}
		f := c.Flags().Lookup(name)
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[stdio] = append(f.Annotations[stdio], way)
	}
}

// takes begins the sentence of the help.
func takes(names []string) string {
	var out []string
	for _, name := range names {
		if name == "" {
			out = append(out, "FILE")
		} else {
			out = append(out, "--"+name)
		}
	}
	return strings.Join(out, " or ")
}

// slots are setters of the places that hold a dash. Setting through them is what makes the command read the spooled
// file, without a line of its own for that.
//
//	--in -                 one slot: sets --in
//	--data a.csv --in -    one slot
//	merge - b.parquet      one slot: sets args[0]
//	--in a --in -          one slot: the second of the list
//	merge - -              two, which TakesStdin refuses
func slots(c *cobra.Command, args []string, names []string) (at []func(string)) {
	for _, name := range names {
		if name == "" {
			for i := range args {
				if args[i] == dash {
					at = append(at, func(path string) { args[i] = path })
				}
			}
			continue
		}
		f := c.Flags().Lookup(name)
		list, many := f.Value.(pflag.SliceValue)
		if !many && f.Value.String() == dash {
			at = append(at, func(path string) { f.Value.Set(path) })
		}
		if !many {
			continue
		}
		for i, v := range list.GetSlice() {
			if v == dash {
				at = append(at, func(path string) {
					all := list.GetSlice()
					all[i] = path
					list.Replace(all)
				})
			}
		}
	}
	return at
}

// spool writes all that comes into a file whose ending says what it is.
func spool(in io.Reader, dir, plain string) (path string, err error) {
	r := bufio.NewReaderSize(in, 1<<16)
	head, _ := r.Peek(512) // an error comes again when it is read
	path = filepath.Join(dir, inputName+endingOf(head, plain))
	return path, fsutil.WriteFile(path, func(w io.Writer) error {
		n, err := io.Copy(w, r)
		if err == nil && n == 0 {
			err = fault.New(fault.Invalid, "standard input is empty")
		}
		return err
	})
}

// endingOf tells formats by their first bytes: Parquet's magic, or the brace of a JSON line after a byte order mark
// and blanks.
func endingOf(head []byte, plain string) string {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \r\n\t")
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return ".parquet"
	case bytes.HasPrefix(text, []byte("{")):
		return ".jsonl"
	}
	return plain
}

// copyTo sends a whole file to standard output. A reader that goes away in the middle ends it with a broken pipe.
func copyTo(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fsutil.Classify(err, path)
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// FileName is what to call a file in what is printed: a spooled standard input has no name of its own.
func FileName(path string) string {
	base := filepath.Base(path)
	if strings.TrimSuffix(base, filepath.Ext(base)) == inputName &&
		strings.HasPrefix(filepath.Base(filepath.Dir(path)), "hives-in-") {
		return "standard input"
	}
	return path
}

// called is an error in which a passing file has another name.
type called struct {
	error
	path, name string
}

// Error says "standard input: row 3: …" where the file's own path would tell nobody anything.
func (e called) Error() string { return strings.ReplaceAll(e.error.Error(), e.path, e.name) }
func (e called) Unwrap() error { return e.error }

// renamed hides a passing file's path in the words of an error; its kind stays.
func renamed(err error, path, name string) error {
	if err == nil {
		return nil
	}
	return called{err, path, name}
}

// refuseDash refuses "-" in a flag that takes none: a file of that name is hardly meant.
func refuseDash(c *cobra.Command) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, many := f.Value.(pflag.SliceValue); many {
			values = list.GetSlice()
		}
		if err == nil && len(f.Annotations[stdio]) == 0 && !slices.Contains(freeText, f.Name) &&
			slices.Contains(values, dash) {
			err = fault.Usage(fault.New(fault.Invalid, "--%s -: %s takes no standard input or output there; give "+
				"the path of a file or folder", f.Name, c.CommandPath()))
		}
	})
	return err
}
