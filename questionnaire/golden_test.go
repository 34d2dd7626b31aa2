package questionnaire_test

import (
	"slices"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/questionnaire"
)

const folder = "h_vcai/b_stats"

func option(x *int) int {
	if x == nil {
		return questionnaire.None
	}
	return *x
}

func TestGoldenVotes(t *testing.T) {
	var set struct {
		Cases []struct {
			Case              string
			K                 int
			P                 [][]float64
			Hard, Count, Tied []int
			Lowest, Soft      *int
			Middle            *float64 `json:"middle_score"`
			Expected          *float64 `json:"expected_score"`
			Agreement         *float64
			Entropy           *float64 `json:"entropy_bits"`
		}
		From []struct {
			Total      []float64 `json:"total_logp"`
			P          []float64
			Prior      []float64 `json:"prior_logp"`
			Calibrated []float64 `json:"p_calibrated"`
		} `json:"from_log_probabilities"`
	}
	goldentest.ReadJSON(t, &set, folder, "votes.json")
	for _, c := range set.Cases {
		v := questionnaire.Count(c.P, c.K)
		if !slices.Equal(v.Hard, c.Hard) || !slices.Equal(v.Count, c.Count) || !slices.Equal(v.Tied, c.Tied) {
			t.Errorf("%s: %+v, want %v %v %v", c.Case, v, c.Hard, c.Count, c.Tied)
		}
		if v.Lowest != option(c.Lowest) || v.Soft != option(c.Soft) {
			t.Errorf("%s: lowest %d, soft %d, want %d, %d", c.Case, v.Lowest, v.Soft, option(c.Lowest), option(c.Soft))
		}
		goldentest.Same(t, c.Case+" middle", v.Middle, goldentest.Number(c.Middle), 1e-12)
		goldentest.Same(t, c.Case+" expected", v.Expected, goldentest.Number(c.Expected), 1e-12)
		goldentest.Same(t, c.Case+" agreement", v.Agreement, goldentest.Number(c.Agreement), 1e-12)
		goldentest.Same(t, c.Case+" entropy", v.Entropy, goldentest.Number(c.Entropy), 1e-12)
	}
	for _, c := range set.From {
		for k, want := range c.P {
			goldentest.Same(t, "p", questionnaire.Probabilities(c.Total, nil)[k], want, 1e-12)
			goldentest.Same(t, "calibrated p", questionnaire.Probabilities(c.Total, c.Prior)[k], c.Calibrated[k], 1e-12)
		}
	}
}

func TestGoldenScores(t *testing.T) {
	var set struct {
		Values      []string
		Ten, Higher map[string][]string
		People      []struct {
			Answers []*float64
			Mean    *float64            `json:"mean_of_all"`
			Scales  map[string]*float64 `json:"value_mean"`
			Centred map[string]*float64 `json:"value_centred"`
			Ten     map[string]*float64 `json:"ten_centred"`
			Higher  map[string]*float64 `json:"higher_centred"`
			Dropped *string
		}
		Kept int
	}
	goldentest.ReadJSON(t, &set, folder, "pvq.json")
	kept := 0
	for _, p := range set.People {
		inventory := questionnaire.Inventory{Groups: map[string][]string{}}
		for name, scales := range set.Ten {
			inventory.Groups["ten "+name] = scales
		}
		for name, scales := range set.Higher {
			inventory.Groups["higher "+name] = scales
		}
		var answers []float64
		for i, a := range p.Answers {
			answers = append(answers, goldentest.Number(a))
			inventory.Scale = append(inventory.Scale, set.Values[i%len(set.Values)])
		}
		s := inventory.Score(answers)
		goldentest.Same(t, "mean", s.Mean, goldentest.Number(p.Mean), 1e-12)
		for name, want := range p.Scales {
			goldentest.Same(t, name, s.Scales[name], goldentest.Number(want), 1e-12)
			goldentest.Same(t, name+" centred", s.Centred[name], goldentest.Number(p.Centred[name]), 1e-12)
		}
		for name, want := range p.Ten {
			goldentest.Same(t, name, s.Groups["ten "+name], goldentest.Number(want), 1e-12)
		}
		for name, want := range p.Higher {
			goldentest.Same(t, name, s.Groups["higher "+name], goldentest.Number(want), 1e-12)
		}
		want := ""
		if p.Dropped != nil {
			want = *p.Dropped
		}
		if s.Dropped != want {
			t.Errorf("left out because %q, want %q", s.Dropped, want)
		}
		if s.Dropped == "" {
			kept++
		}
	}
	if kept != set.Kept {
		t.Errorf("%d respondents count, want %d", kept, set.Kept)
	}
}
