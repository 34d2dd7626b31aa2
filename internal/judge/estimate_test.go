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
