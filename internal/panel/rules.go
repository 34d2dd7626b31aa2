package panel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"hives/internal/fault"
)

// Neutral is the choice of a second round: none of the others.
const Neutral = "neutral"

// Directions as voters name them.
const (
	supports = "supports"
	opposes  = "opposes"
	neither  = "neither"
)

// Rules say when votes are agreement. They are thresholds on counts and nothing else: no voter weighs more than
// another, and none is heard first. Of N voters the zero values mean: Quorum ⌈5N/7⌉ (5 of 7), Lead 2, MinAnswers a
// majority of the panel (4 of 7).
type Rules struct {
	Quorum     int `toml:"quorum"`      // so many votes win whatever the others got
	Lead       int `toml:"lead"`        // so many votes before the next choice win as well
	MinAnswers int `toml:"min_answers"` // with fewer usable answers nothing is decided
}

// For fills in what is left out for a panel of n voters: five of seven, and of other sizes the same share, rounded
// up.
//
//	voters       3  5  7  9
//	quorum       3  4  5  7
//	min_answers  2  3  4  5
func (r Rules) For(n int) Rules {
	r.Quorum = cmp.Or(r.Quorum, (5*n+6)/7)
	r.Lead = cmp.Or(r.Lead, 2)
	r.MinAnswers = cmp.Or(r.MinAnswers, n/2+1)
	return r
}

// Validate refuses rules under which two choices could win, or none.
func (r Rules) Validate(n int) error {
	if r.Quorum <= n/2 || r.Quorum > n || r.Lead < 1 || r.MinAnswers < 1 || r.MinAnswers > n {
		return fault.New(fault.Invalid,
			"rules: quorum %d, lead %d, min_answers %d do not fit %d voters: quorum must be a majority",
			r.Quorum, r.Lead, r.MinAnswers, n)
	}
	return nil
}

// Verdict says what follows from a round of votes. First gives the first two, Second all but AskNeutral and BackOff,
// Direction neither AskNeutral nor Stop.
type Verdict int

const (
	Accept     Verdict = iota // Outcome.Choice is agreed on
	AskNeutral                // ask the same again with Neutral among the choices
	Stop                      // the path ends here
	Unresolved                // a human must decide
	BackOff                   // ask for the direction one level up
)

// String is for messages of tests.
func (v Verdict) String() string {
	return [...]string{"accept", "ask with neutral", "stop", "unresolved", "back off"}[v]
}

// Outcome is a verdict with what was agreed on and why.
type Outcome struct {
	Verdict Verdict
	Choice  string
	Reason  string
}

// First decides a round without Neutral: agreement, else a second round. A vote is a choice, "" where there was no
// usable answer.
func (r Rules) First(votes []string) Outcome {
	t := count(votes)
	if t.answers >= r.MinAnswers {
		if choice, ok := r.winner(t); ok {
			return Outcome{Verdict: Accept, Choice: choice}
		}
	}
	return Outcome{Verdict: AskNeutral}
}

// Second decides a round with Neutral. A majority of the answers for Neutral stops the descent; less than that
// is no agreement on anything, not even if Neutral leads.
//
//	7 voters            neutral  a  b
//	stop                4        2  1      more than half of 7
//	accept a            1        5  1      a quorum
//	unresolved          3        2  2      neutral leads, and 3 is not more than half
//	unresolved          1        2  –      3 answers, 4 needed
func (r Rules) Second(votes []string) Outcome {
	t := count(votes)
	if t.answers < r.MinAnswers {
		reason := fmt.Sprintf("%d usable answers, %d needed", t.answers, r.MinAnswers)
		return Outcome{Verdict: Unresolved, Reason: reason}
	}
	if 2*t.votes[Neutral] > t.answers {
		return Outcome{Verdict: Stop}
	}
	if choice, ok := r.winner(t); ok && choice != Neutral {
		return Outcome{Verdict: Accept, Choice: choice}
	}
	return Outcome{Verdict: Unresolved, Reason: "split vote"}
}

// Direction decides the direction at a node of the given depth: the median of +1, 0, −1. The spread is wide if both
// signs remain when one vote is taken off either end, and the median is unclear between two middle votes that differ.
// Then the question goes one level up, once; after that, or at level 1, it stays unresolved.
//
//	signs in order     median   wide?                            so
//	− + + + + + +      +        no: without the ends + + + + +    supports
//	− − 0 + + + +      +        yes: − remains beside +           one level up
//	0 0 0 0 0 + +      0        no                                neither
//	− − + +            − or +   yes                               one level up
func (r Rules) Direction(votes []string, depth int, backedOff bool) Outcome {
	signs := signsOf(votes)
	n := len(signs)
	if n >= r.MinAnswers && n > 0 {
		wide := n > 2 && signs[1] < 0 && signs[n-2] > 0
		if low, high := signs[(n-1)/2], signs[n/2]; !wide && low == high {
			return Outcome{Verdict: Accept, Choice: [...]string{opposes, neither, supports}[low+1]}
		}
	}
	if depth > 1 && !backedOff {
		return Outcome{Verdict: BackOff}
	}
	return Outcome{Verdict: Unresolved, Reason: "direction unclear"}
}

// signsOf returns the usable votes as −1, 0, +1 in ascending order.
func signsOf(votes []string) []int {
	var out []int
	for _, v := range votes {
		if v != "" {
			out = append(out, sign(v))
		}
	}
	slices.Sort(out)
	return out
}

// sign makes a number of a direction's name. Words beside the three cannot come: Choice.Parse refuses them.
func sign(direction string) int {
	switch direction {
	case supports:
		return 1
	case opposes:
		return -1
	}
	return 0
}

// tally counts a round. A voter without a usable answer has no vote; it is not one for Neutral.
type tally struct {
	votes   map[string]int
	answers int
}

// count leaves out voters whose answers were unusable, so shares are of answers and not of voters.
func count(votes []string) tally {
	t := tally{votes: map[string]int{}}
	for _, v := range votes {
		if v != "" {
			t.votes[v]++
			t.answers++
		}
	}
	return t
}

// ranked are the choices by votes, most first, then by name: an order for ties too, so that the same votes print the
// same.
func (t tally) ranked() []string {
	names := slices.Sorted(maps.Keys(t.votes))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(t.votes[b], t.votes[a]) })
	return names
}

// winner is the choice with a quorum or a sufficient lead. Invariant: no second choice could claim to have won, since a
// quorum is a majority and a lead is over the next one (TestAtMostOneChoiceWins).
//
//	7 voters, quorum 5, lead 2
//	5 1 1     wins by quorum
//	4 2 1     wins by lead
//	3 2 2     none
//	3 3       none: a tie is no lead
//	2         would win by lead: so First and Second want four answers before they ask
func (r Rules) winner(t tally) (string, bool) {
	names := t.ranked()
	if len(names) == 0 {
		return "", false
	}
	first, second := t.votes[names[0]], 0
	if len(names) > 1 {
		second = t.votes[names[1]]
	}
	return names[0], first >= r.Quorum || first-second >= r.Lead
}
