package loop_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/runstore"
	"hives/internal/trainer/loop"
)

// watcher notes what a run says and may stop it after a step.
type watcher struct {
	notes  []string
	stopAt int
	stop   func()
	lines  []*loop.StepLine
	saved  []loop.Saved
}

func (w *watcher) Note(line string)             { w.notes = append(w.notes, line) }
func (w *watcher) Validated(v *loop.Validation) { w.Note(v.Says) }
func (w *watcher) Saved(s loop.Saved)           { w.saved = append(w.saved, s) }
func (w *watcher) Step(done, _ int, line *loop.StepLine) {
	w.lines = append(w.lines, line)
	if done == w.stopAt {
		w.stop()
	}
}

// fitRun is a short run of the second task.
func fitRun(change func(*loop.Settings)) loop.Settings {
	s := loop.Settings{
		Stage: 3, Seed: 5, Steps: 12,
		Optimizer: loop.OptimizerConfig{LearningRate: .1, Schedule: "linear", WarmupFraction: .1, Beta1: .9, Beta2: .999,
			Epsilon: 1e-8, MaxGradNorm: 1},
		Memory: loop.MemoryConfig{Packs: 1, Moments: "f32", Devices: 1},
		Log:    loop.LogConfig{Every: 1, ValidateEvery: 4, CheckpointEvery: 3, KeepCheckpoints: 2, Best: "distance"},
	}
	if change != nil {
		change(&s)
	}
	return s
}

func onGo(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// train takes a run of the second task to its end, or to where w stops it.
func train(t *testing.T, s loop.Settings, out string, w *watcher) (*fit, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.stop = cancel
	task, err := newFit(s.Seed, s.Memory.Packs)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runstore.Open(out)
	fresh := fault.Of(err) == fault.NotFound
	if fresh {
		run, err = runstore.Create(out, []byte("task = 'fit'\n"), runstore.Info{Stage: s.Stage})
	}
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	_, err = loop.Train(ctx, s, task, run, fresh, loop.Options{Out: out, Engine: onGo(t), Observer: w})
	return task, err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contentOf(t *testing.T, names ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(names...))
	must(t, err)
	return regexp.MustCompile(`"tokens_per_second":[^,}]*`).ReplaceAllString(string(raw), "")
}

// TestASecondTask takes a line fitted to points through the loop: stopped twice and resumed, over a damaged checkpoint,
// it ends as a run that was left alone, and a step taken again agrees with the log. Nothing of the loop knows the task.
func TestASecondTask(t *testing.T) {
	s, whole, out := fitRun(nil), filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "stopped")
	left := &watcher{}
	_, err := train(t, s, whole, left)
	must(t, err)
	for _, at := range []int{2, 8} {
		if _, err := train(t, s, out, &watcher{stopAt: at}); fault.ExitCode(err) != fault.ExitInterrupted {
			t.Fatalf("stopped at %d: %v", at, err)
		}
	}
	must(t, os.Truncate(filepath.Join(out, "checkpoints", "step-000000008", "state.safetensors"), 40))
	resumed := &watcher{}
	task, err := train(t, s, out, resumed)
	must(t, err)
	if !strings.Contains(strings.Join(resumed.notes, "\n"), "going on after step 6 of 12") || !task.offered {
		t.Errorf("%q, closed %v", resumed.notes, task.offered)
	}
	for _, file := range []string{"final/line.json", "metrics.jsonl"} {
		if a, b := contentOf(t, whole, file), contentOf(t, out, file); a != b {
			t.Errorf("%s of the run left alone\n%s\nof the resumed one\n%s", file, a, b)
		}
	}
	last := left.lines[len(left.lines)-1]
	if sum := float64(last.Terms["squared"]) + .1*float64(last.Terms["absolute"]); math.Abs(sum-last.Loss) > 1e-6 ||
		last.More["points"] != points {
		t.Errorf("%+v: the terms make %g", last, sum)
	}
	info, err := runstore.Read(out)
	must(t, err)
	if info.Best == nil || info.Best.Metric != "distance" || info.Best.Step == 0 || info.Status != runstore.Finished {
		t.Errorf("%+v", info)
	}
	replays(t, s, out, info.Hashes)
}

// replays takes steps of a run again, on the run's own points and, as the control, on others.
func replays(t *testing.T, s loop.Settings, out string, stored map[string]string) {
	t.Helper()
	o := loop.Options{Out: out, Engine: onGo(t), Observer: &watcher{}}
	again := func(seed uint64, step int) (*loop.Replay, error) {
		task, err := newFit(seed, 1)
		must(t, err)
		return loop.ReplayStep(context.Background(), s, task, o, stored, step)
	}
	for _, step := range []int{1, 8, 11, 12} {
		r, err := again(s.Seed, step)
		must(t, err)
		if r.Logged == nil || !r.Agrees() || len(r.Gradients) != 2 || r.Rows[0].Row != (step-1)*points+1 ||
			r.Terms["squared"] == 0 {
			t.Errorf("step %d: %+v, logged %+v", step, r, r.Logged)
		}
	}
	if _, err := again(s.Seed+1, 8); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "data") {
		t.Errorf("other points: %v", err)
	}
	o.AllowChanged = true
	if r, err := again(s.Seed+1, 8); err != nil || r.Agrees() {
		t.Errorf("other points, allowed: %+v, %v", r, err)
	}
}

