package review

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// anchor is a sentence of a bank that shall be looked at. The reviewer accepts it, writes another, or rejects it.
type anchor struct{}

func (anchor) name() string { return judge.KindAnchor }

// waits leaves out sentences that the latest bank no longer has. What was decided on them still counts, by
// board.credit.
func (anchor) waits(q judge.QueueItem) bool { return q.Reason != superseded }

// open has no parts to name.
func (anchor) open(*state, judge.QueueItem, string) (at theories.Path, ok bool) { return at, true }

// anchorView is what a sentence stands for: the nodes of its theories and the most central texts.
type anchorView struct {
	anchorInfo
	Sentence string // what the text field holds
	Nodes    []node
}

// node is a value that an anchor speaks of, such as svt/conservation/tradition, with what it means.
type node struct{ ID, Definition string }

// show puts the reviewer's own sentence into the field, if there is one, so that it can be written on. Definitions
// are the theories' of now; an id that they no longer have is shown without one.
func (anchor) show(page *itemView, s *state, q judge.QueueItem, mine judge.Decision, _ func(string) string,
	_ theories.Path) {
	v := &anchorView{Sentence: q.Text}
	page.Anchor = v
	if mine.Verdict == judge.VerdictValue {
		v.Sentence = mine.Path[0]
	}
	info, err := readInfo(q)
	if err != nil {
		return // a payload of another program: the sentence alone can be judged
	}
	v.anchorInfo = info
	for _, id := range info.ValueIDs {
		d, _ := s.known.Define(id)
		v.Nodes = append(v.Nodes, node{id, d.Text})
	}
}

// read reads what shall stand as an anchor: the sentence as it is, or the reviewer's.
//
//	accept                                     path ["One should keep a word."]
//	edit, sentence "Keep  your word. "         path ["Keep your word."]: blanks are joined
//	edit, the sentence of item 7               refused: two anchors would be one
func (anchor) read(d judge.Decision, s *state, place int, choice string, form url.Values) (judge.Decision, error) {
	sentence := form.Get("sentence")
	switch choice {
	case choiceAccept:
		sentence = s.items[place].Text
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

// checkSentence refuses what a bank would refuse later, when nobody remembers why it was written. Errors are shown to
// the reviewer, who goes back and finds the field as it was.
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

// say calls a sentence edited when it differs from the one that is reviewed, whoever wrote it.
//
//	One should keep a word. / Keep your word.     edited: Keep your word.
func (anchor) say(text string, d judge.Decision) string {
	switch {
	case d.Verdict == judge.VerdictNone:
		return "rejected"
	case d.Path[0] == text:
		return "accepted"
	}
	return "edited: " + d.Path[0]
}
