package judge

import (
	"strings"
	"testing"

	"hives/internal/llm"
)

func TestAffordable(t *testing.T) {
	courses := []Course{
		{"least", Estimate{Tokens: 10, Micro: 1e6}}, {"likely", Estimate{Tokens: 20, Micro: 2e6}},
		{"most", Estimate{Tokens: 40, Micro: 4e6}},
	}
	for _, c := range []struct {
		name      string
		budget    llm.Limits
		elsewhere Estimate
		want      string
	}{
		{"exactly the most", llm.Limits{Tokens: 40, Money: 4}, Estimate{}, "the most"},
		{"tokens fall short", llm.Limits{Tokens: 39, Money: 4}, Estimate{}, "the likely"},
		{"money falls short", llm.Limits{Money: 3.99}, Estimate{}, "the likely"},
		{"only the least", llm.Limits{Tokens: 19}, Estimate{}, "the least"},
		{"nothing", llm.Limits{Money: .5}, Estimate{}, "not even"},
		{"taken by other texts", llm.Limits{Tokens: 40}, Estimate{Tokens: 21}, "the least"},
	} {
		if got := (Forecast{Courses: courses, Budget: c.budget, Elsewhere: c.elsewhere}).affordable(); !strings.HasPrefix(got,
			c.want) {
			t.Errorf("%s: enough for %s, want %s", c.name, got, c.want)
		}
	}
}

// TestAgreed: who pays must have said so, also where a part is stored; what is computed here costs nothing.
func TestAgreed(t *testing.T) {
	here, there := Voter{}, Voter{Endpoint: "e"}
	here.Provider = llm.AtHome
	for name, c := range map[string]struct {
		voters []Voter
		budget llm.Limits
		stored int64
		yes    bool
		goes   bool
	}{
		"paid, no budget":           {voters: []Voter{here, there}},
		"paid, yes":                 {voters: []Voter{there}, yes: true, goes: true},
		"budget bears the least":    {voters: []Voter{there}, budget: llm.Limits{Tokens: 100}, goes: true},
		"budget below the least":    {voters: []Voter{there}, budget: llm.Limits{Tokens: 99}},
		"all computed here":         {voters: []Voter{here}, goes: true},
		"here, beyond a budget set": {voters: []Voter{here}, budget: llm.Limits{Tokens: 99}},
		"the least is stored":       {voters: []Voter{there}, stored: 10},
		"all is stored":             {voters: []Voter{there}, stored: 40, goes: true},
	} {
		f := Forecast{Budget: c.budget, Stored: Estimate{Requests: c.stored}, Courses: []Course{
			{"least", Estimate{Requests: 10, Tokens: 100}}, {"most", Estimate{Requests: 40, Tokens: 400}}}}
		if err := f.Agreed(c.voters, c.yes, "ask less"); (err == nil) != c.goes {
			t.Errorf("%s: %v", name, err)
		}
	}
}
