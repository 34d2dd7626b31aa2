package answers

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"hives/internal/engine"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scriptedlm"
	"hives/internal/rig/talktest"
	"hives/internal/talk"
)

// TestAModelOnThisMachine: writer and judge are one local model. Nobody need agree to pay, an answer that is drawn
// again is another one, and no judgement is unusable, since its three words are compared.
func TestAModelOnThisMachine(t *testing.T) {
	var mu sync.Mutex
	seeds := map[string]map[uint64]bool{} // by words of the request
	m := &scriptedlm.Local{
		Write: func(r llm.Request) llm.Reply {
			mu.Lock()
			defer mu.Unlock()
			words := r.Messages[1].Content
			if seeds[words] == nil {
				seeds[words] = map[uint64]bool{}
			}
			seeds[words][r.Sampling.Seed] = true
			return llm.Reply{Text: fmt.Sprintf("I would, %d times.", r.Sampling.Seed%1000), Finish: llm.FinishStop}
		},
		// It agrees with what is said often, whatever the part.
		Weigh: func(q llm.ScoreRequest, option string) float64 {
			if strings.HasPrefix(option, stands[2]) == (len(q.Messages[1].Content)%3 == 0) {
				return -1
			}
			return -2
		},
	}
	j := job("", t.TempDir(), questions(t, 2, "hedonism"))
	j.Config = Home("here", "here", llm.Local{Batch: 4}, judge.Calibrated)
	j.Config.Opener = m.Opener
	j.Yes, j.Retry, j.Rewrites, j.Near = false, Resample, 2, .1
	build(t, j)
	rows, err := ReadRows(j.Out)
	must(t, err)
	if len(rows) != 2*5 || !m.Closed() {
		t.Errorf("%d rows; the model was closed: %v", len(rows), m.Closed())
	}
	again := 0
	for _, of := range seeds {
		again = max(again, len(of))
	}
	if again != 3 {
		t.Errorf("a request was drawn with %d seeds, three attempts were asked for", again)
	}
	for _, r := range rows {
		if strings.Contains(r.Judgements, "null") {
			t.Errorf("a judgement is missing: %s", r.Judgements)
		}
	}
	q := measure(t, QualityJob{In: j.Out, Config: j.Config, Known: builtin})
	if q.Absolute.Unusable != 0 || q.Absolute.Answers != 10 || q.Relative.Unusable != 2 {
		// It compares levels and writes orders, which here are none.
		t.Errorf("%+v, %+v", q.Absolute, q.Relative)
	}
}

// TestAnEngineBuilds goes the whole way with a real engine and a tiny random model, whose answers are letters without
// sense: they are written, judged, rewritten and exported.
func TestAnEngineBuilds(t *testing.T) {
	dir := talktest.DirOf(t, 2048)
	j := job("", t.TempDir(), questions(t, 1, "hedonism"))
	j.Config = Home(dir, dir, llm.Local{Batch: 8, Engine: string(engine.Go)}, judge.ByTotal)
	j.Config.Opener, j.Config.Voters[0].MaxTokens = talk.Provide, 12
	j.Levels, j.Roles, j.Rewrites = []Level{2}, 1, 1
	build(t, j)
	rows, err := ReadRows(j.Out)
	must(t, err)
	if len(rows) != 1 || strings.Contains(rows[0].Judgements, "null") {
		t.Fatalf("%+v; failures: %s", rows, read(t, j.Out, FailedFile))
	}
	e := DefaultExport()
	e.In, e.Levels, e.Split.Fractions = j.Out, []Level{2}, [3]float64{1, 0, 0}
	if out, _ := export(t, e); len(out) != 1 || out[0].Messages[1].Content != rows[0].Answer {
		t.Errorf("exported %+v", out)
	}
}
