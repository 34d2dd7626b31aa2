package columns

import (
	"slices"
	"strings"
	"testing"

	"hives/internal/shell"
)

// Whatever the width, a command that is copied from the terminal has the words that it had.
func TestACommandOutlivesANarrowTerminal(t *testing.T) {
	want := []string{"train", "--resume", "--out", "runs/of a long name/it's-the_run", "--engine", "cpu",
		"a/path/without-a-space_but/long"}
	command := shell.Line(want...)
	for _, before := range []string{
		"train: stopped after step 5 of 9; nothing is lost, go on with: ",
		"train: lost it; go on from the last checkpoint with: ",
		"it's not finite. Look at the step with: ",
		"next:  ",
	} {
		for width := 1; width < 160; width++ {
			got := Fill(before+command, width)
			at := max(strings.LastIndex(got, "  train "), strings.LastIndex(got, "train --resume"))
			if at < 0 {
				t.Fatalf("%d columns: no command begins in\n%s", width, got)
			}
			words := shell.Split(strings.ReplaceAll(got[at:], "\\\n", " "))
			if !slices.Equal(words, shell.Split(command)) {
				t.Fatalf("%d columns: %q\nof\n%s", width, words, got)
			}
		}
	}
}

func TestCommand(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  string
	}{
		{"train --out 'a b'", 80, "  train --out 'a b'"},
		{"train --resume --out 'a b' --engine cpu", 26, "  train --resume \\\n      --out 'a b' \\\n      --engine cpu"},
		{"hives label 'one long argument of many words'", 20, "  hives label \\\n      'one long argument of many words'"},
	} {
		if got := strings.Join(Command(c.line, c.width), "\n"); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}
