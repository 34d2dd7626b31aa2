package theories

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"hives/internal/fault"
)

// Slug writes a name in lower-case letters, digits and single hyphens: "care/harm" is "care-harm". Letters beyond
// a–z go, so a name needs one of these or a digit; build refuses one without.
//
//	Slug("Self-direction: thought")   self-direction-thought
//	Slug("care/harm")                 care-harm
//	Slug("civil_rights")              civil-rights
//	Slug("Würde")                     w-rde
func Slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			gap = false
			continue
		}
		gap = true
	}
	return b.String()
}

// key joins the slugs of a path. The empty path has the key "", under which the children of the root stand.
func key(p Path) string {
	slugs := make([]string, p.Len())
	for k := range slugs {
		slugs[k] = Slug(p[k])
	}
	return strings.Join(slugs, "/")
}

// ValueID is the stable name of a node: the theory and its slugs, as in "mft/care-harm/caring".
func ValueID(theory string, p Path) string { return theory + "/" + key(p) }

// ParseID finds the node that a ValueID names. Other spellings are accepted where they can mean one node only,
// since people type ids; what comes back is spelled as the hierarchy does.
func (s Set) ParseID(id string) (theory string, p Path, err error) {
	theory, rest, _ := strings.Cut(id, "/")
	t, err := s.find(theory)
	if err != nil {
		return "", Path{}, err
	}
	p, ok := t.spelled(rest)
	if !ok {
		return "", Path{}, fault.New(fault.NotFound, "value %q: theory %q has no such node%s", brief(id), theory,
			t.hint(rest))
	}
	return theory, p, nil
}

// spelled finds a node by its slugs, or by another spelling of them: "Care/Harm", "civil_rights", or the name alone
// where one value has it. A name that several nodes bear is no node's: "hedonism" alone would be a guess between two
// parents.
func (t *Tree) spelled(id string) (Path, bool) {
	if p, ok := t.node[id]; ok {
		return p, true
	}
	slug := Slug(id)
	for _, p := range t.nodes { // "care/harm/caring" does not say which slash parts levels
		if slug != "" && Slug(key(p)) == slug {
			return p, true
		}
	}
	if named := t.bySlug[slug]; len(named) == 1 {
		return named[0], true
	}
	return Path{}, false
}

// Resolve returns the nodes of a theory that bear the name, at any level, the canonical one first. The
// result is empty when no node bears it.
func (s Set) Resolve(theory, name string) []Path {
	t, ok := s.Get(theory)
	if !ok {
		return nil
	}
	return slices.Clone(t.bySlug[Slug(name)])
}

// AltPaths returns the other paths of a theory's value at p, see Tree.AltPaths; none in a theory that the set lacks.
func (s Set) AltPaths(theory string, p Path) []Path {
	if t, ok := s.Get(theory); ok {
		return t.AltPaths(p)
	}
	return nil
}

// AltPaths returns the other paths of the value at p: of the four theories, one for hedonism, humility and face,
// else none.
func (t *Tree) AltPaths(p Path) []Path { return slices.Clone(t.twins[p]) }

// Canonical returns the path that rows carry for a theory's value at p, see Tree.Canonical; p itself in a theory that
// the set lacks.
func (s Set) Canonical(theory string, p Path) Path {
	if t, ok := s.Get(theory); ok {
		return t.Canonical(p)
	}
	return p
}

// Canonical is the path under which the value at p is defined and counted: for svt "self-enhancement / hedonism" it is
// "openness to change / hedonism", for a value with one parent p itself.
func (t *Tree) Canonical(p Path) Path {
	if home, ok := t.home[p]; ok {
		return home
	}
	return p
}

// Validate says what is wrong with a row's path, naming the unknown level and names near to it.
func (s Set) Validate(theory string, p Path) error {
	_, err := s.Match(theory, p)
	return err
}

// Match returns the node of a theory that p names, spelled as the hierarchy spells it, see Tree.Match.
func (s Set) Match(theory string, p Path) (Path, error) {
	t, err := s.find(theory)
	if err != nil {
		return Path{}, err
	}
	return t.Match(p)
}

