package opinion

import (
	"fmt"
	"strings"

	"hives/data/survey"
	"hives/profiles"
)

// The prompts, as the paper has them. Three lines of text, of which the second is there with a profile alone:
//
//	In terms of political party, you are a Democrat. Here are value profiles:
//	- You highly prioritize concern about suffering and need: …
//	Please respond to the following question considering the profile. Return only the single letter. Question: …
const (
	conditionDefault = "default"  // the group alone
	conditionProfile = "profile"  // the group and its profile
	conditionShuffle = "shuffled" // the group and another group's profile: it should not help
)

// Prompt is what a model is asked, with sentences of a profile or without any.
func Prompt(g survey.Group, sentences []string, question string) string {
	g = aloud(g)
	head := fmt.Sprintf("In terms of %s, you are %s.", g.Topic(), g.Aloud)
	if len(sentences) == 0 {
		return head + " Please respond to the following question. Return only the single letter. " + question
	}
	return withProfile(head+" ", sentences, question)
}

func withProfile(head string, sentences []string, question string) string {
	return head + "Here are value profiles:\n- " + strings.Join(sentences, "\n- ") +
		"\nPlease respond to the following question considering the profile. Return only the single letter. " + question
}

// Sentences are n of a group's profile, by the hybrid scale: the highest values first, then the lowest. resting counts
// those whose figure has an effect: the others may be noise.
func (p *Profiles) Sentences(g *Profile, n int) (sentences []string, resting int) {
	for _, v := range profiles.Pick(g.scaled(profiles.Hybrid), n) {
		sentences = append(sentences, g.Values[v].Level.Sentence(p.Values[v].Phrase()))
		if g.Values[v].Effect {
			resting++
		}
	}
	return sentences, resting
}
