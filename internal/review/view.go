package review

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hives/data/theories"
)

// page is what the template sees. Every string of it may be a stranger's; html/template escapes each for its place.
//
// Invariant: everything that the page needs is in it; the template asks nobody.
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

// link is one that a key reaches too; Count stands beside its name.
type link struct {
	Name, URL, Key string
	Count          int
	Current        bool
}

// itemView is one queue item on the page. What others decided it shows only to those who have decided themselves: a
// decision that is known before pulls the next one to it.
type itemView struct {
	ID         int64
	Number     int // place among all, from 1
	Text       string
	Reason     string
	Prev, Next string // addresses, "" where the filter has no other item
	Standing   string
	Mine       string // this reviewer's decision in words, "" while there is none
	Note       string
	Others     []said     // shown once this reviewer has decided
	Hidden     int        // decisions of others not shown yet
	Label      *labelView // of these one is set, by the item's kind
	Anchor     *anchorView
	Intensity  *intensityView
	Degree     *degreeView
}

// said is another reviewer's decision in words. Shown by name: who disagrees may be asked.
type said struct{ Reviewer, What, Note string }

// itemURL is an address within the page, from a reviewer to an item of a filter; without an item it leads to the first.
//
//	item?as=ann&at=svt%2Fconservation&id=12&show=open
//
// The base address is the page's own, so that no link holds the token.
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

// newPage has what stands above every page. The latest decision is shown in words, so that nobody takes back what
// they do not mean.
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
			p.Latest = sayDecision(s.items[at], d)
		}
	}
	return p
}

// newItem shows the item at a place of the board; at is the node whose children are offered. Where the filter has no
// other item there are no links to another. Until this reviewer has decided, decisions of others are a number and no
// words.
func newItem(s *state, place int, reviewer, show string, at theories.Path) *itemView {
	q := s.items[place]
	v := &itemView{ID: q.ID, Number: place + 1, Text: q.Text, Reason: q.Reason}
	if k := s.next(place, 1, reviewer, show); k >= 0 && k != place {
		v.Next = itemURL(reviewer, show, s.items[k].ID, "")
		v.Prev = itemURL(reviewer, show, s.items[s.next(place, -1, reviewer, show)].ID, "")
	}
	mine, done := s.of(q.ID, reviewer)
	if done {
		v.Mine, v.Note = sayDecision(q, mine), mine.Note
		v.Standing, _ = standing(s.held[q.ID])
	}
	for _, d := range s.held[q.ID] {
		switch {
		case d.Reviewer == reviewer:
		case done:
			v.Others = append(v.Others, said{d.Reviewer, sayDecision(q, d), d.Note})
		default:
			v.Hidden++
		}
	}
	kindOf(q).show(v, s, q, mine, func(mark string) string { return itemURL(reviewer, show, q.ID, mark) }, at)
	return v
}

// reviewers lists who decided something on the items shown, as links for those who come back. They stand in the order
// of names, so that the page does not hang on a map.
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