// Match returns the node that p names, spelled as the hierarchy spells it. Of the tree mft:
//
//	{"Care-Harm", "caring", ""}    {"care/harm", "caring"}
//	{"care/harm", "fairness", ""}  level_2 "fairness" is not in theory "mft"; nearest: …
//	{"", "caring", ""}             level_1 is empty: a name alone is not guessed to a path
//
// The path is followed level by level, so an error names the level that is wrong and what stands below its
// parent.
func (t *Tree) Match(p Path) (Path, error) {
	var out Path // grows as long as the names are found
	for k, name := range p {
		switch {
		case name == "" && k == 0:
			return Path{}, fault.New(fault.Invalid, "level_1 is empty")
		case name == "":
			return out, t.restEmpty(p, k)
		case k >= len(t.LevelNames):
			return Path{}, fault.New(fault.Invalid, "level_%d is %q, but theory %q has %d level(s)", k+1, brief(name),
				t.Theory, len(t.LevelNames))
		}
		parent := key(out)
		out[k] = name
		node, ok := t.node[key(out)]
		if !ok || Slug(name) == "" {
			return Path{}, fault.New(fault.Invalid, "level_%d %q is not in theory %q%s", k+1, brief(name), t.Theory,
				where(name, t.kids[parent]))
		}
		out = node // the file's spelling, of the parents too
	}
	return out, nil
}

// restEmpty refuses a path that goes on after an empty level. {"care/harm", "", "kindness"} has a hole: whether the
// hole or the end is the mistake cannot be told.
func (t *Tree) restEmpty(p Path, from int) error {
	for k := from; k < Depth; k++ {
		if p[k] != "" {
			return fault.New(fault.Invalid, "level_%d is set but level_%d is empty", k+1, from+1)
		}
	}
	return nil
}

// find is Get with an error that names what is near and how to add a theory.
func (s Set) find(theory string) (*Tree, error) {
	t, ok := s.Get(theory)
	if !ok {
		return nil, fault.New(fault.Invalid, "theory %q is unknown%s; add a theory of your own with --theories FILE",
			brief(theory), where(theory, s.Names()))
	}
	return t, nil
}

// hint names the ids near to a mistaken one.
func (t *Tree) hint(id string) string {
	ids := make([]string, len(t.nodes))
	for i, p := range t.nodes {
		ids[i] = key(p)
	}
	return where(id, ids)
}

// where lists up to three of the allowed names, nearest first, equally near ones in the hierarchy's order.
// Without any allowed name the path has ended above.
func where(name string, allowed []string) string {
	if len(allowed) == 0 {
		return ": the path has ended there"
	}
	near := slices.Clone(allowed)
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(unlike(name, a), unlike(name, b)) })
	quoted := make([]string, min(3, len(near)))
	for i := range quoted {
		quoted[i] = fmt.Sprintf("%q", near[i])
	}
	return "; nearest: " + strings.Join(quoted, ", ")
}

// unlike is 0 where one name holds the other, as "care" and "care/harm", and else their distance.
func unlike(a, b string) int {
	a, b = Slug(a), Slug(b)
	if a != "" && (strings.Contains(a, b) || strings.Contains(b, a)) {
		return 0
	}
	return distance(a, b)
}

// brief cuts a name before it is repeated: a cell in the wrong column may hold a whole text.
func brief(name string) string {
	if runes := []rune(name); len(runes) > maxNamed {
		return string(runes[:maxNamed]) + "…"
	}
	return name
}

// maxNamed is enough to recognise a name by, in runes.
const maxNamed = 24

// distance is the number of letters to insert, delete or replace to turn a into b (Levenshtein), in one row of
// the usual table. From "lojalty" to "loyalty" it is 1. Slugs are short, so the squared cost is nothing.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // row[j]: distance of the part of a read so far to b[:j]
	for j := range row {
		row[j] = j
	}
	for i := 0; i < len(a); i++ {
		diagonal := row[0]
		row[0] = i + 1
		for j := 0; j < len(b); j++ {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
