package talk

import (
	"context"
	"math"
	"strings"
	"testing"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/rig/talktest"
	"hives/model/folder"
	"hives/model/native"
	"hives/model/transformer"
)

// In bf16 kernels of ours compute where they can: answers are scored as in float32 but for rounding, whatever B is, and
// an adapter's answers come from a second copy of the same weights.
func TestKernelsAnswerInBF16(t *testing.T) {
	base, ctx := talktest.Dir(t), context.Background()
	cfg, err := folder.Config(base)
	if err != nil {
		t.Fatal(err)
	}
	if !native.Fits(cfg) {
		t.Skip("this processor has no kernels")
	}
	in := func(precision string, rows int) *Model {
		m, err := Open(ctx, base, Options{Engine: engine.Options{Kind: engine.Go}, Rows: rows, Precision: precision})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		return m
	}
	exact, one, four := in("f32", 2), in("bf16", 1), in("bf16", 4)
	if by := one.Identity().Engine; by != native.Name || !strings.Contains(one.Describe(), native.Name) ||
		exact.Identity().Engine == by {
		t.Errorf("computed by %q: %s", by, one.Describe())
	}
	sum, err := folder.WeightsSHA256(base)
	if err != nil {
		t.Fatal(err)
	}
	messages := ask("Is it right to share?", llm.Sampling{}).Messages
	plain := llm.ScoreRequest{Messages: messages, Options: []string{"yes", "not at all", "no"}}
	adapted := plain
	adapted.Adapter = adapterOf(t, base, sum, 3)
	all := []llm.ScoreRequest{plain, adapted, plain}
	score := func(m *Model) []llm.Scores {
		s, err := m.Score(ctx, all)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want, alone, together := score(exact), score(one), score(four)
	for q := range all {
		for option := range plain.Options {
			got := together[q].Total[option]
			if d := math.Abs(got - want[q].Total[option]); !(d <= .02*math.Abs(want[q].Total[option])) {
				t.Errorf("question %d, option %d: %g, in float32 %g", q, option, got, want[q].Total[option])
			}
			if q != 1 && got != alone[q].Total[option] { // an adapter's come from graphs, whose B is their shape
				t.Errorf("question %d, option %d: %g with 4 rows, %g with 1", q, option, got, alone[q].Total[option])
			}
		}
	}
	if want[0].Total[0] == want[1].Total[0] {
		t.Error("the adapter changes nothing: the check sees nothing")
	}
	// Other weights in the folder since: an adapter would stand beside another model than the one that answers.
	later := in("bf16", 1)
	changed := read(t, base, transformer.WeightsFile)
	changed[len(changed)-3] ^= 1
	talktest.Write(t, base, transformer.WeightsFile, string(changed))
	if _, err := later.Score(ctx, []llm.ScoreRequest{adapted}); fault.Of(err) != fault.Mismatch {
		t.Errorf("weights that were replaced: %v", err)
	}
	if _, err := later.Score(ctx, []llm.ScoreRequest{plain}); err != nil {
		t.Errorf("without the adapter the model in memory answers: %v", err)
	}
}
