package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
)

// craft is a theory of one's own with two levels.
const craft = `
theory = "craft"
name = "what makers hold dear"
level_names = ["domain", "virtue"]
paths = [["skill", "patience"], ["pride", "precision"]]
[works]
own = "Our own interviews."
[definitions."craft/skill"]
text = "Mastery of one's tools and materials."
works = ["own"]
[definitions."craft/skill/patience"]
text = "Giving a piece the time that it takes."
works = ["own"]
[definitions."craft/pride"]
text = "Satisfaction in a piece that bears one's mark."
works = ["own"]
[definitions."craft/pride/precision"]
text = "Working to the finest measure that is needed."
works = ["own"]
`

// withCraft appends judged rows of craft to the rows in a job's file, and tells the job of their theory.
func withCraft(t *testing.T, j *Job) {
	t.Helper()
	tree, err := theories.Parse("craft.toml", []byte(craft))
	if err == nil {
		j.Options.Theories, err = theories.Builtin().With(tree)
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := sample(72, "")
	for i, r := range sample(48, "craft") {
		r.Theory, r.Level1, r.Level2 = "craft", "skill", "patience"
		if i/2%2 == 1 {
			r.Level1, r.Level2 = "pride", "precision"
		}
		r.Text = fmt.Sprint("a maker's ", r.Text)
		rows = append(rows, r)
	}
	if err := data.Write(j.Data, rows); err != nil {
		t.Fatal(err)
	}
}

// TestOwnTheoryIsInEveryTable: the printed table, and on the page the table of systems, the pictures, the value
// vectors and the whole texts. Without rows of it none names it.
func TestOwnTheoryIsInEveryTable(t *testing.T) {
	printed := regexp.MustCompile(`all +svt +mft +craft *\n`)
	for _, own := range []bool{false, true} {
		var stdout bytes.Buffer
		j := EvaluateJob{Job: job(t, &stdout), Model: "m", Controls: map[string]string{"untrained": "u"}}
		if own {
			withCraft(t, &j.Job)
		}
		if err := Evaluate(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		if printed.MatchString(stdout.String()) != own {
			t.Errorf("rows of it %t, printed:\n%s", own, stdout.String())
		}
		page, err := os.ReadFile(filepath.Join(j.Out, PageFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{
			`colspan="3">orthogonality`, "<th>svt</th><th>mft</th><th>craft</th>", "craft level 1", "craft level 2",
			"mft level 1 against craft level 1", "craft: 48 texts",
		} {
			if strings.Contains(string(page), part) != own {
				t.Errorf("rows of it %t: the page holds %q otherwise", own, part)
			}
		}
		figures, err := os.ReadFile(filepath.Join(j.Out, MetricsFile))
		if err != nil {
			t.Fatal(err)
		}
		valid(t, figures)
	}
}

// TestTableIsAsWideAsItsHeader: every line of the printed table has as many figures as the header has columns.
func TestTableIsAsWideAsItsHeader(t *testing.T) {
	var stdout bytes.Buffer
	j := EvaluateJob{Job: job(t, &stdout), Model: "m"}
	withCraft(t, &j.Job)
	if err := Evaluate(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(stdout.String(), "\n")
	width := len([]rune(lines[1]))
	for _, line := range lines[2:] {
		if line == "" {
			break
		}
		if len([]rune(line)) != width {
			t.Errorf("width %d, want %d: %q", len([]rune(line)), width, line)
		}
	}
}
