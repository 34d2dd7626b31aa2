package panel

import (
	"context"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/judge"
	"hives/internal/rig/scripted"
)

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
		in, err := readInput(c.in, j.Theory, theories.Builtin())
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
		if !strings.Contains(out.String(), "9 answers of this run") ||
			!strings.Contains(out.String(), "the budget is enough for "+c.want) {
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

func estimated(t *testing.T, j Job, in *input) [3]judge.Estimate {
	t.Helper()
	cfg, err := j.Config.Complete()
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := theories.Builtin().Get(j.Theory)
	cost, err := measure(cfg, tree, func(p theories.Path) string {
		d, _ := tree.Definition(p)
		return d.Text
	}, in.items)
	if err != nil {
		t.Fatal(err)
	}
	return cost
}
