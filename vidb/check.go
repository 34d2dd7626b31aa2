package vidb

// Triage counts what the voters made of the scores.
type Triage struct {
	Asked   int `json:"asked"`
	Doubted int `json:"doubted"` // two voters or more found the score implausible
	Thin    int `json:"thin"`    // too few usable answers
	Decided int `json:"decided"` // by people
}

// doubted tells whether a checked score waits for people: two of the voters that answered find it implausible, or too
// few answered.
func (s Score) doubted() bool { return s.Zeros >= doubtFrom || s.Answers < enoughAnswers }

const (
	doubtFrom     = 2 // voters that say "implausible"
	enoughAnswers = 5 // of seven
)
