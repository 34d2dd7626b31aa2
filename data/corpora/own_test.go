package corpora

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data/theories"
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

// Two corpora may speak of a theory of one's own: the authors' form, and a mapping of free names. Without the theory
// the former drops the label and the latter refuses the mapping.
func TestImportOfAnOwnTheory(t *testing.T) {
	tree, err := theories.Parse("craft.toml", []byte(craft))
	if err != nil {
		t.Fatal(err)
	}
	known, err := theories.Builtin().With(tree)
	if err != nil {
		t.Fatal(err)
	}
	flow := folder(t, map[string]string{"train.csv": "text,theory,level_1,level_2,level_3,direction\n" +
		"It cured for a week.,craft,pride,patience,,1\nHe kept his word.,duty,fidelity,,,1\n"})
	want := []string{"It cured for | craft/skill/patience | +1 annotated", "He kept his  | duty/fidelity | +1 annotated"}
	rows, _ := mustImport(t, "valueflow", Options{In: flow, Theories: known})
	if got := claims(rows); !slices.Equal(got, want) {
		t.Errorf("rows of the authors' form: %q, want %q", got, want)
	}
	rows, sum := mustImport(t, "valueflow", Options{In: flow})
	if got := claims(rows); !slices.Equal(got, want[1:]) || len(sum.Dropped) == 0 {
		t.Errorf("without the theory: %q, dropped %v", got, sum.Dropped)
	}
	prism := folder(t, map[string]string{"full.csv": "situation,vrd,text,valence\n" +
		"gluing a chair,Value,Taking one's time,Supports\n"})
	names := filepath.Join(folder(t, map[string]string{"names.csv": "vrd,text,value_id\n" +
		"value,taking one's time,craft/pride/patience\n"}), "names.csv")
	rows, _ = mustImport(t, "valueprism", Options{In: prism, Names: names, Theories: known})
	if got := claims(rows); len(got) != 1 || got[0] != "gluing a cha | craft/skill/patience | +1 annotated" {
		t.Errorf("rows of a mapping: %q", got)
	}
	if _, _, err := Import("valueprism", Options{In: prism, Names: names}); err == nil ||
		!strings.Contains(err.Error(), `theory "craft" is unknown`) {
		t.Errorf("a mapping to a theory that was not given: %v", err)
	}
}
