package theories

import "testing"

// Parents stand before their children, nodes stand once, and a name of several nodes is one value of leaves.
func TestTreesKeepTheirInvariants(t *testing.T) {
	for _, theory := range Builtin().Names() {
		tree, _ := Builtin().Get(theory)
		seen := map[Path]bool{}
		for _, p := range tree.Nodes() {
			if seen[p] {
				t.Errorf("%s stands twice", ValueID(theory, p))
			}
			if p.Len() > 1 && !seen[p.Parent()] {
				t.Errorf("%s stands before its parent", ValueID(theory, p))
			}
			seen[p] = true
			twins := Builtin().AltPaths(theory, p)
			if several := len(Builtin().Resolve(theory, p.Name())) > 1; several != (len(twins) > 0) {
				t.Errorf("%s: the name has several nodes: %v; twins %v", ValueID(theory, p), several, twins)
			}
			if len(twins) > 0 && len(tree.Children(p)) > 0 {
				t.Errorf("%s has twins and children", ValueID(theory, p))
			}
		}
	}
	if len(Builtin().AltPaths("svt", Path{"openness to change", "hedonism"})) != 1 {
		t.Error("hedonism has one parent")
	}
}

// The calls of Match's and distance's comments.
func TestMatchExamples(t *testing.T) {
	if got, err := Builtin().Match("mft", Path{"Care-Harm", "caring"}); err != nil ||
		got != (Path{"care/harm", "caring"}) {
		t.Errorf("%q, %v", got, err)
	}
	for _, p := range []Path{{"care/harm", "fairness"}, {"", "hedonism"}} {
		if got, err := Builtin().Match("mft", p); err == nil {
			t.Errorf("%q is taken for %q", p, got)
		}
	}
	if d := distance("lojalty", "loyalty"); d != 1 {
		t.Errorf("distance %d", d)
	}
}
