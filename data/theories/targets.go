package theories

import "slices"

// Target is a value of the published evaluation: its name and every path it has, the canonical one first.
type Target struct {
	Theory string
	Name   string
	Paths  []Path
}

// targetNames lists the 32 target values of the paper's evaluation by theory. Those of svt and right stand at level
// 2, those of mft and duty at level 1.
var targetNames = map[string][]string{
	"svt": {
		"benevolence", "universalism", "self-direction", "stimulation", "hedonism", "achievement", "power",
		"conformity", "tradition", "security", "face", "humility",
	},
	"mft": {
		"care/harm", "fairness/cheating", "loyalty/betrayal", "authority/subversion", "sanctity/degradation",
		"liberty/oppression",
	},
	"duty": {
		"fidelity", "reparation", "gratitude", "justice", "beneficence", "self-improvement", "non-maleficence",
	},
	"right": {
		"civil_rights", "political_rights", "economic_rights", "social_rights", "cultural_rights",
		"national_solidarity_rights", "social_group_solidarity_rights",
	},
}

// Targets returns the 32 target values in a fixed order: 12 of svt, 6 of mft, 7 of duty, 7 of right. They are the list
// of one published evaluation, so they know the built-in four alone.
func Targets() []Target {
	var out []Target
	for _, theory := range order {
		for _, name := range targetNames[theory] {
			out = append(out, Target{Theory: theory, Name: name, Paths: Builtin().Resolve(theory, name)})
		}
	}
	return out
}

// IsTarget says whether the value at p is one of the 32. Names are compared, so both paths of hedonism are the
// target. The finest name decides, whatever level it stands at.
func IsTarget(theory string, p Path) bool {
	return slices.Contains(targetNames[theory], p.Name())
}

// Node is a node of one theory.
type Node struct {
	Theory string
	Path   Path
}

// ID is the node's ValueID.
func (n Node) ID() string { return ValueID(n.Theory, n.Path) }

// FindName returns the nodes of all theories of the set that bear a name, as "justice" in mft and duty, theories in
// their order and the canonical path first. Empty where nobody bears it; the caller says so, since only it knows what
// the name was for.
func (s Set) FindName(name string) []Node {
	var out []Node
	for _, theory := range s.Names() {
		for _, p := range s.Resolve(theory, name) {
			out = append(out, Node{Theory: theory, Path: p})
		}
	}
	return out
}
