//go:build goexperiment.simd && amd64

// Command int8 measures what 8-bit integers would gain for few tokens: the products of layers of
// Qwen3-Embedding-0.6B's shape, by kernels in Go's assembler and by the engine, in turns on one thread. It is a
// measurement, not a part of HiVES; docs/decisions/int8.md says what it was for.
//
//	GOEXPERIMENT=simd go run ./bench/int8 [--layers 12] [--rounds 7] [--ways "kernel int8,engine bf16"]
//
// It prints processor milliseconds of a pass, the best and the median of the rounds, and the least cosine of a token's
// result to float32's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"simd/archsimd"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"
	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"hives/internal/engine"
)

// truth is the way that all others' results are held to.
const truth = "engine f32"

// way is one of the roads that are compared.
type way struct {
	name string
	run  pass

	result []float32
	times  []float64 // processor seconds
}

func main() {
	layers := flag.Int("layers", 12, "layers; their int8 weights are 16 MB each and must not fit a cache")
	rounds := flag.Int("rounds", 7, "timed rounds")
	only := flag.String("ways", "", "the ways to measure, with commas between; all unless told otherwise")
	flag.Parse()
	if err := run(*layers, *rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "int8:", err)
		os.Exit(1)
	}
}

func run(layers, rounds int, only string) error {
	if layers < 1 || rounds < 1 {
		return fmt.Errorf("%d layers, %d rounds: give 1 or more", layers, rounds)
	}
	if !cpu.X86.HasAVX512VNNI || !cpu.X86.HasAVX512BF16 {
		return errors.New("this processor has no AVX512_VNNI or no AVX512_BF16")
	}
	runtime.GOMAXPROCS(1)
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.CPU, Threads: 1})
	if err != nil {
		return err
	}
	defer e.Close()
	fmt.Println(e.Choice)
	ways, int8s, err := prepare(e, layers)
	if err != nil {
		return err
	}
	if ways, err = chosen(ways, only); err != nil {
		return err
	}
	for _, n := range []int{1, 4, 16, 64} {
		if err := compare(ways, n, rounds); err != nil {
			return err
		}
		show(ways, n, layers)
		fmt.Printf("reading the int8 weights once: %.1f GB/s\n\n", bandwidth(int8s))
	}
	return nil
}

// chosen are the ways that were asked for, and the truth.
func chosen(ways []*way, only string) ([]*way, error) {
	if only == "" {
		return ways, nil
	}
	wanted := strings.Split(only, ",")
	for _, name := range wanted {
		if !slices.ContainsFunc(ways, func(w *way) bool { return w.name == name }) {
			return nil, fmt.Errorf("no way is called %q", name)
		}
	}
	return slices.DeleteFunc(ways, func(w *way) bool {
		return w.name != truth && !slices.Contains(wanted, w.name)
	}), nil
}

// prepare makes all weights and the ways over them.
func prepare(e *engine.Engine, layers int) (ways []*way, int8s [][]matrix, err error) {
	var bf16s [][]half
	var groups [][]grouped
	s := held{model.NewStore()}
	for l := range layers {
		var a []matrix
		var b []half
		var g []grouped
		for k, d := range products {
			w := weights(l, k)
			a, b = append(a, packInt8(w, d[0], d[1])), append(b, packHalf(w, d[0], d[1]))
			g = append(g, packGroups(w, d[0], d[1]))
			if err := s.keep(l, k, w, a[k].scale); err != nil {
				return nil, nil, err
			}
		}
		int8s, bf16s, groups = append(int8s, a), append(bf16s, b), append(groups, g)
	}
	ways = []*way{
		{name: "kernel int8", run: kernelPass(int8s, (*inputs).int8)},
		{name: "kernel int8 by groups", run: kernelPass(groups, (*groupInputs).fill)},
		{name: "kernel bf16", run: kernelPass(bf16s, fillHalf)},
	}
	for _, in := range []struct {
		name   string
		stream dtypes.DType
		mul    product
	}{
		{"engine bf16", dtypes.BFloat16, s.plain("bf16")},
		{"engine bf16 left", dtypes.BFloat16, s.left("bf16")},
		{truth, dtypes.Float32, s.plain("f32")},
		{"engine f32 left", dtypes.Float32, s.left("f32")},
		{"engine int8 widened", dtypes.BFloat16, s.widened},
		{"engine int8 in int32", dtypes.Float32, s.exact},
	} {
		p, err := enginePass(e.Backend, s.Store, layers, in.stream, in.mul)
		if err != nil {
			return nil, nil, err
		}
		ways = append(ways, &way{name: in.name, run: p})
	}
	return ways, int8s, nil
}

// compare runs all ways in turns, so that other work on the machine meets all alike. The first round compiles.
func compare(ways []*way, n, rounds int) (err error) {
	draw := rand.New(rand.NewPCG(7, 7))
	x := make([]float32, n*hidden)
	for i := range x {
		x[i] = float32(draw.NormFloat64())
	}
	for round := range rounds + 1 {
		for _, w := range ways {
			if round == 0 {
				w.times = nil
			}
			began := processor()
			if w.result, err = w.run(x, n); err != nil {
				return fmt.Errorf("%s, %d tokens: %w", w.name, n, err)
			}
			if round > 0 {
				w.times = append(w.times, processor()-began)
			}
		}
	}
	return nil
}

func show(ways []*way, n, layers int) {
	operations := 0
	for _, d := range products {
		operations += 2 * d[0] * d[1] * n * layers
	}
	exact := ways[slices.IndexFunc(ways, func(w *way) bool { return w.name == truth })].result
	for _, w := range ways {
		slices.Sort(w.times)
		fmt.Printf("%3d tokens  %-22s best %8.2f  median %8.2f ms  %6.1f G/s  cosine %.6f\n", n, w.name,
			w.times[0]*1e3, w.times[len(w.times)/2]*1e3, float64(operations)/w.times[0]/1e9, cosine(w.result, exact, n))
	}
}

// cosine is the least over n tokens.
func cosine(y, exact []float32, n int) float64 {
	least, width := 1.0, len(y)/n
	for t := range n {
		var ab, aa, bb float64
		for i := t * width; i < (t+1)*width; i++ {
			a, b := float64(y[i]), float64(exact[i])
			ab, aa, bb = ab+a*b, aa+a*a, bb+b*b
		}
		least = min(least, ab/math.Sqrt(aa*bb))
	}
	return least
}

// bandwidth reads all weights, 256 bytes at a time, and does nothing else: GB/s, the best of three.
func bandwidth(layers [][]matrix) float64 {
	best := 0.0
	for range 3 {
		began, read := processor(), 0
		var a, b, c, d archsimd.Uint8x64
		for _, ms := range layers {
			for _, m := range ms {
				for i := 0; i < len(m.bytes); i += 256 {
					p := m.bytes[i : i+256]
					a, b = a.Add(archsimd.LoadUint8x64Slice(p)), b.Add(archsimd.LoadUint8x64Slice(p[64:]))
					c, d = c.Add(archsimd.LoadUint8x64Slice(p[128:])), d.Add(archsimd.LoadUint8x64Slice(p[192:]))
				}
				read += len(m.bytes)
			}
		}
		seen = a.Add(b).Add(c).Add(d)
		best = max(best, float64(read)/(processor()-began)/1e9)
	}
	return best
}

// seen keeps the compiler from leaving the reading out.
var seen archsimd.Uint8x64

// processor is seconds of this process on any core.
func processor() float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
