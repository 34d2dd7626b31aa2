package figures

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"hives/internal/audit"
	"hives/internal/llm"
	"hives/steer"
)

// Cosines are those of queries to values: by query id, then by value id. They are not part of a record, since who
// embeds is chosen when figures are made.
type Cosines map[string]map[string]float64

// material is a record with its rows in place.
type material struct {
	audit.Record
	values  []string // ids, in the order of theories' names
	cosines Cosines

	number map[string]int // of a query
	plain  []*answer      // [query]
	single map[single][]*answer
	order  []string // regimes of one value
	many   []audit.Condition
	under  [][]*answer // [condition of many][query]
	all    []*answer
}

// answer is one with its scores: by value the mean over judges, NaN if one of them has none.
type answer struct {
	audit.Answer
	condition audit.Condition
	query     int
	scores    map[string]float64
}

// single is a regime of one value with a target. Its answers stand by query, nil where there is none.
type single struct {
	regime, value string
	target        int
}

// newMaterial puts every row in its place. Queries are numbered, so that what belongs to one query stands at one place
// of every list: a default answer, the steered ones, and their scores.
//
//	queries q1 q2 q3, an answer to q3 under anchor:care:+2     single[{anchor care 2}] = [nil nil answer]
func newMaterial(r audit.Record, cosines Cosines) *material {
	m := &material{Record: r, cosines: cosines, number: map[string]int{}, plain: make([]*answer, len(r.Queries)),
		single: map[single][]*answer{}}
	for at, q := range r.Queries {
		m.number[q.ID] = at
	}
	conditions := map[string]audit.Condition{}
	for _, c := range r.Conditions {
		conditions[c.ID] = c
		for _, v := range c.Values {
			if !slices.Contains(m.values, v) {
				m.values = append(m.values, v)
			}
		}
	}
	slices.Sort(m.values) // a theory's stand together: its name comes first
	scores := scoresOf(r)
	for _, a := range r.Answers {
		one := &answer{a, conditions[a.Condition], m.number[a.Query], scores[[2]string{a.Query, a.Condition}]}
		m.all = append(m.all, one)
		m.put(one)
	}
	slices.SortFunc(m.order, byRegime)
	return m
}

// scoresOf takes the mean over judges for each answer and value. A missing score of one judge leaves the mean
// undefined: else it would move with who happened to answer.
func scoresOf(r audit.Record) map[[2]string]map[string]float64 {
	out, n := map[[2]string]map[string]float64{}, map[[3]string]int{}
	for _, s := range r.Scores {
		at := [2]string{s.Query, s.Condition}
		if out[at] == nil {
			out[at] = map[string]float64{}
		}
		out[at][s.Value] += float64(s.Score)
		n[[3]string{s.Query, s.Condition, s.Value}]++
	}
	for at, of := range out {
		for v := range of {
			if k := n[[3]string{at[0], at[1], v}]; k < len(r.About.Judges) {
				of[v] = math.NaN()
			} else {
				of[v] /= float64(k)
			}
		}
	}
	return out
}

// put sorts an answer by its condition. Prompts that ask for the same are one condition, in whatever order their lines
// stood.
func (m *material) put(a *answer) {
	c := a.condition
	switch len(c.Values) {
	case 0:
		m.plain[a.query] = a
	case 1:
		key := single{c.Regime, c.Values[0], c.Targets[0]}
		if m.single[key] == nil {
			m.single[key] = make([]*answer, len(m.Queries))
		}
		m.single[key][a.query] = a
		if !slices.Contains(m.order, c.Regime) {
			m.order = append(m.order, c.Regime)
		}
	default:
		at := slices.IndexFunc(m.many, func(d audit.Condition) bool { return d.ID == c.ID })
		if at < 0 {
			at = len(m.many)
			m.many, m.under = append(m.many, c), append(m.under, make([]*answer, len(m.Queries)))
		}
		m.under[at][a.query] = a
	}
}

// regimes in the order in which tables show them; others follow by name.
var regimes = []string{audit.RegimeDefault, audit.RegimeAnchor, audit.RegimeTexts, audit.RegimeTwo, audit.RegimeFive,
	audit.RegimeProfile}

func byRegime(a, b string) int {
	place := func(r string) int {
		if at := slices.Index(regimes, r); at >= 0 {
			return at
		}
		return len(regimes)
	}
	return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
}

func theoryOf(value string) string {
	theory, _, _ := strings.Cut(value, "/")
	return theory
}

// score of an answer on a value, NaN without one.
func (a *answer) score(value string) float64 {
	if s, ok := a.scores[value]; ok {
		return s
	}
	return math.NaN()
}

func (a *answer) refused() steer.Refused {
	switch a.Refusal {
	case audit.Refused:
		return steer.Yes
	case audit.Answered:
		return steer.No
	}
	return steer.Unknown
}

func (a *answer) cut() bool { return a.Finish == llm.FinishLength }

// rows are the queries under one regime of one value, with all its targets. A query without a default answer has a row
// all the same: it counts as dropped, and is not forgotten.
func (m *material) rows(regime, value string) (rows []steer.Row) {
	for target := -2; target <= 2; target++ {
		for _, a := range m.single[single{regime, value, target}] {
			if a != nil {
				rows = append(rows, m.row(a, value, target))
			}
		}
	}
	return rows
}

func (m *material) row(a *answer, value string, target int) steer.Row {
	r := steer.Row{Query: a.query, Target: target, Default: math.NaN(), Steered: a.score(value), Refused: a.refused()}
	if d := m.plain[a.query]; d != nil {
		r.Default, r.DefaultRefused = d.score(value), d.refused()
	}
	return r
}

// levels are a value's scores of some answers, by query; NaN where one is missing.
func (m *material) levels(answers []*answer, value string) []float64 {
	out := make([]float64, len(m.Queries))
	for query := range out {
		out[query] = math.NaN()
		if query < len(answers) && answers[query] != nil {
			out[query] = answers[query].score(value)
		}
	}
	return out
}

// deltas are how far a value moved under some answers, by query; NaN where one is missing. NaN less a number is NaN, so
// nothing needs to be asked.
func (m *material) deltas(answers []*answer, value string) []float64 {
	out, plain := m.levels(answers, value), m.levels(m.plain, value)
	for query := range out {
		out[query] -= plain[query]
	}
	return out
}

// Name is how tables call a value: the last part of its id, with blanks.
//
//	mft/care-harm                          care harm
//	svt/self-transcendence/benevolence     benevolence
func Name(value string) string {
	return strings.ReplaceAll(value[strings.LastIndexByte(value, '/')+1:], "-", " ")
}

// sharpness is each judge's of a value.
func (m *material) sharpness(value string) map[string]Number {
	var out map[string]Number
	for _, s := range m.Scores {
		if s.Value == value && s.Beta.Known() {
			if out == nil {
				out = map[string]Number{}
			}
			out[s.Judge] = s.Beta
		}
	}
	return out
}
