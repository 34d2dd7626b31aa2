package review

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// Proposal is what stands beside a text whose score is to be looked at: the payload of its queue item. It holds all
// that the page shows, so a review needs neither the database nor its theory.
type Proposal struct {
	ValueID    string  `json:"value_id"`
	Name       string  `json:"name"`
	Definition string  `json:"definition"`
	Score      float64 `json:"score"` // unrounded: who confirms it, confirms this number
}

// intensity is a text's score that voters doubted. The reviewer confirms it or gives a whole number.
type intensity struct{}

// CheckOf is what voters are asked about a value's scores, as their answers in the votes file are marked.
func CheckOf(valueID string) string { return "check " + valueID }

// What the buttons of this kind send.
const (
	choiceConfirm = "confirm"
	choiceNumber  = "number"
)

// most is the end of the scale, on both sides.
const most = 10

func (intensity) name() string { return judge.KindIntensity }

func (intensity) waits(judge.QueueItem) bool { return true }

// open has no parts to name.
func (intensity) open(*state, judge.QueueItem, string) (at theories.Path, ok bool) { return at, true }

// intensityView is the page's part of this kind.
type intensityView struct {
	Proposal
	Shown   string // the score as voters saw it
	Number  string // the reviewer's own, while there is one
	Tallies []tally
}

// show puts the reviewer's own number into the field. A payload that cannot be read leaves the text, to be skipped.
func (intensity) show(v *itemView, _ *state, q judge.QueueItem, mine judge.Decision, _ func(string) string,
	_ theories.Path) {
	// Voters' answers are shown beside the score: they doubted it, and a reviewer may see who did.
	view := &intensityView{}
	v.Intensity = view
	for _, t := range tallies(q.Votes) { // the same voters may have looked at the text's score for another value
		if t.About == CheckOf(q.Theory) {
			view.Tallies = append(view.Tallies, t)
		}
	}
	if json.Unmarshal([]byte(q.Payload), &view.Proposal) != nil {
		return
	}
	view.Shown = strconv.FormatFloat(view.Score, 'f', 1, 64)
	if mine.Verdict == judge.VerdictValue {
		if n, err := strconv.Atoi(mine.Path[0]); err == nil {
			view.Number = strconv.Itoa(n)
		}
	}
}

// read takes the proposed score itself, unrounded, or a whole number.
//
//	confirm                 path ["3.4567"]
//	number, " -4 "          path ["-4"]
//	number, "3.5" or "11"   refused: finer than a person tells, and off the scale
func (intensity) read(d judge.Decision, s *state, place int, choice string, form url.Values) (judge.Decision, error) {
	said := ""
	switch choice {
	case choiceConfirm:
		var p Proposal
		if json.Unmarshal([]byte(s.items[place].Payload), &p) != nil {
			return d, fault.New(fault.Corrupt, "the proposed score cannot be read: skip the text")
		}
		said = strconv.FormatFloat(p.Score, 'g', -1, 64)
	case choiceNumber:
		n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(form.Get("number")), "+"))
		if err != nil || n < -most || n > most {
			return d, fault.New(fault.Invalid, "give a whole number from -%d to %d", most, most)
		}
		said = strconv.Itoa(n)
	default:
		return d, errNoDecision
	}
	d.Verdict, d.Path = judge.VerdictValue, []string{said}
	return d, nil
}

// say gives the number with as many digits as people read.
func (intensity) say(_ string, d judge.Decision) string {
	if d.Verdict == judge.VerdictNone {
		return "no score fits"
	}
	if n, err := strconv.ParseFloat(d.Path[0], 64); err == nil {
		return "score " + strconv.FormatFloat(n, 'g', 3, 64)
	}
	return "score " + d.Path[0]
}
