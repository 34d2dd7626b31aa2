package theories

import (
	"fmt"
	"io"
	"strings"
)

// ListOptions says what of the theories to list. With Targets, trees are left out; with Definitions, both have
// them.
type ListOptions struct {
	Theories    []string // all where empty
	Definitions bool     // with each value's definition and the works it rests on
	Targets     bool     // the 32 target values alone
}

// Listing is the theories as one JSON object: trees or targets, never both.
type Listing struct {
	Format   int             `json:"format"` // 1
	Theories []TheoryListing `json:"theories,omitempty"`
	Targets  []TargetListing `json:"targets,omitempty"`
}

// TheoryListing is one tree.
type TheoryListing struct {
	Theory     string        `json:"theory"`
	Name       string        `json:"name"`
	LevelNames []string      `json:"level_names"`
	Nodes      []NodeListing `json:"nodes"` // parents before children
	Works      []Work        `json:"works,omitempty"`
}

// NodeListing is one node. For hedonism below self-enhancement Canonical is "svt/openness-to-change/hedonism" and
// Also names the same; below openness to change Canonical is its own id, and Also the other's.
type NodeListing struct {
	ValueID string `json:"value_id"`
	Name    string `json:"name"`
	Level   int    `json:"level"` // 1 is the coarsest
	Leaf    bool   `json:"leaf"`
	Target  bool   `json:"target"`
	// value_id under which the value is defined; its own unless it has several parents
	Canonical  string      `json:"canonical"`
	Also       []string    `json:"also,omitempty"` // the value's other nodes
	Definition *Definition `json:"definition,omitempty"`
}

// TargetListing is one of the 32 target values.
type TargetListing struct {
	Theory     string      `json:"theory"`
	Name       string      `json:"name"`
	ValueIDs   []string    `json:"value_ids"` // the canonical one first
	Definition *Definition `json:"definition,omitempty"`
}

// List gathers what o asks for, theories in their fixed order or in the order asked for. A theory that is not known
// is an error that names those near to it.
func (s Set) List(o ListOptions) (*Listing, error) {
	names := o.Theories
	if len(names) == 0 {
		names = s.Names()
	}
	out := &Listing{Format: 1}
	for _, theory := range names {
		t, err := s.find(theory)
		if err != nil {
			return nil, err
		}
		if o.Targets {
			out.Targets = append(out.Targets, t.listTargets(o)...)
		} else {
			out.Theories = append(out.Theories, t.list(o))
		}
	}
	return out, nil
}

// listTargets lists the theory's share of the 32.
func (t *Tree) listTargets(o ListOptions) []TargetListing {
	var out []TargetListing
	for _, target := range Targets() {
		if target.Theory == t.Theory {
			l := TargetListing{Theory: t.Theory, Name: target.Name, Definition: t.quote(target.Paths[0], o)}
			for _, p := range target.Paths {
				l.ValueIDs = append(l.ValueIDs, ValueID(t.Theory, p))
			}
			out = append(out, l)
		}
	}
	return out
}

// list is the tree as JSON has it.
func (t *Tree) list(o ListOptions) TheoryListing {
	l := TheoryListing{Theory: t.Theory, Name: t.Name, LevelNames: t.LevelNames}
	for _, p := range t.nodes {
		n := NodeListing{
			ValueID: ValueID(t.Theory, p), Name: p.Name(), Level: p.Len(), Leaf: len(t.kids[key(p)]) == 0,
			Target: IsTarget(t.Theory, p), Canonical: ValueID(t.Theory, t.Canonical(p)), Definition: t.quote(p, o),
		}
		for _, twin := range t.twins[p] {
			n.Also = append(n.Also, ValueID(t.Theory, twin))
		}
		l.Nodes = append(l.Nodes, n)
	}
	if o.Definitions {
		l.Works = t.Works()
	}
	return l
}

// quote is the definition if the listing is to have them; nil is left out of the JSON. A copy, so that whoever
// changes a listing changes no theory.
func (t *Tree) quote(p Path, o ListOptions) *Definition {
	d, ok := t.Definition(p)
	if !o.Definitions || !ok {
		return nil
	}
	return &d
}

// WriteText draws the trees, or the targets, for people:
//
//	svt: Schwartz value theory (higher-order value › basic value › refined value)
//	  openness to change
//	    hedonism *  (canonical here, also svt/self-enhancement/hedonism)
func (l *Listing) WriteText(w io.Writer) error {
	var b strings.Builder
	// The footnote about target values is written only if something bears the mark.
	marked := false
	for _, t := range l.Theories {
		fmt.Fprintf(&b, "%s: %s (%s)\n", t.Theory, t.Name, strings.Join(t.LevelNames, " › "))
		for _, n := range t.Nodes {
			n.draw(&b)
			marked = marked || n.Target
		}
		for _, work := range t.Works {
			fmt.Fprintf(&b, "  [%s] %s\n", work.Key, work.Citation)
		}
		b.WriteByte('\n')
	}
	if marked {
		b.WriteString("* one of the 32 target values\n")
	}
	for _, t := range l.Targets {
		fmt.Fprintf(&b, "%-5s %-30s %s\n", t.Theory, t.Name, strings.Join(t.ValueIDs, "  "))
		t.Definition.draw(&b, "      ")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// draw writes a node indented by its level; its definition only where the value is at home.
func (n *NodeListing) draw(b *strings.Builder) {
	indent := strings.Repeat("  ", n.Level)
	fmt.Fprintf(b, "%s%s", indent, n.Name)
	if n.Target {
		b.WriteString(" *")
	}
	if len(n.Also) > 0 {
		what := "canonical here, also "
		if n.Canonical != n.ValueID {
			what = "canonical elsewhere: "
		}
		fmt.Fprintf(b, "  (%s%s)", what, strings.Join(n.Also, ", "))
	}
	b.WriteByte('\n')
	if n.Canonical == n.ValueID {
		n.Definition.draw(b, indent+"    ")
	}
}

// draw writes a definition on a line of its own; nothing for nil.
func (d *Definition) draw(b *strings.Builder, indent string) {
	if d != nil {
		fmt.Fprintf(b, "%s%s [%s]\n", indent, d.Text, strings.Join(d.Works, "; "))
	}
}
