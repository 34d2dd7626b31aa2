package opinion

import (
	"fmt"
	"math"
	"strings"

	"hives/data/theories"
	steering "hives/internal/audit/prompts"
	"hives/internal/fault"
	"hives/profiles"
)

// TextPrompt is what a profile of texts says to a language model, and what it leaves out.
type TextPrompt struct {
	Sentences []string
	Left      []string // each value that is not named, with the reason
	Sided     int      // sentences whose value's interval lies wholly on one side
}

// scoreLevels are the words for targets of scores, as steering has them; 0 is the middle, which has none.
var scoreLevels = map[int]profiles.Level{2: profiles.VeryHigh, 1: profiles.High, -1: profiles.Low, -2: profiles.VeryLow}

// OfTexts puts at most n values of a profile of texts into sentences, the highest first, then the lowest. A score
// counts by the bins of steering; the middle and what has no score are left out:
//
//	8.1     You highly prioritize …
//	3.0     You prioritize …
//	2.9     nothing
//	null    nothing
func OfTexts(known theories.Set, p *profiles.TextProfile, n int) (*TextPrompt, error) {
	out, strong := &TextPrompt{}, make([]float64, len(p.Values))
	phrase := make([]string, len(p.Values))
	for i, v := range p.Values {
		d, err := known.Define(v.ValueID)
		if err != nil {
			return nil, err
		}
		phrase[i] = Value{Name: v.Name, Definition: d.Text}.Phrase()
		strong[i] = float64(v.Score)
		switch {
		case !v.Score.Known():
			out.Left = append(out.Left, fmt.Sprintf("%s: no score: %s", v.ValueID, v.Why))
		case steering.Bin(steering.BinsSymmetric, float64(v.Score)) == 0:
			out.Left = append(out.Left, fmt.Sprintf("%s: %.2f is the middle, between −3 and 3", v.ValueID, v.Score))
			strong[i] = math.NaN()
		}
	}
	picked := map[int]bool{}
	for _, i := range profiles.Pick(strong, n) {
		v := p.Values[i]
		level := scoreLevels[steering.Bin(steering.BinsSymmetric, float64(v.Score))]
		out.Sentences = append(out.Sentences, level.Sentence(phrase[i]))
		picked[i] = true
		if v.Side != profiles.Open {
			out.Sided++
		}
	}
	for i, v := range p.Values {
		if !math.IsNaN(strong[i]) && !picked[i] {
			out.Left = append(out.Left, fmt.Sprintf("%s: %.2f is beyond the %d sentences", v.ValueID, v.Score, n))
		}
	}
	if len(out.Sentences) == 0 {
		return nil, fault.New(fault.Invalid, "the profile says nothing that a prompt could:\n  %s",
			strings.Join(out.Left, "\n  "))
	}
	return out, nil
}

// Prompt has the words of a group's prompt, without a group.
func (t *TextPrompt) Prompt(question string) string { return withProfile("", t.Sentences, question) }
