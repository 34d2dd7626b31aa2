package review

import (
	"cmp"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/judge"
)

// tally is how the panel answered one question about one item. A voter counts once, whatever the number of attempts,
// as in the panel's rules.
type tally struct {
	About    string // as package panel names it: a node, with "+neutral" or "+direction"
	Voters   int
	Choices  []choice // most votes first
	Unusable []string // voters whose every answer was unusable
	Raw      []rawAnswer
}

// choice is one answer with who gave it: a reviewer learns to know voters that are always of one mind.
type choice struct {
	Name   string
	Votes  int
	Voters string
}

// rawAnswer is an answer word for word, or why there is none.
type rawAnswer struct{ Voter, Text, Error string }

// tallies groups an item's votes by question, in the order the questions were asked. So a reviewer sees the rounds as
// the panel went through them, and where it parted. Of a voter's attempts the last usable one counts.
//
//	svt              conservation 3 (v0, v2, v5), self-enhancement 2, self-transcendence 2
//	svt+neutral      neutral 4, conservation 3
func tallies(votes []judge.Vote) []tally {
	var order []string
	byQuestion := map[string][]judge.Vote{}
	for _, v := range votes {
		if byQuestion[v.Question] == nil {
			order = append(order, v.Question)
		}
		byQuestion[v.Question] = append(byQuestion[v.Question], v)
	}
	out := make([]tally, len(order))
	for i, about := range order {
		out[i] = count(about, byQuestion[about])
	}
	return out
}

// count keeps every raw answer too: a reviewer may want to read why.
//
//	v0 unusable, v0 care, v1 care, v2 unusable     Voters 3, Choices care 2 (v0, v1), Unusable v2, Raw all four
func count(about string, votes []judge.Vote) tally {
	t := tally{About: about}
	chosen := map[string]string{} // by voter, "" while every answer was unusable
	var voters []string
	for _, v := range votes {
		if _, known := chosen[v.Voter]; !known {
			voters = append(voters, v.Voter)
			chosen[v.Voter] = ""
		}
		if c := v.Choice(); c != "" {
			chosen[v.Voter] = c
		}
		t.Raw = append(t.Raw, rawAnswer{v.Voter, v.Raw, v.Error})
	}
	slices.Sort(voters)
	t.Voters = len(voters)
	by := map[string][]string{}
	for _, v := range voters {
		if c := chosen[v]; c != "" {
			by[c] = append(by[c], v)
		} else {
			t.Unusable = append(t.Unusable, v)
		}
	}
	for name, who := range by {
		t.Choices = append(t.Choices, choice{name, len(who), strings.Join(who, ", ")})
	}
	slices.SortFunc(t.Choices, func(a, b choice) int {
		return cmp.Or(cmp.Compare(b.Votes, a.Votes), cmp.Compare(a.Name, b.Name))
	})
	return t
}

// votesFor counts the votes for a child of a node: those of the second round, with neutral, where there was one.
// The last of the two rounds counts, since in it a voter could say that nothing fits.
//
//	svt: conservation 3; svt+neutral: conservation 2, neutral 4     2
func votesFor(all []tally, theory string, node theories.Path, child string) int {
	about := strings.TrimSuffix(theories.ValueID(theory, node), "/")
	n := 0
	for _, t := range all {
		if t.About != about && t.About != about+"+neutral" {
			continue
		}
		n = 0
		for _, c := range t.Choices {
			if c.Name == child {
				n = c.Votes
			}
		}
	}
	return n
}
