package panel

import (
	"fmt"

	"hives/internal/judge"
	"hives/internal/llm"
)

// homePrompts are what the voters of Home are asked by, in turn: those without a reason before the choice, which leave
// a closed list of answers.
var homePrompts = []string{"plain.v1", "terse.v1"}

// Home is a panel for which nothing need be configured: seven ways of asking one local model. They differ in the prompt
// and in the order of the choices, which turns with the voter, so what they agree on depends on neither. They are no
// seven opinions: what the model does not know, none of them knows.
func Home(dir string, l llm.Local, choose string) Config {
	l.Provider = llm.AtHome
	c := Defaults()
	for k := range 7 {
		prompt := homePrompts[k%len(homePrompts)]
		c.Voters = append(c.Voters, judge.Voter{
			Name: fmt.Sprintf("%s-%d", prompt[:len(prompt)-len(".v1")], k+1), Prompt: prompt,
			Ask: judge.AskChoices, Choose: choose, Model: llm.Model{Name: dir, Local: l},
		})
	}
	return c
}
