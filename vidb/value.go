package vidb

import (
	"math"

	"hives/data/theories"
	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/judge"
)

// Status of a text's score.
type Status string

// The statuses. A text that is Waiting is no anchor: people have not decided on it yet.
const (
	Unseen   Status = "unseen"   // in no usable order: no score
	Accepted Status = "accepted" // fitted, and not doubted
	Waiting  Status = "open"     // doubted by the voters, and waiting for people
	Blended  Status = "blended"  // people looked at it: the final score holds their mean
)

// Juror is one judge of a value, with what its answers depend on.
type Juror struct {
	Name        string  `json:"name"`
	Model       string  `json:"model,omitempty"`
	Endpoint    string  `json:"endpoint,omitempty"`
	Prompt      string  `json:"prompt,omitempty"` // file and version
	Temperature float64 `json:"temperature"`
}

// About says what a value's database was made of. It is all that Open reads of a value: a file of many is listed
// without its texts. Numbers are NaN where SQL has NULL.
type About struct {
	ValueID        string
	Run            string
	DefinitionHash string
	PoolHash       string
	Seed           uint64
	K, M           int
	Format         string
	Order          string
	Judges         []Juror
	Prior          string
	Solver         string
	Calibration    intensity.Method
	Mean           float64 // NaN before the fit
	MaxAbs         float64 // NaN before the fit
	Neutral        float64 // utility; NaN where nothing tells
	Licence        string
	Settings       Settings
	Report         Report
}

// Settings are choices without a column of their own. They are JSON in one column; one that an older file lacks is
// its zero value, so a new choice needs no new version.
type Settings struct {
	Pool              int      `json:"pool,omitempty"` // texts asked for
	MaxChars          int      `json:"max_chars,omitempty"`
	Dedupe            string   `json:"dedupe,omitempty"`
	Pairing           string   `json:"pairing,omitempty"`
	Rotation          string   `json:"rotation,omitempty"`
	Overlap           float64  `json:"overlap,omitempty"`
	Wording           string   `json:"wording,omitempty"`
	Ties              string   `json:"ties,omitempty"`
	Model             string   `json:"model,omitempty"`
	Zero              string   `json:"zero,omitempty"`
	Bootstrap         int      `json:"bootstrap,omitempty"`
	AllowDisconnected bool     `json:"allow_disconnected,omitempty"`
	NoGuard           bool     `json:"no_guard,omitempty"`
	Lambda            *float64 `json:"lambda,omitempty"` // nil: never checked
}

// Report is what came of the steps, for people. Each step leaves its own, and takes away what it makes untrue: a
// build that of check.
type Report struct {
	Pool     *Drawn   `json:"pool,omitempty"`
	Fit      *Account `json:"fit,omitempty"`
	Check    *Triage  `json:"check,omitempty"`
	Imported string   `json:"imported,omitempty"`
}

// Text is one text of the pool.
//
//	a row of care/harm, violating     Target, Direction −1 for mft/care-harm
//	rows of other values, +1 +1 −1    no target, Direction +1: for balance alone
type Text struct {
	ID, Text, Group string
	Corpus, Licence string
	Target          bool // a row of the value names it
	Direction       int  // of its rows of the value; of its own rows where it is no target
	People          People
}

// Score is where a text stands. Numbers that nothing tells are NaN.
type Score struct {
	Theta, SE                 float64 // logits
	SEKind                    string  // exact, diagonal or bootstrap
	Appearances, Wins, Losses int
	Score                     float64 // −10 … 10
	Zeros, Answers            int     // of the voters
	HumanMean                 float64
	Humans                    int
	Final                     float64
	Status                    Status
}

// Window is what one judge was shown, and what it said.
type Window struct {
	ID      string
	Focal   int // number of a text in Value.Texts
	Rep     int
	Judge   string
	Shown   []int
	Overlap bool
	Answer  *Answer // nil: not asked yet
}

// Answer is an order, a tie, or the reason why there is neither.
type Answer struct {
	Ranking []int // numbers of texts, the most supportive first
	Tie     bool
	Error   string
	Vote    string
}

