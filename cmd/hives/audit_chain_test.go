package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/audit/figures"
	"hives/internal/fault"
	"hives/internal/rig/audittest"
	"hives/internal/rig/scripted"
)

// TestAuditsOfKnownModels goes the whole way, from the command line over an endpoint to figures: of a model that
// ignores its prompts nothing is said to move, and two of its audits show no drift; a known dose comes back; one that
// always refuses is found to, and stops a pipeline.
func TestAuditsOfKnownModels(t *testing.T) {
	const power = "svt/self-enhancement/power"
	w := audittest.New(t, power)
	s := scripted.New(t, w.Answer)
	config := filepath.Join(t.TempDir(), "audit.toml")
	settings := fmt.Sprintf("[[endpoints]]\nname = \"e\"\nbase_url = %q\nparallel = 4\n", s.URL)
	for _, name := range []string{"subject", "rubric", "judge"} {
		settings += fmt.Sprintf("[[voters]]\nname = %q\nendpoint = \"e\"\nmodel = %q\n", name, name)
	}
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	audit := func(subject audittest.Subject, more string) (string, *figures.Figures, error) {
		t.Helper()
		w.Subject = subject
		dir := t.TempDir()
		line := fmt.Sprintf("audit --config %s --vidb %s --out %s --yes --json %s", config, w.VIDB, dir, more)
		out, err := runVIDB(t, strings.Fields(line)...)
		var f figures.Figures
		if json.Unmarshal([]byte(out), &f) != nil {
			t.Fatalf("hives %s: %s: %v", line, out, err)
		}
		return dir, &f, err
	}
	other := audittest.Ignores()
	other.Seed = 1
	before, ignored, err := audit(audittest.Ignores(), "--fail-if gain=1")
	after, _, errs := audit(other, "")
	if err != nil || errs != nil {
		t.Fatal(err, errs)
	}
	for _, g := range ignored.Values[0].Regimes[0].Gains {
		if g.Verdict != figures.NotShown || math.Abs(float64(g.Mean)) > 2*float64(g.SE) || g.N < 100 {
			t.Errorf("a prompt that is ignored, at %+d: %v ± %v, %s", g.Target, g.Mean, g.SE, g.Verdict)
		}
	}
	if out, err := runVIDB(t, "audit", "compare", before, after, "--fail-if", "drift"); err != nil {
		t.Errorf("two audits of one kind: %s %v", out, err)
	}

	const dose = 1.5 // logits at ±2, and 2 units a logit
	strong, moved, err := audit(audittest.Doses(dose), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range moved.Values[0].Regimes[0].Gains {
		if want := dose * float64(g.Target); math.Abs(float64(g.Mean)-want) > 3*float64(g.SE) || g.Verdict != figures.Moved {
			t.Errorf("at %+d: %v ± %v, %s, want %v", g.Target, g.Mean, g.SE, g.Verdict, want)
		}
	}
	_, err = runVIDB(t, "audit", "compare", before, strong, "--fail-if", "drift")
	if fault.ExitCode(err) != fault.ExitFailed {
		t.Errorf("beside a model that follows its prompts: %v", err)
	}

	dir, refused, err := audit(audittest.Refuses(), "--fail-if refusals=.5")
	if fault.ExitCode(err) != fault.ExitFailed || !strings.Contains(err.Error(), " of ") {
		t.Errorf("one that always refuses: %v", err)
	}
	for _, r := range refused.Refusals {
		if r.Rate.Rate != 1 {
			t.Errorf("%s at %+d: rate %v", r.Regime, r.Target, r.Rate.Rate)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, figures.PageFile)); err != nil {
		t.Error("a limit that is passed keeps the page from being written")
	}
}
