package check

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"runtime"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
)

// Steps repeats the step idle and loaded and writes a Report as JSON. Busy loops on every core are what other work
// on the machine does to XLA's threads: where a race is possible it shows then.
func Steps(ctx context.Context, opt Options, out io.Writer) error {
	e, err := engine.Open(ctx, engine.Options{Kind: engine.Kind(opt.Engine)})
	if err != nil {
		return err
	}
	defer e.Close()
	r := Report{Engine: e.Choice, Hashes: map[string]int{}}
	for name, dtype := range map[string]dtypes.DType{"f32": dtypes.Float32, "bf16": dtypes.BFloat16} {
		step, err := newStep(e.Backend, dtype)
		if err != nil {
			return err
		}
		if err := r.repeat(ctx, step, name, opt.Repeats); err != nil {
			return err
		}
		stop := busy(runtime.NumCPU())
		err = r.repeat(ctx, step, name, opt.Repeats)
		stop()
		if err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(r)
}

// repeat runs the step n times and counts the hashes of its results. The values of the last f32 repeat are kept; if
// the hashes agree, any of them would do.
func (r *Report) repeat(ctx context.Context, step *graph.Exec, name string, n int) error {
	for range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := values(step)
		if err != nil {
			return err
		}
		if name == "f32" {
			r.Values = v
		}
		r.Hashes[name+" "+digest(v)]++
	}
	return nil
}

// values runs the step once on fresh inputs and frees what came back: a thousand repeats must not fill the memory.
func values(step *graph.Exec) ([][]float32, error) {
	out, err := step.Call(inputs()...)
	if err != nil {
		return nil, err
	}
	v := make([][]float32, len(out))
	for i, t := range out {
		v[i] = tensors.MustCopyFlatData[float32](t)
		if err := t.FinalizeAll(); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// digest hashes the bits of all values. Bits and not numbers: −0 and 0 are equal numbers and other bits, and NaN
// would equal nothing.
func digest(values [][]float32) string {
	h := sha256.New()
	var word [4]byte
	for _, v := range values {
		for _, x := range v {
			bits := math.Float32bits(x)
			word = [4]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)}
			h.Write(word[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// busy keeps n cores at work until the returned function is called. The loops get their own share of
// Go's scheduler, so that they contend with the step for cores, as another program would, and not for
// the turn of each call into the plugin.
//
// What goes wrong without GOMAXPROCS: on 2 cores the 2 loops would hold both of Go's processors, and the goroutine
// that calls the plugin would wait for its turn. XLA's threads would then run on an idle machine after all.
func busy(n int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(before + n)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for x := 1.0; ctx.Err() == nil; {
				for range 1 << 12 {
					x = math.Sqrt(x + 1)
				}
			}
		})
	}
	return func() {
		cancel()
		wg.Wait()
		runtime.GOMAXPROCS(before)
	}
}
