package review

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hives/data/theories"
	"hives/internal/judge"
)

// page is what the template sees.
type page struct {
	Nonce    string
	Reviewer string // "" asks for a name
	Known    []link // reviewers who decided something
	Show     string
	Counts   counts
	Filters  []link
	Message  string
	Latest   string // the reviewer's latest decision in words, which undo would take back
	Item     *itemView
}

type link struct {
	Name, URL, Key string
	Count          int
	Current        bool
}

// itemView is one queue item on the page.
type itemView struct {
	ID         int64
	Number     int // place among all, from 1
	Text       string
	Reason     string
	Prev, Next string // addresses, "" where the filter has no other item
	Standing   string
	Mine       string // this reviewer's decision in words, "" while there is none
	Note       string
	Others     []said // shown once this reviewer has decided
	Hidden     int    // decisions of others not shown yet
	Label      *labelView
	Anchor     *anchorView
}

type said struct{ Reviewer, What, Note string }

// labelView is the open place of a theory's tree.
type labelView struct {
	Theory     string
	Unknown    bool // the theory was not registered: only "no value" and skipping are possible
	Crumbs     []link
	Up         string // address one level up
	At         string // value id that a decision would take, "" at the root
	AtName     string
	Definition string
	Level      string // name of the level below, "" at a leaf
	Options    []option
	Tallies    []tally
}

type option struct {
	link
	Definition string
	Votes      int
}

type anchorView struct {
	anchorInfo
	Sentence string // what the text field holds
	Nodes    []node
}

type node struct{ ID, Definition string }

// optionKeys choose the children of a node; the other keys of the page are not among them.
const optionKeys = "123456789cdfimqrtwyz"

func itemURL(reviewer, show string, id int64, at string) string {
	v := url.Values{"as": {reviewer}, "show": {show}}
	if id != 0 {
		v.Set("id", strconv.FormatInt(id, 10))
	}
	if at != "" {
		v.Set("at", at)
	}
	return "item?" + v.Encode()
}

// newPage has what stands above every page.
func newPage(s *state, reviewer, show string) *page {
	c := s.counts(reviewer)
	p := &page{Reviewer: reviewer, Show: show, Counts: c}
	for _, f := range []link{
		{Name: "open for you", URL: showOpen, Key: ",", Count: c.Items - c.Mine},
		{Name: "disagreements", URL: showSplit, Key: ".", Count: c.Split},
		{Name: "all", URL: showAll, Key: "-", Count: c.Items},
	} {
		f.Current = f.URL == show
		f.URL = itemURL(reviewer, f.URL, 0, "")
		p.Filters = append(p.Filters, f)
	}
	if d, ok := s.latest(reviewer); ok {
		if at := s.at(d.Queue); at >= 0 {
			p.Latest = sayDecision(s.items[at].Kind, s.items[at].Text, d)
		}
	}
	return p
}

// newItem shows the item at a place of the board; at is the node whose children are offered.
func newItem(s *state, place int, reviewer, show string, at theories.Path) *itemView {
	q := s.items[place]
	v := &itemView{ID: q.ID, Number: place + 1, Text: q.Text, Reason: q.Reason}
	if k := s.next(place, 1, reviewer, show); k >= 0 && k != place {
		v.Next = itemURL(reviewer, show, s.items[k].ID, "")
		v.Prev = itemURL(reviewer, show, s.items[s.next(place, -1, reviewer, show)].ID, "")
	}
	mine, done := s.of(q.ID, reviewer)
	if done {
		v.Mine, v.Note = sayDecision(q.Kind, q.Text, mine), mine.Note
		v.Standing, _ = standing(s.held[q.ID])
	}
	for _, d := range s.held[q.ID] {
		switch {
		case d.Reviewer == reviewer:
		case done:
			v.Others = append(v.Others, said{d.Reviewer, sayDecision(q.Kind, q.Text, d), d.Note})
		default:
			v.Hidden++
		}
	}
	if q.Kind == judge.KindAnchor {
		v.Anchor = newAnchor(q, mine)
	} else {
		v.Label = newLabel(q, reviewer, show, at)
	}
	return v
}

func newLabel(q judge.QueueItem, reviewer, show string, at theories.Path) *labelView {
	v := &labelView{Theory: q.Theory, Tallies: tallies(q.Votes)}
	tree, ok := theories.Get(q.Theory)
	if !ok {
		v.Unknown = true
		return v
	}
	v.Theory = tree.Name
	v.crumbs(q, reviewer, show, at)
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
		o.link = link{Name: c.Name(), URL: itemURL(reviewer, show, q.ID, theories.ValueID(q.Theory, c))}
		if i < len(optionKeys) {
			o.Key = optionKeys[i : i+1]
		}
		v.Options = append(v.Options, o)
	}
	return v
}

// rootMark stands for the root of a tree in an address, where no mark means the levels agreed on.
const rootMark = "/"

func (v *labelView) crumbs(q judge.QueueItem, reviewer, show string, at theories.Path) {
	v.Crumbs = []link{{Name: v.Theory, URL: itemURL(reviewer, show, q.ID, rootMark), Current: at.Len() == 0}}
	var p theories.Path
	for k := range at.Len() {
		v.Up = v.Crumbs[k].URL
		p[k] = at[k]
		v.Crumbs = append(v.Crumbs, link{Name: at[k], URL: itemURL(reviewer, show, q.ID, theories.ValueID(q.Theory, p)), Current: k == at.Len()-1})
	}
}

func newAnchor(q judge.QueueItem, mine judge.Decision) *anchorView {
	v := &anchorView{Sentence: q.Text}
	if mine.Verdict == judge.VerdictValue {
		v.Sentence = mine.Path[0]
	}
	info, err := readInfo(q)
	if err != nil {
		return v
	}
	v.anchorInfo = info
	for _, id := range info.ValueIDs {
		d, _ := theories.Define(id)
		v.Nodes = append(v.Nodes, node{id, d.Text})
	}
	return v
}

// reviewers lists who decided something on the items shown.
func (s *state) reviewers() []link {
	n := map[string]int{}
	for _, q := range s.items {
		for _, d := range s.held[q.ID] {
			n[d.Reviewer]++
		}
	}
	var out []link
	for name, count := range n {
		out = append(out, link{Name: name, URL: itemURL(name, showOpen, 0, ""), Count: count})
	}
	slices.SortFunc(out, func(a, b link) int { return strings.Compare(a.Name, b.Name) })
	return out
}
