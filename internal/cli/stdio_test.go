package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// copier is a command that copies its inputs one behind the other, and names them.
func copier() *cobra.Command {
	var in []string
	var out, other, prompt string
	c := &cobra.Command{Use: "copy", RunE: func(c *cobra.Command, args []string) error {
		var all []byte
		for _, path := range append(in, args...) {
			raw, err := os.ReadFile(path)
			if err != nil {
				return fsutil.Classify(err, path)
			}
			c.Printf("%s%s ", FileName(path), filepath.Ext(path))
			if all = append(all, raw...); bytes.Contains(raw, []byte("bad")) {
				return fault.New(fault.Invalid, "%s: row 1 is bad", path)
			}
		}
		return os.WriteFile(out, all, 0o644)
	}}
	c.Flags().StringArrayVar(&in, "in", nil, "")
	c.Flags().StringVar(&out, "out", "", "")
	c.Flags().StringVar(&other, "other", "", "")
	c.Flags().StringVar(&prompt, "prompt", "", "")
	TakesStdin(c, ".csv", "in", "")
	TakesStdout(c, "out", ".csv")
	return c
}

func TestADashIsStandardInputOrOutput(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	file := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(file, []byte("file,"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, stdin string
		args        []string
		out, says   string // of standard output and error
		code        int
	}{
		{"in by flag", "a,b\n", []string{"--in", "-", "--out", "-"}, "a,b\n", "standard input.csv", 0},
		{"in by argument, beside a file", "{\"a\": 1}\n", []string{file, "-", "--out", "-"}, "file,{\"a\": 1}\n",
			"standard input.jsonl", 0},
		{"Parquet", "PAR1...PAR1", []string{"-", "--out", "-"}, "PAR1...PAR1", "standard input.parquet", 0},
		{"a dash is text in a prompt", "a", []string{"-", "--out", "-", "--prompt", "-"}, "a", "", 0},
		{"twice", "a", []string{"-", "--in", "-", "--out", "-"}, "", "given 2 times", 2},
		{"empty", "", []string{"-", "--out", "-"}, "", "standard input is empty", 1},
		{"nothing comes out of a command that fails", "bad", []string{"-", "--out", "-"}, "", "standard input: row 1 is bad",
			1},
		{"where it is not taken", "a", []string{"--other", "-", "--out", "-"}, "", "--other -: copy takes no standard", 2},
	} {
		root := copier()
		var out, log bytes.Buffer
		root.SetIn(strings.NewReader(c.stdin))
		root.SetOut(&out)
		root.SetErr(&log)
		root.SetArgs(c.args)
		err := execute(context.Background(), root)
		if err != nil {
			log.WriteString(err.Error())
		}
		if out.String() != c.out || !strings.Contains(log.String(), c.says) || strings.Contains(log.String(), dir) ||
			fault.ExitCode(err) != c.code {
			t.Errorf("%s: %q, %q, exit code %d, want %q, %q, %d", c.name, &out, &log, fault.ExitCode(err), c.out, c.says, c.code)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
