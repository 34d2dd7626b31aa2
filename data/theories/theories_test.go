package theories

import (
	"strings"
	"testing"

	"hives/internal/fault"

	"pgregory.net/rapid"
)

func TestValuesWithTwoParentsHaveOneHome(t *testing.T) {
	for value, parent := range canonicalParent {
		paths := Builtin().Resolve("svt", value)
		if len(paths) != 2 || paths[0] != (Path{parent, value}) {
			t.Fatalf("%s resolves to %q, want two paths, first under %q", value, paths, parent)
		}
		if alt := Builtin().AltPaths("svt", paths[0]); len(alt) != 1 || alt[0] != paths[1] {
			t.Errorf("%s: other path %q, want %q", value, alt, paths[1])
		}
		if got := Builtin().Canonical("svt", paths[1]); got != paths[0] {
			t.Errorf("%s: canonical %q, want %q", value, got, paths[0])
		}
	}
}

// No other name may stand twice in one theory, or ValueEval-like labels would be ambiguous.
func TestOtherNamesAreUniqueInTheirTheory(t *testing.T) {
	for _, theory := range order { // the embedded ones; a user's theory may have values with several parents
		tree, _ := Builtin().Get(theory)
		ids := map[string]bool{}
		for _, p := range tree.Nodes() {
			id := ValueID(theory, p)
			if ids[id] {
				t.Errorf("%s stands twice", id)
			}
			ids[id] = true
			if got, back, err := Builtin().ParseID(id); err != nil || got != theory || back != p {
				t.Errorf("%s parses to %s %q, %v", id, got, back, err)
			}
			name := p[p.Len()-1]
			if _, twice := canonicalParent[name]; !twice && len(Builtin().Resolve(theory, name)) != 1 {
				t.Errorf("%s: %q names %d nodes", theory, name, len(Builtin().Resolve(theory, name)))
			}
		}
	}
}

func TestValueID(t *testing.T) {
	for want, p := range map[string]Path{
		"mft/care-harm/caring": {"care/harm", "caring"},
		"svt/self-transcendence/universalism/universalism-concern": {"self-transcendence", "universalism",
			"universalism:concern"},
	} {
		if got := ValueID(want[:3], p); got != want {
			t.Errorf("id %q, want %q", got, want)
		}
	}
}

func TestMatchSpellsLikeTheHierarchy(t *testing.T) {
	got, err := Builtin().Match("svt", Path{"Openness to Change", "Self-direction", "Self-direction: thought"})
	want := Path{"openness to change", "self-direction", "self-direction:thought"}
	if err != nil || got != want {
		t.Errorf("matched %q, %v; want %q", got, err, want)
	}
	if got, err = Builtin().Match("mft", Path{"care-harm"}); err != nil || got != (Path{"care/harm"}) {
		t.Errorf("an ended path: %q, %v", got, err)
	}
}

func TestValidateNamesTheLevelAndWhatIsNear(t *testing.T) {
	for _, c := range []struct {
		reason, theory string
		path           Path
		want           []string
	}{
		{"theory misspelled", "stv", Path{"x"}, []string{`theory "stv"`, `"svt"`}},
		{"level misspelled", "mft", Path{"care/harm", "carring"}, []string{`level_2 "carring"`, `"caring"`}},
		{"child of another node", "mft", Path{"care/harm", "loyalty"}, []string{"level_2", "nearest"}},
		{"hole in the path", "svt", Path{"conservation", "", "security:personal"},
			[]string{"level_3 is set but level_2 is empty"}},
		{"too deep", "duty", Path{"fidelity", "promise"}, []string{"level_2", "1 level"}},
		{"nothing", "duty", Path{}, []string{"level_1 is empty"}},
		{"below a leaf", "svt", Path{"self-enhancement", "achievement", "fame"}, []string{"level_3", "path has ended"}},
		{"part of a name", "mft", Path{"sanctity"}, []string{`nearest: "sanctity/degradation"`}},
		{"a text in the column", "duty", Path{"a text that somebody wrote, in the wrong column"},
			[]string{`"a text that somebody wro…"`}},
		{"no letters", "duty", Path{"?!"}, []string{"level_1"}},
	} {
		err := Builtin().Validate(c.theory, c.path)
		if err == nil {
			t.Errorf("%s: accepted", c.reason)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", c.reason, err, want)
			}
		}
	}
}

func TestParseRefusesBrokenHierarchies(t *testing.T) {
	for reason, file := range map[string]string{
		"another theory":   `{"theory":"b","level_names":["x"],"paths":[["y"]]}`,
		"too many levels":  `{"theory":"a","level_names":["x"],"paths":[["y","z"]]}`,
		"a path twice":     `{"theory":"a","level_names":["x"],"paths":[["y"],["y"]]}`,
		"inner node again": `{"theory":"a","level_names":["x","z"],"paths":[["y","w"],["y"]]}`,
		"two spellings":    `{"theory":"a","level_names":["x","z"],"paths":[["y y","w"],["y-y","v"]]}`,
		"a nameless node":  `{"theory":"a","level_names":["x"],"paths":[["--"]]}`,
		"not JSON":         `{`,
	} {
		if _, err := parse("a", []byte(file)); err == nil {
			t.Errorf("%s: accepted", reason)
		}
	}
}

// plainDistance is the recursive definition.
func plainDistance(a, b string) int {
	switch {
	case a == "":
		return len(b)
	case b == "":
		return len(a)
	case a[0] == b[0]:
		return plainDistance(a[1:], b[1:])
	}
	return 1 + min(plainDistance(a[1:], b), plainDistance(a, b[1:]), plainDistance(a[1:], b[1:]))
}

func TestDistanceEqualsItsDefinition(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(r *rapid.T) {
		a, b := word.Draw(r, "a"), word.Draw(r, "b")
		if got, want := distance(a, b), plainDistance(a, b); got != want {
			r.Fatalf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

// One spelling of value ids is printed; the others are understood.
func TestOtherSpellingsOfValueIDs(t *testing.T) {
	for given, want := range map[string]string{
		"mft/care-harm": "mft/care-harm", "mft/care/harm": "mft/care-harm", "mft/Care/Harm": "mft/care-harm",
		"right/first-generation/civil_rights": "right/first-generation/civil-rights",
		"svt/conservation/security":           "svt/conservation/security", "svt/Security": "svt/conservation/security",
		"svt/conservation/security/security:societal": "svt/conservation/security/security-societal",
	} {
		theory, p, err := Builtin().ParseID(given)
		if err != nil || ValueID(theory, p) != want {
			t.Errorf("%s: %s, %v, want %s", given, ValueID(theory, p), err, want)
		}
	}
	// the last stands under two parents
	for _, wrong := range []string{"svt/", "svt/hedonism-twice", "mft/harm", "svt/hedonism"} {
		if _, _, err := Builtin().ParseID(wrong); fault.Of(err) != fault.NotFound {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
