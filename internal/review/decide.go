package review

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"hives/internal/fault"
	"hives/internal/judge"
)

// Bounds of what a reviewer writes, in runes. The page's fields have the same, but a form may come from elsewhere. A
// sentence that a model writes for a bank has 240 at most; people may say more.
const (
	maxNote     = 2000
	maxSentence = 400
)

// What the page's buttons send as "choice". None and skip are every kind's, the others a kind's own.
const (
	choiceSupports = "supports"
	choiceOpposes  = "opposes"
	choiceNeither  = "neither"
	choiceNone     = "none" // no value of the theory; an anchor is rejected
	choiceSkip     = "skip"
	choiceAccept   = "accept"
	choiceEdit     = "edit"
)

// errNoDecision is of a form that no button of the page sends.
var errNoDecision = fault.New(fault.Invalid, "the form has no decision")

// readDecision makes a decision on the item at a place of the board from a form. Errors do not repeat the form.
// Queue, Reviewer and time are the caller's to fill in.
func readDecision(s *state, place int, form url.Values) (judge.Decision, error) {
	q := s.items[place]
	d := judge.Decision{Note: strings.TrimSpace(strings.ToValidUTF8(form.Get("note"), "\uFFFD"))}
	if n := utf8.RuneCountInString(d.Note); n > maxNote {
		return d, fault.New(fault.Invalid, "the note has %d characters, at most %d are kept", n, maxNote)
	}
	switch choice := form.Get("choice"); {
	case choice == choiceNone:
		d.Verdict = judge.VerdictNone
		return d, nil
	case choice == choiceSkip:
		d.Verdict = judge.VerdictSkip
		return d, nil
	default:
		return kindOf(q).read(d, s, place, choice, form)
	}
}

// put adds a decision to the state as the store now has it, so that the page goes on to the next item without reading
// all decisions again.
//
//	held ann +care, bob −care; put bob +care     held ann +care, bob +care
func (s *state) put(d judge.Decision) {
	held := s.held[d.Queue]
	for i := range held {
		if held[i].Reviewer == d.Reviewer {
			held[i] = d
			return
		}
	}
	s.held[d.Queue] = append(held, d)
}
