package run

import (
	"testing"

	"hives/internal/audit"
	"hives/internal/audit/figures"
	"hives/internal/rig/audittest"
	"hives/internal/rig/scripted"
)

// TestPartsOfAProfileAreScored: single prompts are scored on the other value of a pair as well, so that a common prompt
// can be held to their sum; without prompts of two values nothing more is scored than what was steered.
func TestPartsOfAProfileAreScored(t *testing.T) {
	values := []string{"mft/care-harm", "mft/fairness-cheating"}
	w := audittest.New(t, values...)
	w.Subject = audittest.Doses(1)
	s := scripted.New(t, w.Answer)
	j := job(s.URL, w.VIDB, t.TempDir())
	j.Prompts.Values, j.Prompts.Regimes = values, []string{audit.RegimeAnchor, audit.RegimeTwo}
	r := ran(t, j)
	crossed := 0
	of := map[string]audit.Condition{}
	for _, c := range r.Conditions {
		of[c.ID] = c
	}
	for _, s := range r.Scores {
		if c := of[s.Condition]; c.Regime == audit.RegimeAnchor && c.Target(s.Value) == 0 {
			crossed++
		}
	}
	// Two values by the targets 2, 1 and −2 that pairs ask for, and three queries.
	if crossed != 2*3*3 {
		t.Errorf("%d scores of a value that was not steered by", crossed)
	}
	for _, c := range figures.Compute(*r, nil).Composed {
		if !c.Additive.Known() || len(c.Apart) != 2 || c.Apart[0].N != 3 {
			t.Errorf("%v: additive error %v, %v", c.Asked, c.Additive, c.Why)
		}
	}
	j = job(s.URL, w.VIDB, t.TempDir())
	j.Prompts.Values = values
	if r := ran(t, j); len(r.Scores) != 3*(2+8) { // defaults on both values, eight prompts on one each
		t.Errorf("%d scores without prompts of two values", len(r.Scores))
	}
}
