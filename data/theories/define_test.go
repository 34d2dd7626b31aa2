package theories

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hives/internal/fault"
)

func TestEveryValueIsDefinedOnce(t *testing.T) {
	for _, theory := range order {
		tree, _ := Builtin().Get(theory)
		for _, p := range tree.Nodes() {
			d, ok := tree.Definition(p)
			if !ok || len(d.Works) == 0 {
				t.Errorf("%s: definition %+v", ValueID(theory, p), d)
			}
			for _, twin := range Builtin().AltPaths(theory, p) {
				if other, _ := tree.Definition(twin); other.Text != d.Text {
					t.Errorf("%s and %s are one value with two definitions", ValueID(theory, p), ValueID(theory, twin))
				}
			}
		}
	}
}

// A definition that quotes its own leaf's name would tell a reader nothing. The name of a parent may occur.
func TestDefinitionsDoNotBeginWithTheirName(t *testing.T) {
	for _, theory := range order {
		tree, _ := Builtin().Get(theory)
		for _, p := range tree.Nodes() {
			d, _ := tree.Definition(p)
			if strings.HasPrefix(Slug(d.Text), Slug(p.Name())+"-") {
				t.Errorf("%s: its definition begins with its name", ValueID(theory, p))
			}
		}
	}
}

func TestTargetsAreTheThirtyTwo(t *testing.T) {
	targets := Targets()
	if len(targets) != 32 {
		t.Fatalf("%d targets", len(targets))
	}
	several := map[string]int{}
	for _, target := range targets {
		if len(target.Paths) == 0 {
			t.Errorf("%s %q is no node", target.Theory, target.Name)
		}
		for _, p := range target.Paths {
			if !IsTarget(target.Theory, p) {
				t.Errorf("%s %q is not told to be a target", target.Theory, target.Name)
			}
		}
		if len(target.Paths) > 1 {
			several[target.Name] = len(target.Paths)
		}
	}
	if len(several) != len(canonicalParent) {
		t.Errorf("targets with several paths: %v, want %v", several, canonicalParent)
	}
}

func TestFindNameCrossesTheories(t *testing.T) {
	got := Builtin().FindName("Justice")
	if len(got) != 2 || got[0].ID() != "mft/fairness-cheating/justice" || got[1].ID() != "duty/justice" {
		t.Errorf("justice: %v", got)
	}
	if got = Builtin().FindName("face"); len(got) != 2 || got[0].ID() != "svt/self-enhancement/face" {
		t.Errorf("face: %v", got)
	}
}

const craft = `
theory = "craft-test"
name = "what makers hold dear"
level_names = ["domain", "virtue"]
paths = [["skill", "patience"], ["skill", "precision"], ["pride", "precision"], ["thrift"]]
[canonical_parent]
precision = "skill"
[works]
own2026 = "Our own interviews, 2026."
[definitions."craft-test/skill"]
text = "Mastery of one's tools and materials."
works = ["own2026"]
[definitions."craft-test/skill/patience"]
text = "Giving a piece the time that it takes."
works = ["own2026 page 3"]
[definitions."craft-test/skill/precision"]
text = "Working to the finest measure that the piece needs."
works = ["own2026"]
[definitions."craft-test/pride"]
text = "Satisfaction in a piece that bears one's mark."
works = ["own2026"]
[definitions."craft-test/thrift"]
text = "Wasting neither material nor effort on a piece."
works = ["own2026"]
`

func craftFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "craft.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOwnTheoryIsKnownToItsSetAlone(t *testing.T) {
	path := craftFile(t, craft)
	t.Setenv(EnvFiles, path)
	known, err := Load(path) // named twice: by the environment and here
	if err != nil {
		t.Fatal(err)
	}
	if err := Builtin().Validate("craft-test", Path{"skill"}); err == nil {
		t.Error("the built-in set knows a theory that was loaded into another")
	}
	if got, err := known.Match("craft-test", Path{"Skill", "PATIENCE"}); err != nil || got != (Path{"skill", "patience"}) {
		t.Errorf("matched %q, %v", got, err)
	}
	if got := known.Canonical("craft-test", Path{"pride", "precision"}); got != (Path{"skill", "precision"}) {
		t.Errorf("canonical path %q", got)
	}
	if d, err := known.Define("craft-test/pride/precision"); err != nil || !strings.HasPrefix(d.Text, "Working") {
		t.Errorf("defined as %q, %v", d.Text, err)
	}
	if names := known.Names(); names[0] != "svt" || names[len(names)-1] != "craft-test" {
		t.Errorf("theories %v", names)
	}
	if kept := known.Sources(); len(kept) != 1 || kept["craft-test"] != craft {
		t.Errorf("the file is kept as %q", kept)
	}
	t.Setenv(EnvFiles, "")
	if four, err := Load(); err != nil || !four.Equal(Builtin()) || four.Equal(known) || four.Sources() != nil {
		t.Errorf("without files: %v, %v", four.Names(), err)
	}
}

