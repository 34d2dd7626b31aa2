package vidb

import (
	"cmp"
	"fmt"
	"math"

	"hives/data"
	"hives/intensity"
	"hives/internal/fault"
	"hives/ranking"
)

// foretelling is what vectors let expect of a value's responses before a judge is asked: a ridge from the vectors of
// the pool's texts to their utilities, and its prediction for each response.
//
//	pool       1,900 vectors, 1,900 utilities    R² .27 on groups not seen, ± 1.4 logits
//	responses  vector of "r1"                    −.8: r1's prior is −.8 ± 1.4
type foretelling struct {
	*intensity.Foretold
	mean []float64 // [responses] utility, as anchors count; NaN of a response without words
}

// priorFiles checks what a job says of vectors, before a file is opened.
func (j ScoreJob) priorFiles() error {
	switch {
	case j.PriorVectors == "" && j.ResponseVectors == "":
		return nil
	case j.PriorVectors == "" || j.ResponseVectors == "":
		return invalid("--prior-vectors and --response-vectors go together: vectors of the pool's texts, and of the " +
			"responses")
	case j.Options.Estimate != EstimatePosterior:
		return invalid("--prior-vectors with --estimate %s: a prior shrinks differences and means of groups; say "+
			"--estimate %s for the scores of single texts", j.Options.Estimate, EstimatePosterior)
	case len(j.Values) > 1:
		return invalid("--prior-vectors for %d values: a matrix is of one pool; name one value", len(j.Values))
	}
	return nil
}

// foretell gives every response its prior. A value of which the vectors tell too little is refused before anybody is
// asked: a prior that knows nothing would only look as if it did.
func (j ScoreJob) foretell(work []*scoring) error {
	if j.PriorVectors == "" {
		return nil
	}
	if len(work) != 1 {
		return invalid("--prior-vectors for %d values: a matrix is of one pool; name the value", len(work))
	}
	s := work[0]
	pool, err := poolVectors(j.PriorVectors, s.v)
	if err != nil {
		return err
	}
	words := 0
	for _, r := range s.responses {
		if !r.empty() {
			words++
		}
	}
	own, err := readVectors("--response-vectors", j.ResponseVectors, words, "%d responses that have words: embed their "+
		"texts in the order of --in")
	if err != nil {
		return err
	}
	if len(own[0]) != len(pool[0]) {
		return fault.New(fault.Mismatch, "--response-vectors %s: vectors of %d numbers, those of --prior-vectors have %d: "+
			"want both from one model", j.ResponseVectors, len(own[0]), len(pool[0]))
	}
	if s.foretold, err = s.foretelling(pool, own); err != nil {
		return err
	}
	if err := s.foretold.Trust(); err != nil {
		return fmt.Errorf("vidb: %s: --prior-vectors: %w", s.v.ValueID, err)
	}
	scorer, err := s.scorer(1)
	if err == nil && j.Stdout != nil {
		_, err = fmt.Fprintf(j.Stdout, "%s: %s\n", s.v.ValueID, s.told(scorer))
	}
	return err
}

// foretelling learns from the texts that may be anchors, and predicts the responses. A text or a group that a response
// shares with the pool has no part in its prediction.
func (s *scoring) foretelling(pool, own [][]float32) (*foretelling, error) {
	var x [][]float64
	var y []float64
	var groups []string
	eligible := s.v.Anchors(s.o.MaxSE, "", "")
	for _, i := range eligible {
		x, y = append(x, wide(pool[i])), append(y, s.utility(i))
		groups = append(groups, cmp.Or(s.v.Texts[i].Group, s.v.Texts[i].ID))
	}
	f, err := intensity.Foretell(ranking.Stream(s.v.purpose("foretell"), s.o.Seed), x, y, groups)
	if err != nil {
		return nil, fmt.Errorf("vidb: %s: --prior-vectors: %w", s.v.ValueID, err)
	}
	shared := map[string][]int{} // folds that know a text, or a group
	for at, i := range eligible {
		t := s.v.Texts[i]
		shared[t.ID] = append(shared[t.ID], f.Folds[at])
		shared["group "+t.Group] = append(shared["group "+t.Group], f.Folds[at])
	}
	out := &foretelling{Foretold: f}
	for _, r := range s.responses {
		if r.empty() {
			out.mean = append(out.mean, math.NaN())
			continue
		}
		held := shared[data.TextID(r.Text)]
		if r.Group != "" {
			held = append(held[:len(held):len(held)], shared["group "+r.Group]...)
		}
		mean, err := f.Predict(wide(own[0]), held...)
		if err != nil {
			return nil, err
		}
		out.mean, own = append(out.mean, mean), own[1:]
	}
	return out, nil
}

// utility is what an anchor counts as.
func (s *scoring) utility(text int) float64 {
	if s.o.Utility == UtilityLogit {
		return s.v.Utility(text)
	}
	return s.final[text]
}

// wide is a vector in float64.
func wide(row []float32) []float64 {
	out := make([]float64, len(row))
	for d, x := range row {
		out[d] = float64(x)
	}
	return out
}

// told is a summary's account of the prior; nil without one.
func (s *scoring) told(scorer intensity.Scorer) *PriorTold {
	if s.foretold == nil {
		return nil
	}
	return &PriorTold{Texts: s.foretold.Texts, R2: s.foretold.R2, SD: scorer.Expected(0, s.foretold.SD).SE}
}

// PriorTold says what a prior from vectors rests on.
type PriorTold struct {
	Texts int     `json:"texts"`
	R2    float64 `json:"r2"` // on groups that were not seen
	SD    float64 `json:"sd"` // of what it does not tell, in units of the scale
}

// String is a sentence.
func (p *PriorTold) String() string {
	return fmt.Sprintf("vectors tell %.2f of the variance of %d texts (R² on groups not seen), and are off by %.1f units",
		p.R2, p.Texts, p.SD)
}
