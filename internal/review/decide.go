package review

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// Bounds of what a reviewer writes, in runes.
const (
	maxNote     = 2000
	maxSentence = 400
)

// What the page's buttons send as "choice".
const (
	choiceSupports = "supports"
	choiceOpposes  = "opposes"
	choiceNeither  = "neither"
	choiceNone     = "none" // no value of the theory; an anchor is rejected
	choiceSkip     = "skip"
	choiceAccept   = "accept"
	choiceEdit     = "edit"
)

var errNoDecision = fault.New(fault.Invalid, "the form has no decision")

var directions = map[string]int32{choiceSupports: 1, choiceNeither: 0, choiceOpposes: -1}

// readDecision makes a decision on the item at a place of the board from a form. Errors do not repeat the
// form.
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
	case q.Kind == judge.KindAnchor:
		return readSentence(d, s, place, choice, form.Get("sentence"))
	default:
		return readValue(d, q, choice, form.Get("at"))
	}
}

// readValue reads a label: a node at any level, since a text may touch no finer value, and a direction. The
// path is canonical, so that who reached a value by way of its other parent agrees.
func readValue(d judge.Decision, q judge.QueueItem, choice, at string) (judge.Decision, error) {
	direction, ok := directions[choice]
	if !ok {
		return d, errNoDecision
	}
	theory, path, err := theories.ParseID(at)
	if err != nil || theory != q.Theory || path.Len() == 0 {
		return d, fault.New(fault.Invalid, "choose a value of theory %s first", q.Theory)
	}
	path = theories.Canonical(theory, path)
	d.Verdict, d.Direction = judge.VerdictValue, direction
	d.Path = append([]string(nil), path[:path.Len()]...)
	return d, nil
}

// readSentence reads what shall stand as an anchor: the sentence as it is, or the reviewer's.
func readSentence(d judge.Decision, s *state, place int, choice, sentence string) (judge.Decision, error) {
	q := s.items[place]
	switch choice {
	case choiceAccept:
		sentence = q.Text
	case choiceEdit:
		sentence = strings.Join(strings.Fields(sentence), " ")
		if err := checkSentence(s, place, sentence); err != nil {
			return d, err
		}
	default:
		return d, errNoDecision
	}
	d.Verdict, d.Path = judge.VerdictValue, []string{sentence}
	return d, nil
}

// checkSentence refuses what a bank would refuse later, when nobody remembers why it was written.
func checkSentence(s *state, place int, sentence string) error {
	n := utf8.RuneCountInString(sentence)
	switch {
	case n == 0:
		return fault.New(fault.Invalid, "the sentence is empty; reject the anchor instead")
	case n > maxSentence:
		return fault.New(fault.Invalid, "the sentence has %d characters, at most %d are allowed", n, maxSentence)
	case !plain(sentence):
		return fault.New(fault.Invalid, "the sentence has characters that cannot be printed")
	}
	for i, q := range s.items {
		if i != place && q.Text == sentence {
			return fault.New(fault.Invalid, "item %d is this very sentence", i+1)
		}
	}
	return nil
}

// put adds a decision to the state as the store now has it.
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