// TestTaskRefusesACheckpoint: what does not belong together is not put together, and the folder stays as it is.
func TestTaskRefusesACheckpoint(t *testing.T) {
	s, out := fitRun(nil), filepath.Join(t.TempDir(), "run")
	if _, err := train(t, s, out, &watcher{stopAt: 4}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	before := contentOf(t, out, "metrics.jsonl")
	task, err := newFit(s.Seed, 1)
	must(t, err)
	task.refuse = true
	run, err := runstore.Open(out)
	must(t, err)
	defer run.Close()
	_, err = loop.Train(context.Background(), s, task, run, false, loop.Options{Out: out, Engine: onGo(t),
		Observer: &watcher{}})
	if fault.Of(err) != fault.Mismatch || contentOf(t, out, "metrics.jsonl") != before || !task.offered {
		t.Errorf("%v", err)
	}
}

// TestWaysOfSavingMemoryAreTheLoopsOwn: a task that knows nothing of them is trained in micro-batches, with a split
// update and under a loss scale, and ends at the same line but for rounding; moments of bf16 end near it.
func TestWaysOfSavingMemoryAreTheLoopsOwn(t *testing.T) {
	lineOf := func(change func(*loop.Settings)) []float32 {
		task, err := train(t, fitRun(change), filepath.Join(t.TempDir(), "run"), &watcher{})
		must(t, err)
		line, err := task.weights()
		must(t, err)
		return line
	}
	want := lineOf(nil)
	if twin := twinLine(fitRun(nil)); far(want, twin) > 1e-5 {
		t.Errorf("the line is %v, in float64 by nested loops %v", want, twin)
	}
	for name, c := range map[string]struct {
		within float64
		change func(*loop.Settings)
	}{
		"micro-batches": {1e-5, func(s *loop.Settings) { s.Memory.Packs = 4 }},
		"split update":  {1e-5, func(s *loop.Settings) { s.Memory.SplitUpdate = true }},
		"both, and a loss scale": {1e-5, func(s *loop.Settings) {
			s.Memory.Packs, s.Memory.SplitUpdate, s.LossScaling = 2, true, true
		}},
		"moments of bf16":             {3e-2, func(s *loop.Settings) { s.Memory.Moments = "bf16" }},
		"the control: another rate":   {-1, func(s *loop.Settings) { s.Optimizer.LearningRate = .2 }},
		"the control: without a clip": {-1, func(s *loop.Settings) { s.Optimizer.MaxGradNorm = 0 }},
	} {
		if d := far(lineOf(c.change), want); c.within > 0 && d > c.within || c.within < 0 && d < 1e-3 {
			t.Errorf("%s: the line differs by %g", name, d)
		}
	}
}

func far[F float32 | float64](a []float32, b []F) (d float64) {
	for i := range a {
		d = math.Max(d, math.Abs(float64(a[i])-float64(b[i])))
	}
	return d
}

// twinLine is the run in float64 from the formulas: gradients, clip, AdamW, schedule.
func twinLine(s loop.Settings) []float64 {
	p, m, v := make([]float64, 4), make([]float64, 4), make([]float64, 4)
	for t := range s.Steps {
		f := &fit{seed: s.Seed}
		x, y := f.draw(t)
		g := make([]float64, 4)
		for n := range y {
			in := []float64{float64(x[n][0]), float64(x[n][1]), float64(x[n][2]), 1}
			e := -float64(y[n])
			for i := range in {
				e += p[i] * in[i]
			}
			for i := range in {
				g[i] += (2*e + .1*math.Copysign(1, e)) * in[i] / points
			}
		}
		norm := math.Sqrt(g[0]*g[0] + g[1]*g[1] + g[2]*g[2] + g[3]*g[3])
		clip := math.Min(1, s.Optimizer.MaxGradNorm/(norm+1e-6))
		warm := math.Ceil(s.Optimizer.WarmupFraction * float64(s.Steps))
		rate := s.Optimizer.LearningRate * math.Min(float64(t)/warm, float64(s.Steps-t)/(float64(s.Steps)-warm))
		for i := range p {
			m[i] = .9*m[i] + .1*clip*g[i]
			v[i] = .999*v[i] + .001*clip*clip*g[i]*g[i]
			p[i] -= rate * m[i] / (1 - math.Pow(.9, float64(t+1))) / (math.Sqrt(v[i]/(1-math.Pow(.999, float64(t+1)))) + 1e-8)
		}
	}
	return p
}

// TestDryRunOfASecondTask counts its numbers and writes nothing.
func TestDryRunOfASecondTask(t *testing.T) {
	read := func(context.Context) (loop.Inputs, error) { return newFit(1, 1) }
	p, err := loop.DryRun(context.Background(), fitRun(nil), loop.Options{Engine: onGo(t), Observer: &watcher{}}, read)
	must(t, err)
	if p.Parameters != features+1 || p.Memory.Weights != 4*(features+1) || p.Memory.Activations != 0 ||
		p.Computed != points || p.StepsPerSecond <= 0 {
		t.Errorf("%+v", p)
	}
}

// TestCheckpointHoldsWhatTheFutureIsMadeOf: trained, their moments, and what is kept; no sums of gradients.
func TestCheckpointHoldsWhatTheFutureIsMadeOf(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	task, err := train(t, fitRun(func(s *loop.Settings) { s.Memory.Packs = 2 }), out, &watcher{})
	must(t, err)
	source, err := task.params.Source()
	must(t, err)
	var names []string
	for _, info := range source.Infos {
		names = append(names, info.Name)
	}
	want := []string{"/fit/b", "/fit/seen", "/fit/w", "/optimizer/m/fit/b", "/optimizer/m/fit/w", "/optimizer/v/fit/b",
		"/optimizer/v/fit/w"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}