// JudgeFigures are what one judge's answers look like.
type JudgeFigures struct {
	Judge                   string
	Answers, Unusable, Ties int
	FirstShare, Lo, Hi      float64 // how often the first shown was chosen, with Wilson's interval
	Consistency             float64 // the same text chosen in both orders
	Beta                    float64
	Bias                    []float64 // of pairs one number, else one a place; nil without
	Agreement               float64   // with the other judges, on the windows that all got
}

// Value is all that a file holds of one value.
type Value struct {
	About
	Texts   []Text  // [N] by ID
	Scores  []Score // [N]
	Windows []Window
	Jurors  []JudgeFigures

	known theories.Set // of the reader
}

// Which number of a text to take? Final is what people read. Theta is what the orders say, on the scale on which a
// judge's answers are odds. Utility is Theta, moved to where people put a text that they looked at.

// Utility is the utility of text i's final score in logits: what an anchor counts as. NaN where the text has none.
func (v *Value) Utility(i int) float64 {
	s := v.Scores[i]
	if s.Status != Blended {
		return s.Theta
	}
	c, err := v.Map()
	if err != nil {
		return math.NaN()
	}
	return c.Utility(s.Final)
}

// Map carries utilities to scores and back, as the value was calibrated. A value imported without utilities has none.
// zscore is two numbers, which the file holds; the others go by all utilities, and are made of them again.
func (v *Value) Map() (*intensity.Calibration, error) {
	if math.IsNaN(v.MaxAbs) {
		return nil, fault.New(fault.Invalid, "vidb: %s has no utilities: fit it first, or score with the scores", v.ValueID)
	}
	if v.Calibration == intensity.ZScore {
		return &intensity.Calibration{Method: v.Calibration, Mean: v.Mean, MaxAbs: v.MaxAbs}, nil
	}
	var theta []float64
	for _, s := range v.Scores {
		if !math.IsNaN(s.Theta) {
			theta = append(theta, s.Theta)
		}
	}
	c, _, err := intensity.Calibrate(v.Calibration, theta)
	return c, err
}

// Anchors are the numbers of the texts that may stand beside a response: decided, with a standard error of at most
// maxSE (0: any), and neither of the response's text nor of its group.
//
//	accepted, SE .4, group g     maxSE .5, group g: none, it might be the response's own source
//	accepted, SE .7              maxSE .5: too uncertain
//	open                         people have not decided
//	blended, SE .4               yes
//
//	accepted, se .4      an anchor
//	open                 none: people have not decided
//	of the same group    none: it may be the response itself in other words
func (v *Value) Anchors(maxSE float64, textID, group string) []int {
	var out []int
	for i, s := range v.Scores {
		t := v.Texts[i]
		switch {
		case s.Status != Accepted && s.Status != Blended, math.IsNaN(s.Final):
		case maxSE > 0 && !(s.SE <= maxSE):
		case t.ID == textID, group != "" && t.Group == group:
		default:
			out = append(out, i)
		}
	}
	return out
}

// definition is a value's words for prompts, and their hash.
type definition struct {
	theory, name, text, hash string
	path                     theories.Path
}

// define finds a value by its id. What the theory calls the value goes into the hash with the definition: both stand in
// every prompt.
func define(valueID string, known theories.Set) (definition, error) {
	theory, path, err := known.ParseID(valueID)
	if err != nil {
		return definition{}, fault.Usage(fault.New(fault.Invalid, "vidb: %w", err))
	}
	path = known.Canonical(theory, path)
	d, err := known.Define(theories.ValueID(theory, path))
	if err != nil || d.Text == "" {
		return definition{}, fault.Usage(fault.New(fault.Invalid, "vidb: value %s has no definition: judges could not be "+
			"told what it is", theories.ValueID(theory, path)))
	}
	return definition{theory, path.Name(), d.Text, judge.Hash(path.Name() + "\n" + d.Text), path}, nil
}

// Current refuses a value whose definition has changed since its pool was drawn: its orders answered another question.
func (v *Value) Current() error {
	d, err := define(v.ValueID, v.known)
	if err != nil {
		return err
	}
	if d.hash != v.DefinitionHash {
		return fault.New(fault.Mismatch, "vidb: %s was built with the definition %.12s, the theory now has %.12s: use "+
			"the theory's earlier file, or build the value again", v.ValueID, v.DefinitionHash, d.hash)
	}
	return nil
}
