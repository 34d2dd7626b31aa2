package review

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// Forms of a question about degrees.
const (
	FormLevel = "level" // how far does this answer agree with the value?
	FormOrder = "order" // which of these answers agrees most, which next?
)

// Degrees is what stands beside an answer, or several, whose degree people are to say: the payload of its queue item.
// The level that was asked of the writer is not in it, since who knows it finds it.
type Degrees struct {
	Form       string   `json:"form"`
	Name       string   `json:"name"`
	Definition string   `json:"definition"`
	Levels     []string `json:"levels"`  // names of −2 … 2
	Answers    int      `json:"answers"` // how many there are to put into order, as letters from A
}

// degree is such an answer. A level is kept as its number, an order as its letters, the most agreeing first.
type degree struct{}

func (degree) name() string { return judge.KindDegree }

func (degree) waits(judge.QueueItem) bool { return true }

// open has no parts to name.
func (degree) open(*state, judge.QueueItem, string) (at theories.Path, ok bool) { return at, true }

// degreeView is the page's part of this kind.
type degreeView struct {
	Degrees
	Options []levelOption
	Order   string // the reviewer's own, while there is one
}

// levelOption is one level as a button.
type levelOption struct{ Value, Name, Key string }

// Buttons send a level as "level+1", an order as choiceOrder with the letters in a field.
const (
	levelPrefix = "level"
	choiceOrder = "order"
)

// show makes a button of each level, with the keys 1 to 5. A payload that cannot be read leaves the text, to be
// skipped.
func (degree) show(v *itemView, _ *state, q judge.QueueItem, mine judge.Decision, _ func(string) string,
	_ theories.Path) {
	view := &degreeView{}
	v.Degree = view
	if json.Unmarshal([]byte(q.Payload), &view.Degrees) != nil {
		return
	}
	for i, name := range view.Levels {
		view.Options = append(view.Options, levelOption{fmt.Sprintf("%s%+d", levelPrefix, i-2), name, strconv.Itoa(i + 1)})
	}
	if view.Form == FormOrder && mine.Verdict == judge.VerdictValue {
		view.Order = strings.Join(mine.Path, " ")
	}
}

// read takes a level or an order. Letters may stand with or without anything between them.
//
//	level-2                    path ["-2"]
//	order, "c a b e d"         path ["C", "A", "B", "E", "D"]
//	order, "CABED"             the same
//	order, "C A B E"           refused: one is missing
func (degree) read(d judge.Decision, s *state, place int, choice string, form url.Values) (judge.Decision, error) {
	var about Degrees
	if json.Unmarshal([]byte(s.items[place].Payload), &about) != nil {
		return d, fault.New(fault.Corrupt, "what is asked of this text cannot be read: skip it")
	}
	if about.Form == FormOrder {
		if choice != choiceOrder {
			return d, errNoDecision
		}
		letters, err := readOrder(form.Get("order"), about.Answers)
		d.Verdict, d.Path = judge.VerdictValue, letters
		return d, err
	}
	n, err := strconv.Atoi(strings.TrimPrefix(choice, levelPrefix))
	if err != nil || !strings.HasPrefix(choice, levelPrefix) || n < -2 || n > 2 {
		return d, errNoDecision
	}
	d.Verdict, d.Path = judge.VerdictValue, []string{strconv.Itoa(n)}
	return d, nil
}

// readOrder reads n letters, each once.
func readOrder(text string, n int) (letters []string, err error) {
	for _, r := range strings.ToUpper(text) {
		switch at := int(r - 'A'); {
		case strings.ContainsRune(" ,;.<>-\t", r):
		case at < 0 || at >= n || slices.Contains(letters, string(r)):
			return nil, fault.New(fault.Invalid, "give the letters A to %c in order, each once", 'A'+n-1)
		default:
			letters = append(letters, string(r))
		}
	}
	if len(letters) != n || n == 0 {
		return nil, fault.New(fault.Invalid, "give all %d letters in order, each once", n)
	}
	return letters, nil
}

// say names the level, or the order.
func (degree) say(_ string, d judge.Decision) string {
	if d.Verdict == judge.VerdictNone {
		return "no answer to the question"
	}
	if len(d.Path) > 1 {
		return "order " + strings.Join(d.Path, " ")
	}
	if n, err := strconv.Atoi(d.Path[0]); err == nil && n > 0 {
		return "level +" + d.Path[0]
	}
	return "level " + d.Path[0]
}
