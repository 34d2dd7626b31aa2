package panel

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hives/internal/judge"
)

// Summary is what a run came to. Figures that are undefined are nil: a κ of 0 says that voters agree as by chance,
// none says that nothing can be said. Votes on texts that are not in this input, which the run's file may hold too,
// are left out.
type Summary struct {
	Run, Theory, TheoryName                  string
	Texts, Labelled, NoValue, Open, Reviewed int
	Rows                                     int
	Reasons                                  []Share // why texts are open
	Voters                                   []VoterFigures
	Rounds                                   []RoundFigures
	Truth                                    *Truth // nil where no text was labelled before
	Ways                                     []WayFigures
	Tokens, Micro                            int64
	Currency                                 string
}

// VoterFigures are one voter's. A voter with few usable answers, or that is seldom with the most, costs without
// helping.
type VoterFigures struct {
	Name, Model, Prompt      string
	Temperature              float64
	Answers, Unusable        int
	TokensIn, TokensOut      int64
	Micro                    int64
	Latency                  time.Duration // mean of an answer
	WithMost, Rounds         int           // rounds with the choice of most, of those that have one
	TruthRight, TruthAnswers int           // of its first answers at level 1 on texts of known label
}

// RoundFigures are those of all questions at one level, of one kind. They show where a panel falls apart: voters may
// agree at level 1 and guess at level 2.
type RoundFigures struct {
	Name   string
	Level  int
	Kind   string // "", "neutral" or "direction"
	Texts  int    // with two answers or more
	Kappa  *float64
	Votes  []Share // by choice, most first
	Lead   []int   // texts by the number of votes for the leading choice, index 0 … number of voters
	ballot map[string][]ballot
}

// Share is a name with its count.
type Share struct {
	Name  string
	Count int
}

// roundKey finds a round.
type roundKey struct {
	level int
	kind  string
}

// parseAbout undoes query.about: the level asked about (of a direction, the value's) and the kind.
//
//	svt                            level 1, ""
//	svt/conservation+neutral       level 2, neutral
//	svt/conservation+direction     level 1, direction
func parseAbout(about string) roundKey {
	node, kind, _ := strings.Cut(about, "+")
	depth := strings.Count(node, "/")
	if kind != "direction" {
		depth++
	}
	return roundKey{depth, kind}
}

// summarise reads the run's votes back from the store, so that it tells the same of a resumed run. Votes on texts of
// another input count towards the budget, but not here. What was paid for them is in neither Tokens nor Micro.
func (p *Panel) summarise(ctx context.Context, in *input, results []Result, rows int) (*Summary, error) {
	votes, err := p.store.RunVotes(ctx, p.Run())
	if err != nil {
		return nil, err
	}
	s := &Summary{
		Run: p.Run(), Theory: p.tree.Theory, TheoryName: p.tree.Name, Texts: len(in.items), Rows: rows,
		Currency: p.cfg.Budget.Currency,
	}
	s.count(results)
	s.Reviewed = rows - s.Labelled
	wanted := map[string]bool{}
	for _, it := range in.items {
		wanted[it.ID] = true
	}
	votes = slices.DeleteFunc(votes, func(v judge.Vote) bool { return !wanted[v.Item] })
	said := final(votes)
	s.Rounds = rounds(said, len(p.cfg.Voters), p.tree.LevelNames)
	s.voters(p, votes, said, in)
	s.Truth, s.Ways = compareTruth(p, in, results), ways(votes, in)
	return s, nil
}

// count sorts the texts by what became of them; each is counted once.
func (s *Summary) count(results []Result) {
	reasons := map[string]int{}
	for _, r := range results {
		switch r.Status {
		case Labelled:
			s.Labelled++
		case NoValue:
			s.NoValue++
		case Open:
			s.Open++
			reasons[openAt(r)]++
		}
	}
	s.Reasons = shares(reasons)
}

// openAt tells at which level a text is stuck, for a table of reasons. The direction has no level of its own (0) and
// says what is open by itself.
//
//	level 2: split vote     direction unclear
func openAt(r Result) string {
	if r.Level == 0 {
		return r.Reason
	}
	return fmt.Sprintf("level %d: %s", r.Level, r.Reason)
}

// answered names a question about a text.
type answered struct{ item, about string }

// final keeps, of each voter's attempts at a question, the usable one. There is at most one: after it nothing is asked.
//
//	votes  text 7, svt, v0, attempt 1: unusable     final  {text 7, svt}: v0 conservation, v1 openness
//	       text 7, svt, v0, attempt 2: conservation
//	       text 7, svt, v1, attempt 1: openness
func final(votes []judge.Vote) map[answered]map[string]string {
	out := map[answered]map[string]string{}
	for _, v := range votes {
		if choice := v.Choice(); choice != "" {
			at := answered{v.Item, v.Question}
			if out[at] == nil {
				out[at] = map[string]string{}
			}
			out[at][v.Voter] = choice
		}
	}
	return out
}

