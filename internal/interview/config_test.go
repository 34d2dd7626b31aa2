package interview_test

import (
	"testing"

	"hives/internal/interview"
	"hives/internal/judge"
	"hives/internal/llm"
)

// TestARespondentDrawsItsWords: at temperature 0 every repeat of an answer is a copy of it. A file that leaves the
// temperature out asks at 1; one that names it is followed; the judge stays at 0.
func TestARespondentDrawsItsWords(t *testing.T) {
	for said, want := range map[float64]float64{0: 1, .7: .7} {
		c := interview.Defaults()
		home := llm.Local{Provider: llm.AtHome}
		c.Voters = []judge.Voter{
			{Name: interview.Judge, Model: llm.Model{Name: "b", Local: home}},
			{Name: interview.Respondent, Model: llm.Model{Name: "a", Temperature: said, Local: home}},
		}
		c, err := c.Complete(false)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Voters[0].Temperature; got != want || c.Voters[1].Temperature != 0 {
			t.Errorf("said %g: respondent at %g, want %g; judge at %g", said, got, want, c.Voters[1].Temperature)
		}
	}
}
