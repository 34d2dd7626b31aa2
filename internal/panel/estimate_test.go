package panel

import (
	"context"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
)

func TestAffordable(t *testing.T) {
	cost := [3]Estimate{{Tokens: 10, Micro: 1e6}, {Tokens: 20, Micro: 2e6}, {Tokens: 40, Micro: 4e6}}
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
		if got := affordable(c.budget, cost, c.elsewhere); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: enough for %s, want %s", c.name, got, c.want)
		}
	}
}

// What the run has taken on these texts is part of their estimate; what it took on others comes on top.
func TestDryRunCountsWhatWasTaken(t *testing.T) {
	s := scripted.New(t, honest)
	j, out := jobFor(t, testPanel(s.URL, 3), lie)
	run(t, j)
	other, _ := jobFor(t, j.Config, "she kept her word", "they fed the birds")
	for _, c := range []struct {
		name, in, want string
	}{{"the same text", j.In, "the most"}, {"other texts", other.In, "not even"}} {
		dry := j
		dry.In, dry.DryRun = c.in, true
		in, err := readInput(c.in, j.Theory)
		if err != nil {
			t.Fatal(err)
		}
		cost := estimated(t, dry, in)
		k := 2 // these texts' most bears what was taken on them; the others' least leaves nothing for it
		if c.name == "other texts" {
			k = 0
		}
		dry.Config.Budget.Tokens = cost[k].Tokens
		out.Reset()
		if err := Run(context.Background(), dry); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "9 answers of this run") || !strings.Contains(out.String(), "the budget is enough for "+c.want) {
			t.Errorf("%s: %s", c.name, out)
		}
	}
	dry := j
	dry.DryRun = true
	out.Reset()
	if err := Run(context.Background(), dry); err != nil || !strings.Contains(out.String(), "no budget is set") {
		t.Errorf("without a budget: %v\n%s", err, out)
	}
}

func estimated(t *testing.T, j Job, in *input) [3]Estimate {
	t.Helper()
	cfg, err := j.Config.Complete()
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := theories.Get(j.Theory)
	cost, err := measure(cfg, tree, func(p theories.Path) string {
		d, _ := tree.Definition(p)
		return d.Text
	}, in.items)
	if err != nil {
		t.Fatal(err)
	}
	return cost
}
