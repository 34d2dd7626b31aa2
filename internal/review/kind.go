package review

import (
	"net/url"

	"hives/data/theories"
	"hives/internal/judge"
)

// kind is what items of one kind ask of a reviewer. All else on the page is the same for every kind: who reviews, what
// is next, what others decided, notes, undo, and the verdicts none and skip.
//
// A further kind is a file like label.go, a line in kinds, a field of itemView and a block of page.html.
type kind interface {
	// name is QueueItem.Kind.
	name() string
	// waits tells whether an item of this kind is still to be looked at.
	waits(judge.QueueItem) bool
	// open reads the mark of an address, which names the part of an item that is open; ok is false for a part that
	// there is not. Only labels have parts: the nodes of their tree.
	open(s *state, q judge.QueueItem, mark string) (at theories.Path, ok bool)
	// show fills in its part of the page. mine is the reviewer's decision, the zero value while there is none; address
	// makes links to marks of this item.
	show(v *itemView, s *state, q judge.QueueItem, mine judge.Decision, address func(mark string) string,
		at theories.Path)
	// read completes a decision by the button that was pressed and the form. Errors do not repeat the form.
	read(d judge.Decision, s *state, place int, choice string, form url.Values) (judge.Decision, error)
	// say puts a decision on an item of this text into words, other than a skip.
	say(text string, d judge.Decision) string
}

// kinds in the order in which they are offered: of several that wait in one votes file the first is shown.
var kinds = []kind{label{}, anchor{}, intensity{}, degree{}}

// kindOf finds an item's kind. What an older or a newer program put up under another name is shown as a label: its text
// and votes can be read, and skipped.
func kindOf(q judge.QueueItem) kind {
	for _, k := range kinds {
		if k.name() == q.Kind {
			return k
		}
	}
	return label{}
}

// sayDecision puts a decision into words.
//
//	supports conservation › tradition     edited: Keep your word.     skipped
func sayDecision(q judge.QueueItem, d judge.Decision) string {
	if d.Verdict == judge.VerdictSkip {
		return "skipped"
	}
	return kindOf(q).say(q.Text, d)
}
