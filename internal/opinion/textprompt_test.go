package opinion

import (
	"math"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/figure"
	"hives/profiles"
)

// TestOfTexts: scores beyond 3 and 7 have words, the highest first; the middle, a null and what is beyond the number of
// sentences are left out and named.
func TestOfTexts(t *testing.T) {
	p := &profiles.TextProfile{}
	for _, v := range []struct {
		id    string
		score float64
		side  profiles.Side
		why   string
	}{
		{"mft/authority-subversion", 3, profiles.Open, ""},
		{"mft/care-harm", 7.2, profiles.Supports, ""},
		{"mft/fairness-cheating", 2.99, profiles.Supports, ""},
		{"mft/liberty-oppression", math.NaN(), profiles.Open, "too few"},
		{"mft/loyalty-betrayal", -3.1, profiles.Opposes, ""},
		{"mft/sanctity-degradation", -7, profiles.Opposes, ""},
	} {
		p.Values = append(p.Values, profiles.ValueProfile{ValueID: v.id, Score: figure.Number(v.score), Side: v.side,
			Why: v.why})
	}
	words := func(n int) (*TextPrompt, string) {
		said, err := OfTexts(theories.Builtin(), p, n)
		must(t, err)
		var begins []string
		for _, s := range said.Sentences {
			for _, level := range []profiles.Level{profiles.VeryHigh, profiles.High, profiles.Low, profiles.VeryLow} {
				if phrase, told := strings.CutPrefix(s, strings.TrimSuffix(level.Sentence(""), ".")); told {
					begins = append(begins, string(level)+" "+strings.Fields(phrase)[0])
				}
			}
		}
		return said, strings.Join(begins, ", ")
	}
	first := func(id string) string {
		d, err := theories.Builtin().Define(id)
		must(t, err)
		return strings.Fields(Value{Definition: d.Text}.Phrase())[0]
	}
	said, got := words(6)
	if want := "very_high " + first("mft/care-harm") + ", high " + first("mft/authority-subversion") + ", very_low " +
		first("mft/sanctity-degradation") + ", low " + first("mft/loyalty-betrayal"); got != want || said.Sided != 3 {
		t.Errorf("%q, %d sided; want %q", got, said.Sided, want)
	}
	left := strings.Join(said.Left, "\n")
	if len(said.Left) != 2 || !strings.Contains(left, "liberty-oppression: no score: too few") ||
		!strings.Contains(left, "fairness-cheating: 2.99 is the middle") {
		t.Errorf("left out: %q", said.Left)
	}
	said, got = words(2)
	if want := "very_high " + first("mft/care-harm") + ", very_low " + first("mft/sanctity-degradation"); got != want ||
		len(said.Left) != 4 {
		t.Errorf("two sentences: %q, left out %q", got, said.Left)
	}
	if out := said.Prompt("Question: x"); !strings.HasPrefix(out, "Here are value profiles:\n- You highly prioritize ") ||
		!strings.HasSuffix(out, "Return only the single letter. Question: x") {
		t.Errorf("%q", out)
	}
	for i := range p.Values {
		p.Values[i].Score = figure.Number(float64(i) / 2)
	}
	if _, err := OfTexts(theories.Builtin(), p, 6); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(),
		"fairness-cheating: 1.00 is the middle") {
		t.Errorf("a profile that says nothing: %v", err)
	}
	p.Values[0].ValueID = "mft/nothing"
	if _, err := OfTexts(theories.Builtin(), p, 6); err == nil {
		t.Error("an unknown value is let pass")
	}
}

// TestNotesSayHowFewQuestionsThereAre: without an interval nobody is told that it is wide.
func TestNotesSayHowFewQuestionsThereAre(t *testing.T) {
	for questions, want := range map[int]string{3: "too few for intervals: 5 are needed", 5: "intervals are wide",
		30: ""} {
		r := &Result{Questions: questions, Resting: 1}
		(&asking{}).notes(r)
		if got := strings.Join(r.Notes, "\n"); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%d questions: %q, want %q", questions, got, want)
		}
	}
}
