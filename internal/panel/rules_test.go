package panel

import (
	"strings"
	"testing"
)

// ballots reads "aab-" as votes for a, a, b and one unusable answer; n is Neutral.
func ballots(s string) []string {
	var out []string
	for _, r := range s {
		switch r {
		case '-':
			out = append(out, "")
		case 'n':
			out = append(out, Neutral)
		default:
			out = append(out, string(r))
		}
	}
	return out
}

func TestFirstRound(t *testing.T) {
	rules := Rules{}.For(7)
	for _, c := range []struct{ name, votes, want string }{
		{"unanimous", "aaaaaaa", "accept a"},
		{"five of seven", "aaaaabb", "accept a"},
		{"lead of two below five", "aaaabbc", "accept a"},
		{"lead of two among many", "aaabcde", "accept a"},
		{"lead of one", "aaaabbb", "ask with neutral"},
		{"tie at the top", "aaabbbc", "ask with neutral"},
		{"all different", "abcdefg", "ask with neutral"},
		{"three unusable, still a quorum of answers", "aaab---", "accept a"},
		{"too few answers, however clear", "aaa----", "ask with neutral"},
		{"nobody answered", "-------", "ask with neutral"},
	} {
		if got := say(rules.First(ballots(c.votes))); got != c.want {
			t.Errorf("%s: %s → %s, want %s", c.name, c.votes, got, c.want)
		}
	}
}

func TestSecondRound(t *testing.T) {
	rules := Rules{}.For(7)
	for _, c := range []struct{ name, votes, want string }{
		{"neutral majority", "nnnnaaa", "stop"},
		{"neutral unanimous", "nnnnnnn", "stop"},
		{"neutral majority of those who answered", "nnnaa--", "stop"},
		{"neutral leads by two without a majority", "nnnabcd", "unresolved: split vote"},
		{"neutral half of the answers", "nnnaab-", "unresolved: split vote"},
		{"quorum", "aaaaann", "accept a"},
		{"lead of two over neutral", "aaaannb", "accept a"},
		{"lead of one over neutral", "aaannbb", "unresolved: split vote"},
		{"split", "aaabbbn", "unresolved: split vote"},
		{"too few answers", "nnn----", "unresolved: 3 usable answers, 4 needed"},
		{"nobody answered", "-------", "unresolved: 0 usable answers, 4 needed"},
	} {
		if got := say(rules.Second(ballots(c.votes))); got != c.want {
			t.Errorf("%s: %s → %s, want %s", c.name, c.votes, got, c.want)
		}
	}
}

func TestDirectionRule(t *testing.T) {
	rules := Rules{}.For(7)
	for _, c := range []struct {
		name, votes string // + 0 − as in the paper, ? unusable
		depth       int
		backedOff   bool
		want        string
	}{
		{"unanimous", "+++++++", 3, false, "accept supports"},
		{"one voice against", "++++++-", 3, false, "accept supports"},
		{"median opposes", "----000", 3, false, "accept opposes"},
		{"median zero", "++0000-", 3, false, "accept neither"},
		{"zero beside one sign", "0000+++", 3, false, "accept neither"},
		{"two voices against are a wide spread", "+++++--", 3, false, "back off"},
		{"wide spread at level 2", "+++00--", 2, false, "back off"},
		{"wide spread at level 1", "+++00--", 1, false, "unresolved: direction unclear"},
		{"wide spread after backing off", "+++00--", 2, true, "unresolved: direction unclear"},
		{"middle votes differ", "000+++?", 2, false, "back off"},
		{"middle votes differ at level 1", "000+++?", 1, false, "unresolved: direction unclear"},
		{"too few answers", "+++????", 2, false, "back off"},
		{"nobody answered, backed off", "???????", 1, true, "unresolved: direction unclear"},
	} {
		words := strings.NewReplacer("+", " supports", "-", " opposes", "0", " neither", "?", " ?").Replace(c.votes)
		votes := strings.Fields(words)
		for i := range votes {
			if votes[i] == "?" {
				votes[i] = ""
			}
		}
		if got := say(rules.Direction(votes, c.depth, c.backedOff)); got != c.want {
			t.Errorf("%s: %s at %d → %s, want %s", c.name, c.votes, c.depth, got, c.want)
		}
	}
}

func TestRulesForOtherPanels(t *testing.T) {
	for n, want := range map[int]Rules{3: {3, 2, 2}, 5: {4, 2, 3}, 7: {5, 2, 4}, 9: {7, 2, 5}} {
		if got := (Rules{}).For(n); got != want || got.Validate(n) != nil {
			t.Errorf("%d voters: %+v (%v), want %+v", n, got, got.Validate(n), want)
		}
	}
	for name, r := range map[string]Rules{"quorum no majority": {3, 2, 4}, "quorum beyond the panel": {8, 2, 4},
		"no lead": {5, 0, 4}, "no answers": {5, 2, 0}} {
		if r.Validate(7) == nil {
			t.Errorf("%s: accepted %+v", name, r)
		}
	}
}

func say(o Outcome) string {
	s := o.Verdict.String()
	if o.Choice != "" {
		s += " " + o.Choice
	}
	if o.Reason != "" {
		s += ": " + o.Reason
	}
	return s
}

// At most one choice has a quorum or the lead, counted for each choice by itself, and winner names it. The control is a
// quorum that is no majority, which Validate refuses: with it two choices can claim to have won.
func TestAtMostOneChoiceWins(t *testing.T) {
	claims := func(r Rules, votes map[string]int) (all []string) {
		for choice, n := range votes {
			next := 0
			for other, m := range votes {
				if other != choice {
					next = max(next, m)
				}
			}
			if n >= r.Quorum || n-next >= r.Lead {
				all = append(all, choice)
			}
		}
		return all
	}
	both := false
	for a := range 8 {
		for b := range 8 - a {
			for c := range 8 - a - b {
				votes := map[string]int{}
				for name, n := range map[string]int{"a": a, "b": b, "c": c} {
					if n > 0 {
						votes[name] = n
					}
				}
				r := Rules{}.For(7)
				want := claims(r, votes)
				got, ok := r.winner(tally{votes: votes, answers: a + b + c})
				if len(want) > 1 || ok != (len(want) == 1) || (ok && got != want[0]) {
					t.Errorf("votes %v: %q, %v; these can claim it: %q", votes, got, ok, want)
				}
				both = both || len(claims(Rules{Quorum: 3, Lead: 2}, votes)) > 1
			}
		}
	}
	if !both || (Rules{Quorum: 3, Lead: 2, MinAnswers: 4}).Validate(7) == nil {
		t.Error("a quorum of 3 among 7 lets one choice win at the most, or is taken")
	}
}
