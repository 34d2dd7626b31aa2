package check

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/engine"
	"hives/internal/fault"
)

// StepsCommand is the hidden command of hives engine that runs Steps.
const StepsCommand = "steps"

// tolerance bounds |plugin − Go engine| relative to each tensor's largest entry, f32. Two sound engines add in
// different orders; measured on the pinned CPU plugin: 1.8e-6 (docs/LOG.md). Fifty times that leaves room for other
// machines, and none for operands in bf16, each of which is rounded by up to 2⁻⁹ of itself.
const tolerance = 1e-4

// Options say what to check and how long.
type Options struct {
	Engine  string // as --engine
	Repeats int    // in each process, idle and again loaded
}

// Report is what one process found. Processes talk through standard output, as JSON: the check is of fresh
// processes, and they share nothing else.
type Report struct {
	Engine string         `json:"engine"`
	Hashes map[string]int `json:"hashes"` // "f32 <sha256>" or "bf16 <sha256>" → how often it came
	Values [][]float32    `json:"values"` // f32 loss, then gradients
}

// Launch runs Steps in a fresh process and returns what it printed.
type Launch func(ctx context.Context, opt Options) ([]byte, error)

// Process launches this program again. Its errors go to this program's standard error as they come.
func Process(ctx context.Context, opt Options) ([]byte, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, exe, "engine", StepsCommand, "--engine", opt.Engine, "--repeats",
		fmt.Sprint(opt.Repeats))
	cmd.Stderr = os.Stderr
	return cmd.Output()
}

// Run performs the check in two processes and writes what it found to out.
//
//	process 1   f32 idle, f32 loaded, bf16 idle, bf16 loaded   repeats of each
//	process 2   the same
//	judge       one hash for f32, one for bf16, over all of them
//	compare     the f32 values with those of the Go engine, here
//
// With 200 repeats that are 1,600 steps, which took 86 s beside other work (docs/LOG.md).
func Run(ctx context.Context, opt Options, launch Launch, out io.Writer) error {
	if opt.Repeats < 1 {
		return fault.Usage(fault.New(fault.Invalid, "engine check: repeats must be at least 1, got %d", opt.Repeats))
	}
	hashes := map[string]int{}
	var last Report
	for process := range 2 {
		raw, err := launch(ctx, opt)
		if err != nil {
			return fmt.Errorf("process %d: %w", process+1, err)
		}
		last = Report{}
		if err := json.Unmarshal(raw, &last); err != nil {
			return fmt.Errorf("process %d: read its report: %w", process+1, err)
		}
		for h, n := range last.Hashes {
			hashes[h] += n
		}
	}
	fmt.Fprintln(out, last.Engine)
	if err := judge(hashes, 4*opt.Repeats, out); err != nil {
		return err
	}
	want, err := goValues(ctx)
	if err != nil {
		return err
	}
	return compare(last.Values, want, out)
}

// judge wants one hash for each type, each seen want times. Any second hash is a failure, however rare: training
// relies on a resumed run ending with the same bits.
//
//	f32 d8e4… 800                    "f32: 800 of 800 repeats gave d8e4…": right
//	f32 d8e4… 799, f32 90ab… 1       Mismatch: do not pin this plugin
//	nothing                          Mismatch: no repeat was reported
func judge(hashes map[string]int, want int, out io.Writer) error {
	kinds := map[string]int{}
	for h, n := range hashes {
		kind := h[:len(h)-65] // a space and 64 digits
		kinds[kind]++
		fmt.Fprintf(out, "%s: %d of %d repeats gave %s\n", kind, n, want, h[len(kind)+1:][:12])
	}
	for kind, n := range kinds {
		if n != 1 {
			return fault.New(fault.Mismatch, "%s: %d repeats of one step gave %d different results: do not pin "+
				"this plugin", kind, want, n)
		}
	}
	if len(kinds) == 0 {
		return fault.New(fault.Mismatch, "engine check: no repeat was reported")
	}
	return nil
}

// goValues runs the f32 step on the Go engine.
// It opens a second engine in this process; that of the check lives in the two others.
func goValues(ctx context.Context) ([][]float32, error) {
	e, err := engine.Open(ctx, engine.Options{Kind: engine.Go})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	step, err := newStep(e.Backend, dtypes.Float32)
	if err != nil {
		return nil, err
	}
	return values(step)
}

// compare holds a plugin's f32 values against the Go engine's, tensor by tensor: the loss, then 13 gradients. The
// comparison is written as "not at most", so that NaN fails. bf16 is not compared: it is only held to its own bits.
func compare(got, want [][]float32, out io.Writer) error {
	if len(got) != len(want) {
		return fault.New(fault.Mismatch, "%d tensors, the Go engine has %d", len(got), len(want))
	}
	worst := 0.0
	for i := range want {
		d := distance(got[i], want[i])
		if !(d <= tolerance) {
			return fault.New(fault.Mismatch, "tensor %d is off by %.2g of its largest entry from the Go engine, "+
				"allowed %g: do not pin this plugin", i, d, tolerance)
		}
		worst = max(worst, d)
	}
	_, err := fmt.Fprintf(out, "values: within %.1e of the Go engine (allowed %.0e)\n", worst, tolerance)
	return err
}

// distance is the largest difference relative to b's largest entry; NaN for unlike lengths.
//
//	a [1, 2.0001], b [1, 2]     .0001 / 2 = 5e-5
//	a [0, 0],      b [0, 0]     0: nothing to divide by, and nothing wrong
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	worst, scale := 0.0, 0.0
	for i := range b {
		worst = max(worst, math.Abs(float64(a[i])-float64(b[i])))
		scale = max(scale, math.Abs(float64(b[i])))
	}
	if worst == 0 {
		return 0
	}
	return worst / scale
}
