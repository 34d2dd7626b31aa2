package trainer_test

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/trainer/step"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/trainer"
	"hives/losses"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// needDevices skips a test where the engine has fewer devices.
func needDevices(t *testing.T, n int) {
	t.Helper()
	if has := engine.OpenForTest(t).Backend.NumDevices(); has < n {
		t.Skipf("the engine has %d devices, this needs %d", has, n)
	}
}

// TestSeveralDevicesAgreeWithOne trains the toy on 2 and on 4 devices and holds losses, norms and weights to
// those of one. TestWaysOfComputingAgree has the control: a contrast that each device took on its own rows
// would be another loss, and far from it.
func TestSeveralDevicesAgreeWithOne(t *testing.T) {
	needDevices(t, 4)
	want := devicesRun(t, 1, 1, false)
	for _, c := range []struct {
		name           string
		devices, packs int
		recompute      bool
	}{
		{"two", 2, 1, false},
		{"four, recomputed", 4, 1, true},
		{"two, two packs", 2, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := devicesRun(t, c.devices, c.packs, c.recompute)
			for i, w := range want.steps {
				g := got.steps[i]
				if math.Abs(g.Loss-w.Loss) > 1e-5 || math.Abs(g.GradNorm-w.GradNorm) > 1e-5*w.GradNorm {
					t.Errorf("step %d: %+v, on one device %+v", i, g, w)
				}
			}
			if d := furthest(got.weights, want.weights); !(d < 2e-5) {
				t.Errorf("weights differ by %g after %d steps", d, len(want.steps))
			}
		})
	}
}

// devicesRun trains three steps of Stage 1 with the toy cut to one layer: half as much to compile.
func devicesRun(t *testing.T, devices, packs int, recompute bool) *toyOutcome {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig(bytes.Replace(toy, []byte(`"num_hidden_layers": 2`),
		[]byte(`"num_hidden_layers": 1`), 1))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 11)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStepper(engine.OpenForTest(t).Backend, m, stepOptions{
		Hierarchical: losses.DefaultStage2().Hierarchical, Arithmetic: transformer.F32, Pooling: transformer.LastToken,
		Options: step.Options{Optimizer: trainer.Optimizer(false), Recompute: recompute, Devices: devices},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	defer s.Close()
	b, out := toyBatch(t, packs, nil), &toyOutcome{}
	b.Anchors = nil
	for step := range 3 {
		r, err := s.Step(b, step, 1e-3, 1)
		if err != nil {
			t.Fatal(err)
		}
		out.steps = append(out.steps, r)
	}
	out.weights = weights(t, m)
	return out
}

// TestResumeOnTwoDevicesEndsWithTheSameBits stops a run on two devices between its saves. The run that is left
// alone validates on the way, so that also shows that gathering the weights for it leaves them as they are.
func TestResumeOnTwoDevicesEndsWithTheSameBits(t *testing.T) {
	needDevices(t, 2)
	cfg := tinyRun(t, 7)
	cfg.Memory.Devices, cfg.Memory.Packing = 2, trainer.Padded // one shape to compile
	whole, stopped := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "stopped")
	if _, err := runIn(context.Background(), t, cfg, whole, false, false, &recorder{}); err != nil {
		t.Fatal(err)
	}
	cfg.Log.ValidationRows = 0
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := runIn(ctx, t, cfg, stopped, false, false, &recorder{stopAt: 5,
		stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	r := &recorder{}
	if _, err := runIn(context.Background(), t, cfg, stopped, true, false, r); err != nil {
		t.Fatal(err)
	}
	if !r.said("going on after step 5 of 7") {
		t.Errorf("the run began anew: %q", r.notes)
	}
	if !bytes.Equal(finalWeights(t, whole), finalWeights(t, stopped)) {
		t.Error("the resumed run's weights differ from the uninterrupted run's")
	}
}

// TestMoreDevicesThanThereAre is refused with both numbers, on an engine of one device too.
func TestMoreDevicesThanThereAre(t *testing.T) {
	cfg := tinyRun(t, 1)
	cfg.Memory.Devices = 1 << 10
	_, err := runIn(context.Background(), t, cfg, filepath.Join(t.TempDir(), "run"), false, false, &recorder{})
	if fault.ExitCode(err) != fault.ExitUsage || !strings.Contains(err.Error(), "devices 1024: the engine has") {
		t.Errorf("1024 devices: %v", err)
	}
}

// TestKeptStatesOnTwoDevices deals the rows of states out as it does those of ids. The Go engine, which has one
// device, fills the cache and is what is compared with.
func TestKeptStatesOnTwoDevices(t *testing.T) {
	needDevices(t, 2)
	cfg := frozenRun(t, tinyRun(t, 2), qwen3embed.Qwen3)
	cfg.Memory.Packing, cfg.Log.ValidationRows = trainer.Padded, 0 // one shape to compile
	var ends [2]map[string][]byte
	for i, on := range []*engine.Engine{goEngine(t), nil} {
		out := filepath.Join(t.TempDir(), "run")
		cfg.Memory.Devices = i + 1
		if _, err := runIn(context.Background(), t, cfg, out, false, false, &recorder{engine: on}); err != nil {
			t.Fatal(err)
		}
		ends[i] = finalTensors(t, out)
	}
	for name, one := range ends[0] {
		for i := range len(one) / 4 {
			if d := math.Abs(float64(float32At(one, i) - float32At(ends[1][name], i))); !(d < 1e-4) {
				t.Fatalf("%s[%d] is %g on one device, %g off on two", name, i, float32At(one, i), d)
			}
		}
	}
}