// named parses the craft theory under another name.
func named(t *testing.T, name string) *Tree {
	t.Helper()
	tree, err := Parse(name, []byte(strings.ReplaceAll(craft, "craft-test", name)))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// Two sets that begin as one go their own ways, also where their slices could share memory, and from many goroutines.
func TestSetsDoNotKnowEachOther(t *testing.T) {
	base, err := Builtin().With(named(t, "a"), named(t, "b"), named(t, "c"))
	if err != nil {
		t.Fatal(err)
	}
	grown := make([]Set, 8)
	var wg sync.WaitGroup
	for i := range grown {
		wg.Go(func() {
			var err error
			if grown[i], err = base.With(named(t, fmt.Sprint("x", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, s := range grown {
		want := append(base.Names(), fmt.Sprint("x", i))
		if got := s.Names(); !slices.Equal(got, want) {
			t.Errorf("set %d knows %v, want %v", i, got, want)
		}
		if err := s.Validate(fmt.Sprint("x", (i+1)%len(grown)), Path{"skill"}); err == nil {
			t.Errorf("set %d knows its neighbour's theory", i)
		}
	}
	if got := base.Names(); len(got) != 7 {
		t.Errorf("the set that others were made of knows %v", got)
	}
}

func TestLoadFileRefusesWhatItCouldNotServe(t *testing.T) {
	for _, c := range []struct{ reason, old, new, want string }{
		{"a node without definition", "[definitions.\"craft-test/thrift\"]\ntext = \"Wasting neither material nor effort " +
			"on a piece.\"\nworks = [\"own2026\"]\n", "", `"craft-test/thrift" has no definition`},
		{"a definition left over", `"craft-test/thrift"]`, `"craft-test/thirst"]`, `"craft-test/thirst"`},
		{"a definition of another theory", `"craft-test/thrift"]`, `"duty/justice"]`, `"duty/justice"`},
		{"a definition twice", `"craft-test/thrift"]`, `"craft-test/pride"]`, "craft-test/pride"},
		{"the same words twice", "Wasting neither material nor effort on a piece.", "Mastery of one's tools, and materials.",
			"same definition"},
		{"too short", "Wasting neither material nor effort on a piece.", "Thrift.", "letters"},
		{"no sentence", "on a piece.", "on a piece", "full stop"},
		{"a work not listed", `works = ["own2026 page 3"]`, `works = ["other2020"]`, `"other2020"`},
		{"no work", `works = ["own2026 page 3"]`, `works = []`, "rests on no work"},
		{"a work unused", "[works]", "[works]\nspare = \"Spare.\"", `"spare"`},
		{"a name twice", "precision = \"skill\"", "", `"precision" stands 2 times`},
		{"a strange parent", "precision = \"skill\"", "precision = \"thrift\"", "does not stand under"},
		{"one parent only", "precision = \"skill\"", "precision = \"skill\"\npatience = \"skill\"", "one parent"},
		{"a parent of nothing", "precision = \"skill\"", "precision = \"skill\"\nlove = \"skill\"", "no node"},
		{"defined under the other parent", `"craft-test/skill/precision"]`, `"craft-test/pride/precision"]`, "defined once"},
		{"an unknown key", "name =", "title = \"x\"\nname =", `"title" is unknown`},
		{"no plain name", `theory = "craft-test"`, `theory = "Craft"`, `theory "Craft"`},
		{"no words", `name = "what makers hold dear"`, `name = ""`, "name is empty"},
		{"four levels", `level_names = ["domain", "virtue"]`, `level_names = ["a", "b", "c", "d"]`, "4 levels"},
		{"not TOML", "theory =", "theory", "craft.toml:"},
	} {
		text := strings.Replace(craft, c.old, c.new, 1)
		if text == craft {
			t.Fatalf("%s: nothing was changed", c.reason)
		}
		_, err := LoadFile(craftFile(t, text))
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.reason, err, c.want)
		}
	}
	if _, err := LoadFile(filepath.Join(t.TempDir(), "none")); fault.Of(err) != fault.NotFound {
		t.Errorf("an absent file: %v", err)
	}
}

func TestWithRefusesANameThatIsTaken(t *testing.T) {
	if _, err := Builtin().With(named(t, "duty")); fault.Of(err) != fault.Exists {
		t.Errorf("a second duty: %v", err)
	}
	if s, err := Builtin().With(named(t, "a"), named(t, "a")); fault.Of(err) != fault.Exists || !s.Equal(Builtin()) {
		t.Errorf("one theory twice: %v, %v", s.Names(), err)
	}
	one, other := craftFile(t, craft), craftFile(t, craft)
	if _, err := Load(one, other); fault.Of(err) != fault.Exists {
		t.Errorf("two files of one theory: %v", err)
	}
}

func TestListShowsEveryNodeAndBothParents(t *testing.T) {
	l, err := Builtin().List(ListOptions{Theories: []string{"svt"}, Definitions: true})
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := Builtin().Get("svt")
	if len(l.Theories) != 1 || len(l.Theories[0].Nodes) != len(tree.Nodes()) {
		t.Fatalf("listed %d theories", len(l.Theories))
	}
	var text bytes.Buffer
	if err := l.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"    hedonism *  (canonical here, also svt/self-enhancement/hedonism)\n",
		"    hedonism *  (canonical elsewhere: svt/openness-to-change/hedonism)\n",
		"[schwartz2012] Schwartz",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the tree lacks %q", want)
		}
	}
	raw, err := json.Marshal(l)
	var back Listing
	if err != nil || json.Unmarshal(raw, &back) != nil || back.Theories[0].Nodes[0].Definition == nil {
		t.Errorf("JSON: %s", raw)
	}
	if _, err := Builtin().List(ListOptions{Theories: []string{"stv"}}); err == nil {
		t.Error("an unknown theory: accepted")
	}
	if l, _ = Builtin().List(ListOptions{Targets: true}); len(l.Targets) != 32 || l.Theories != nil {
		t.Errorf("targets: %d", len(l.Targets))
	}
}
