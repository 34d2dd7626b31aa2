package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/llm"
)

// Files of a run's folder.
const (
	VotesFile  = "votes.db"
	RecordFile = "record.db"
)

// Regimes: how a prompt steers.
const (
	RegimeDefault = "default" // it does not
	RegimeAnchor  = "anchor"  // a sentence of how strongly a person values something
	RegimeTexts   = "texts"   // three texts of such a person
	RegimeTwo     = "two"     // two values at once
	RegimeFive    = "five"    // five
	RegimeProfile = "profile" // as many as a profile has
)

// Default is the id of the condition without steering.
const Default = "default"

// Refusals of an answer.
const (
	Refused  = "refused"
	Answered = "answered"
	Unusable = "unusable" // the rubric's judge gave no usable answer
)

// Record is what a run came to.
type Record struct {
	About      About
	Queries    []Query
	Conditions []Condition
	Answers    []Answer
	Scores     []Score
	Ablation   []Ablation
}

// About says how a run was made. Two records can be compared where what makes their scores is equal: Judges, Scoring
// and VIDB.
type About struct {
	Model       llm.Identity      `json:"model"` // what was audited
	Temperature float64           `json:"temperature"`
	MaxTokens   int               `json:"max_tokens"`
	Seed        uint64            `json:"seed"`     // of draws: texts, orders, anchors
	Settings    map[string]string `json:"settings"` // of the prompts: words, bins, texts
	Rubric      Judge             `json:"rubric"`
	Judges      []Judge           `json:"judges"`
	Scoring     Scoring           `json:"scoring"`
	VIDB        map[string]string `json:"vidb"` // hash of each value's texts and scores
}

// Depends are the settings that a run's answers and scores depend on, each by its name. A further value, regime or
// profile adds some and changes none.
func (a About) Depends() map[string]string {
	out := map[string]string{"temperature": fmt.Sprint(a.Temperature), "max_tokens": strconv.Itoa(a.MaxTokens),
		"seed": fmt.Sprint(a.Seed), "model": fmt.Sprintf("%+v", a.Model), "rubric": fmt.Sprintf("%+v", a.Rubric),
		"judges": fmt.Sprintf("%+v", a.Judges), "scoring": fmt.Sprintf("%+v", a.Scoring)}
	maps.Copy(out, a.Settings)
	for value, hash := range a.VIDB {
		out["vidb "+value] = hash
	}
	return out
}

// Judge is a model that read answers, with what its readings depend on.
type Judge struct {
	Name        string  `json:"name"`
	Model       string  `json:"model"`
	Weights     string  `json:"weights_sha256,omitempty"` // of a local model
	Endpoint    string  `json:"endpoint,omitempty"`
	Prompt      string  `json:"prompt"` // file and version
	Temperature float64 `json:"temperature"`
}

// Scoring is how answers were scored.
type Scoring struct {
	K        int    `json:"k"`
	M        int    `json:"m"`
	Panel    string `json:"panel"`
	Utility  string `json:"utility"`
	Scale    string `json:"scale"`
	Estimate string `json:"estimate"`
	Seed     uint64 `json:"seed"`
}

// Query is a question to the model. Size is how many texts of its source it stands for.
type Query struct {
	ID, Source, Text string
	Cluster, Size    int
}

// Condition is a way to ask. Values and Targets go together; the default has neither.
type Condition struct {
	ID      string
	Regime  string
	Values  []string // value ids
	Targets []int    // −2, −1, 1 or 2
	Prompt  string   // file and version
	Hash    string   // SHA-256 of the prompt file
	Skipped string   // why nothing was asked under it
}

// Target is the condition's target of a value; 0 where it has none.
func (c Condition) Target(value string) int {
	if at := slices.Index(c.Values, value); at >= 0 {
		return c.Targets[at]
	}
	return 0
}

// Answer is what the model said to a query under a condition. An answer without a text has an Error and no Refusal.
type Answer struct {
	Query, Condition string
	Asked            string   // the whole prompt
	Texts            []string // text_ids that the prompt quotes
	Text             string
	Finish           llm.Finish // FinishLength: it was cut
	Refusal          string
	Error            string
	Tokens           int64  // written
	Model            string // as what answered names itself
}

// Score is where an answer stands on a value's scale, by one judge. A default answer has a score on every value that
// some condition steers.
type Score struct {
	Query, Condition, Value, Judge string
	Score, Lo, Hi, SE              figure.Number
	Beta                           figure.Number // the judge's sharpness on this value, in this run
	Status                         string
	Asked, Used                    int // windows
}

// Ablation is the score of a default answer, made in another way.
type Ablation struct {
	Query, Value, Judge, Panel string
	K, M                       int
	Seed                       uint64
	Score                      figure.Number
	Status                     string
}

// sorted puts the rows into the order of their keys, in which they are written: the bytes then do not tell who
// answered first.
func (r Record) sorted() Record {
	r.Queries, r.Conditions, r.Answers = slices.Clone(r.Queries), slices.Clone(r.Conditions), slices.Clone(r.Answers)
	r.Scores, r.Ablation = slices.Clone(r.Scores), slices.Clone(r.Ablation)
	slices.SortFunc(r.Queries, func(a, b Query) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(r.Conditions, func(a, b Condition) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(r.Answers, func(a, b Answer) int {
		return cmp.Or(cmp.Compare(a.Query, b.Query), cmp.Compare(a.Condition, b.Condition))
	})
	slices.SortFunc(r.Scores, func(a, b Score) int {
		return cmp.Or(cmp.Compare(a.Query, b.Query), cmp.Compare(a.Condition, b.Condition), cmp.Compare(a.Value, b.Value),
			cmp.Compare(a.Judge, b.Judge))
	})
	slices.SortFunc(r.Ablation, func(a, b Ablation) int {
		return cmp.Or(cmp.Compare(a.Query, b.Query), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Judge, b.Judge),
			cmp.Compare(a.Panel, b.Panel), cmp.Compare(a.K, b.K), cmp.Compare(a.M, b.M), cmp.Compare(a.Seed, b.Seed))
	})
	return r
}

// Check refuses rows that name what is not there. Rows that stand twice are refused by the file's keys.
func (r Record) Check() error {
	bad := func(format string, args ...any) error { return fault.New(fault.Corrupt, "record: "+format, args...) }
	queries, conditions, answers := map[string]bool{}, map[string]bool{}, map[[2]string]bool{}
	for _, q := range r.Queries {
		queries[q.ID] = true
	}
	for _, c := range r.Conditions {
		if len(c.Values) != len(c.Targets) {
			return bad("condition %q has %d values and %d targets", c.ID, len(c.Values), len(c.Targets))
		}
		conditions[c.ID] = c.Skipped == ""
	}
	for _, a := range r.Answers {
		if !queries[a.Query] || !conditions[a.Condition] {
			return bad("an answer to query %q under condition %q: one of them is not there, or was skipped", a.Query,
				a.Condition)
		}
		answers[[2]string{a.Query, a.Condition}] = true
	}
	for _, s := range r.Scores {
		if !answers[[2]string{s.Query, s.Condition}] {
			return bad("a score of query %q under condition %q, which has no answer", s.Query, s.Condition)
		}
	}
	for _, s := range r.Ablation {
		if !answers[[2]string{s.Query, Default}] {
			return bad("an ablation of query %q, which has no default answer", s.Query)
		}
	}
	return nil
}
