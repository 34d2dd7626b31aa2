package review

import (
	"net/url"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// label is a text whose value the panel could not agree on.
type label struct{}

func (label) name() string { return judge.KindLabel }

// waits is true of every label: hives label takes back itself what needs nobody any more.
func (label) waits(judge.QueueItem) bool { return true }

// labelView is the open place of a theory's tree: where the reviewer has walked to, and what lies below. Crumbs lead
// up, Options down, and At is what the buttons would decide.
type labelView struct {
	Theory     string
	Unknown    bool // the theory was not given to hives review: only "no value" and skipping are possible
	Crumbs     []link
	Up         string // address one level up
	At         string // value id that a decision would take, "" at the root
	AtName     string
	Definition string
	Level      string // name of the level below, "" at a leaf
	Options    []option
	Tallies    []tally
}

// option is a child of the open node: its key, what it means, and how many voters chose it.
type option struct {
	link
	Definition string
	Votes      int
}

// optionKeys choose the children of a node; the other keys of the page are not among them. Children beyond them are
// reached by Tab and by the pointer.
const optionKeys = "123456789cdfimqrtwyz"

// open reads the node whose children are shown: by default the levels that the panel agreed on.
//
//	""                               conservation, which the panel agreed on
//	"/"                              the root
//	"svt/conservation/tradition"     that node, if the theory is the item's and has it
func (label) open(s *state, q judge.QueueItem, id string) (at theories.Path, ok bool) {
	switch {
	case q.Kind != judge.KindLabel || id == rootMark:
		return at, true
	case id == "":
		copy(at[:], q.PathSoFar)
		return at, true
	}
	theory, at, err := s.known.ParseID(id)
	return at, err == nil && theory == q.Theory
}

// show hangs the open place of the tree on the page. The reviewer's own decision is shown for every kind alike, by
// newItem.
func (label) show(v *itemView, s *state, q judge.QueueItem, _ judge.Decision, address func(string) string,
	at theories.Path) {
	v.Label = newLabel(s, q, address, at)
}

// newLabel offers the children of the open node with the votes that each got. A text may be labelled at any level, so
// the open node itself can be decided on too, and a leaf has nothing below.
//
//	at svt/conservation     options: conformity 3 votes (1), tradition 2 (2), security 2 (3)
func newLabel(s *state, q judge.QueueItem, address func(string) string, at theories.Path) *labelView {
	v := &labelView{Theory: q.Theory, Tallies: tallies(q.Votes)}
	tree, ok := s.known.Get(q.Theory)
	if !ok {
		v.Unknown = true
		return v
	}
	v.Theory = tree.Name
	v.crumbs(q, address, at)
	if n := at.Len(); n > 0 {
		v.At, v.AtName = theories.ValueID(q.Theory, at), at.Name()
		d, _ := tree.Definition(at)
		v.Definition = d.Text
	}
	children := tree.Children(at)
	if len(children) > 0 {
		v.Level = tree.LevelNames[at.Len()]
	}
	for i, c := range children {
		d, _ := tree.Definition(c)
		o := option{Definition: d.Text, Votes: votesFor(v.Tallies, q.Theory, at, c.Name())}
		o.link = link{Name: c.Name(), URL: address(theories.ValueID(q.Theory, c))}
		if i < len(optionKeys) {
			o.Key = optionKeys[i : i+1]
		}
		v.Options = append(v.Options, o)
	}
	return v
}

// rootMark stands for the root of a tree in an address, where no mark means the levels agreed on.
const rootMark = "/"

// crumbs lead back to every level above, the root among them.
//
//	Schwartz value theory / conservation / tradition     the last is current; Up leads to conservation
func (v *labelView) crumbs(q judge.QueueItem, address func(string) string, at theories.Path) {
	v.Crumbs = []link{{Name: v.Theory, URL: address(rootMark), Current: at.Len() == 0}}
	var p theories.Path
	for k := range at.Len() {
		v.Up = v.Crumbs[k].URL
		p[k] = at[k]
		last := k == at.Len()-1
		v.Crumbs = append(v.Crumbs, link{Name: at[k], URL: address(theories.ValueID(q.Theory, p)), Current: last})
	}
}

// directions are what the buttons mean in a row; any other button is no decision on a label.
var directions = map[string]int32{choiceSupports: 1, choiceNeither: 0, choiceOpposes: -1}

// read reads a node at any level, since a text may touch no finer value, and a direction. The
// path is canonical, so that who reached a value by way of its other parent agrees.
func (label) read(d judge.Decision, s *state, place int, choice string, form url.Values) (judge.Decision, error) {
	q, at := s.items[place], form.Get("at")
	direction, ok := directions[choice]
	if !ok {
		return d, errNoDecision
	}
	theory, path, err := s.known.ParseID(at)
	if err != nil || theory != q.Theory || path.Len() == 0 {
		return d, fault.New(fault.Invalid, "choose a value of theory %s first", q.Theory)
	}
	path = s.known.Canonical(theory, path)
	d.Verdict, d.Direction = judge.VerdictValue, direction
	d.Path = append([]string(nil), path[:path.Len()]...)
	return d, nil
}

// say names the whole path: the last name alone may stand under several parents.
func (label) say(_ string, d judge.Decision) string {
	if d.Verdict == judge.VerdictNone {
		return "no value of this theory"
	}
	return directionWords[d.Direction] + " " + strings.Join(d.Path, " › ")
}

// directionWords are read beside a path, as in "supports conservation › tradition".
var directionWords = map[int32]string{1: "supports", 0: "neither supports nor opposes", -1: "opposes"}
