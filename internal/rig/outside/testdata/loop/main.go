// Command loop trains a linear map over frozen vectors with the hierarchical loss, in a module of its own.
package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/checkpoints"
	"hives/data"
	"hives/data/theories"
	"hives/losses"
	"hives/samplers"
)

const width, kept, steps, rate = 12, 4, 60, .05

func main() {
	rows, vectors := corpus(160)
	labels := data.NewLabels(rows, theories.Builtin())
	cfg := samplers.DefaultIntraTheory()
	cfg.BatchSize, cfg.Seed = 32, 7
	sampler := must(samplers.NewIntraTheory(labels, cfg))

	loss := losses.DefaultHierarchical()
	step := must(NewExec(must(gobackend.New("")), func(in []*Node) []*Node {
		w, x := in[0], in[1] // [width, kept], [B, width]
		own := losses.Labels{Theory: in[2], Levels: in[3], Direction: in[4]}
		l := losses.Hierarchical(loss, Einsum("bi,io->bo", x, w), own).Loss
		return []*Node{l, Sub(w, MulScalar(Gradient(l, w)[0], rate))}
	}))
	rng := rand.New(rand.NewPCG(1, 2))
	w := tensors.FromFlatDataAndDimensions(draw(rng, width*kept), width, kept)
	mean := 0.0
	for at := range steps {
		batch := sampler.Batch(at) // a function of (seed, step)
		var x [][]float32
		var theory, direction []int32
		var levels [][]int32
		for _, row := range batch.Rows {
			x = append(x, vectors[row])
			theory, direction = append(theory, labels.Theory[row]), append(direction, labels.Direction[row])
			levels = append(levels, labels.Levels[row][:])
		}
		out := must(step.Call(w, x, theory, levels, direction))
		w, mean = out[1], mean+float64(tensors.MustCopyFlatData[float32](out[0])[0])/10
		if at%10 == 9 {
			fmt.Printf("steps %d to %d: mean loss %.2f\n", at-8, at+1, mean)
			mean = 0
		}
	}
	state := checkpoints.Tensor{Name: "w", DType: "F32", Shape: []int{width, kept}, Data: bytesOf(w)}
	meta := checkpoints.Meta{Step: steps, SamplerStep: steps, Seed: cfg.Seed}
	path := must(checkpoints.Save(os.Args[1], meta, checkpoints.InMemory([]checkpoints.Tensor{state})))
	c := must(checkpoints.Load(path))
	defer c.Close()
	fmt.Println("saved", c.Tensors.Names(), "of step", c.Meta.Step)
}

// corpus stands for rows that data.Read gives and vectors of an encoder: four values, a centre each, and much noise.
func corpus(n int) (rows []data.Row, vectors [][]float32) {
	rng := rand.New(rand.NewPCG(3, 4))
	names := []string{"care/harm", "fairness/cheating", "loyalty/betrayal", "authority/subversion"}
	for i := range n {
		x := draw(rng, width)
		x[i%len(names)] += 3
		vectors = append(vectors, x)
		rows = append(rows, data.Row{Text: fmt.Sprint("text ", i), TextID: fmt.Sprint(i), Group: fmt.Sprint(i), Corpus: "own",
			Theory: "mft", Level1: names[i%len(names)], Direction: 1, DirectionSource: "annotator"})
	}
	return rows, vectors
}

func draw(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func bytesOf(w *tensors.Tensor) (raw []byte) {
	for _, x := range tensors.MustCopyFlatData[float32](w) {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return raw
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