// rounds collects the ballots by level and kind, in the order in which they are asked. The nodes of a level are
// pooled: "level 2" is one line, whether a text was asked for the parts of conservation or of openness. Each node
// keeps its own ballots, since κ needs to know which choices there were.
func rounds(said map[answered]map[string]string, voters int, levelNames []string) []RoundFigures {
	all := map[roundKey]*RoundFigures{}
	for at, choices := range said {
		k := parseAbout(at.about)
		r := all[k]
		if r == nil {
			r = &RoundFigures{Level: k.level, Kind: k.kind, Lead: make([]int, voters+1), ballot: map[string][]ballot{}}
			r.Name = roundName(k, levelNames)
			all[k] = r
		}
		b := ballot{}
		for _, c := range choices {
			b[c]++
		}
		r.ballot[at.about] = append(r.ballot[at.about], b)
		r.Lead[slices.Max(slices.Collect(maps.Values(b)))]++
	}
	var out []RoundFigures
	for _, r := range all {
		r.finish()
		out = append(out, *r)
	}
	order := map[string]int{"": 0, "neutral": 1, "direction": 2}
	slices.SortFunc(out, func(a, b RoundFigures) int {
		return cmp.Or(cmp.Compare(order[a.Kind]/2, order[b.Kind]/2), // directions stand last, whatever their level
			cmp.Compare(a.Level, b.Level), cmp.Compare(order[a.Kind], order[b.Kind]))
	})
	return out
}

// roundName is for people: the level by number and, where the theory names its levels, by name.
//
//	{1, ""}             level 1 (higher-order value)
//	{2, "neutral"}      level 2 (basic value), asked again with neutral
//	{1, "direction"}    direction at level 1 (higher-order value)
func roundName(k roundKey, levelNames []string) string {
	level := fmt.Sprint("level ", k.level)
	if k.level <= len(levelNames) {
		level += " (" + levelNames[k.level-1] + ")"
	}
	switch k.kind {
	case "neutral":
		return level + ", asked again with neutral"
	case "direction":
		return "direction at " + level
	}
	return level
}

// finish computes κ and the distribution, once all ballots of the round are in.
func (r *RoundFigures) finish() {
	kappa, texts, ok := Fleiss(r.ballot)
	if r.Texts = texts; ok {
		r.Kappa = &kappa
	}
	votes := map[string]int{}
	for _, ballots := range r.ballot {
		for _, b := range ballots {
			for choice, n := range b {
				votes[choice] += n
			}
		}
	}
	r.Votes = shares(votes)
}

// shares sorts counts, most first, then by name: a fixed order, so that a page made again has the same bytes.
func shares(counts map[string]int) []Share {
	var out []Share
	for name, n := range counts {
		out = append(out, Share{name, n})
	}
	slices.SortFunc(out, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// voters fills in each voter's figures. Every answer counts, also of attempts that were unusable: they cost as much.
func (s *Summary) voters(p *Panel, votes []judge.Vote, said map[answered]map[string]string, in *input) {
	at := map[string]*VoterFigures{}
	s.Voters = make([]VoterFigures, len(p.cfg.Voters))
	for i, m := range p.cfg.Voters {
		s.Voters[i] = VoterFigures{Name: m.Name, Model: m.Model.Name, Prompt: m.Prompt, Temperature: m.Temperature}
		at[m.Name] = &s.Voters[i]
	}
	total := map[string]time.Duration{}
	for _, v := range votes {
		f := at[v.Voter]
		f.Answers++
		if v.Parsed == "" {
			f.Unusable++
		}
		f.TokensIn, f.TokensOut, f.Micro = f.TokensIn+v.TokensIn, f.TokensOut+v.TokensOut, f.Micro+v.CostMicro
		total[v.Voter] += v.Latency
		s.Tokens, s.Micro = s.Tokens+v.TokensIn+v.TokensOut, s.Micro+v.CostMicro
	}
	for name, f := range at {
		if f.Answers > 0 {
			f.Latency = total[name] / time.Duration(f.Answers)
		}
	}
	for q, choices := range said {
		credit(at, q, choices, in)
	}
}

// credit counts, for one round, who voted with the most and, at level 1, who named a true label. Rounds in which two
// choices lead together are left out: there is no "most" to be with.
//
//	a a a a b b –      led: those who said a were with the most, b were not, the seventh has no round
//	a a a b b b –      nobody leads: the round is no one's credit
func credit(at map[string]*VoterFigures, q answered, choices map[string]string, in *input) {
	t := tally{votes: map[string]int{}}
	for _, c := range choices {
		t.votes[c]++
	}
	names := t.ranked()
	led := len(names) == 1 || t.votes[names[0]] > t.votes[names[1]]
	truth := in.truth[q.item]
	for voter, c := range choices {
		f := at[voter]
		if led {
			f.Rounds++
			if c == names[0] {
				f.WithMost++
			}
		}
		if parseAbout(q.about) == (roundKey{1, ""}) && len(truth) > 0 {
			f.TruthAnswers++
			if anyPrefix(in.known, truth, []string{c}) {
				f.TruthRight++
			}
		}
	}
}
