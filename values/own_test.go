package values_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/values"
)

const craft = `
theory = "craft"
name = "what makers hold dear"
level_names = ["domain", "virtue"]
paths = [["skill", "patience"], ["pride", "patience"]]
canonical_parent = {patience = "skill"}
works = {own = "Our own interviews."}
[definitions."craft/skill"]
text = "Mastery of one's tools and materials."
works = ["own"]
[definitions."craft/skill/patience"]
text = "Giving a piece the time that it takes."
works = ["own"]
[definitions."craft/pride"]
text = "Satisfaction in a piece that bears one's mark."
works = ["own"]
`

// TestOwnTheory: values of a theory of one's own get vectors where the build knows it, also under their second parent,
// and the file is read without the theory. A build or an evaluation that does not know it refuses the rows by name:
// counted for another value, they would change figures without a word.
func TestOwnTheory(t *testing.T) {
	tree, err := theories.Parse("craft.toml", []byte(craft))
	if err != nil {
		t.Fatal(err)
	}
	known, err := theories.Builtin().With(tree)
	if err != nil {
		t.Fatal(err)
	}
	rows := []data.Row{row(t, "mft/care-harm", "another value", 1, "o")}
	for i := range 4 {
		r := row(t, "mft/care-harm", fmt.Sprint("a maker ", i), int32(i%2*2-1), fmt.Sprint(i))
		r.Theory, r.Level1, r.Level2 = "craft", "pride", "patience"
		rows = append(rows, r)
	}
	o := pooled()
	o.Theories = known
	s := build(t, rows, newFake(8), o)
	for _, id := range []string{"craft/skill", "craft/skill/patience", "craft/pride", "craft/pride/patience"} {
		if v := find(t, s, id); v.Kind != values.Directional || v.Definition == "" || v.Supports != 2 || v.Opposes != 2 {
			t.Errorf("%s: %s of %d and %d rows, %q", id, v.Kind, v.Supports, v.Opposes, v.Definition)
		}
	}
	path := filepath.Join(t.TempDir(), "values.db")
	if err := s.Write(path); err != nil {
		t.Fatal(err)
	}
	read, err := values.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if v := find(t, read, "craft/skill/patience"); v.Kind != values.Directional {
		t.Errorf("read back: %s", v.Kind)
	}
	if _, err := read.Evaluate(t.Context(), rows, newFake(8), o); err != nil {
		t.Errorf("vectors that know the theory: %v", err)
	}
	four := build(t, rows[:1], newFake(8), pooled())
	for name, err := range map[string]error{
		"build":      only(values.Build(context.Background(), rows, nil, newFake(8), pooled())),
		"evaluation": only(four.Evaluate(t.Context(), rows, newFake(8), o)),
	} {
		if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), `"craft/pride/patience"`) {
			t.Errorf("a %s that does not know the theory: %v", name, err)
		}
	}
}

func only[T any](_ T, err error) error { return err }
