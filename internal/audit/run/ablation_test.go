package run

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hives/internal/audit"
	"hives/internal/rig/audittest"
	"hives/internal/rig/scripted"
)

// An ablation scores the default answers in all ways, and the main scores are as without it.
func TestAblation(t *testing.T) {
	w := audittest.New(t, power)
	j := job(scripted.New(t, w.Answer).URL, w.VIDB, t.TempDir())
	j.Prompts.Regimes, j.Count = nil, 2
	j.Prompts.Values = []string{power}
	plain := ran(t, j)
	var said bytes.Buffer
	j.Ablate, j.Stdout = true, &said
	r := ran(t, j)
	if !strings.Contains(said.String(), "an ablation of 2 answers says little") {
		t.Errorf("not warned: %s", said.String())
	}
	if fmt.Sprint(plain.Scores) != fmt.Sprint(r.Scores) || len(r.Scores) != 2 {
		t.Error("the scores differ with an ablation")
	}
	if want := 2 * (1 + 11*5); len(r.Ablation) != want {
		t.Errorf("%d rows, want %d", len(r.Ablation), want)
	}
	if !slices.ContainsFunc(r.Ablation, func(a audit.Ablation) bool { return a.K == 6 && a.M == 20 && a.Score.Known() }) {
		t.Error("no reference")
	}
}
