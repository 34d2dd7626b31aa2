package steer

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"hives/internal/cli"
	"hives/internal/llm"
)

// controls are all pushes that are reported: none, then each thing with both signs. All vectors have the length of the
// value's own.
//
//	vector              what is claimed
//	shuffled sides      the same answers, without the value: what is left is how answers differ
//	another value's     a vector that was made as this one, for something else
//	random 1 … 10       any direction of that length: what a blow does
//	instruction         what words do, to know how much could be had
//
// Length matters: twice a vector does about twice as much, whatever it is. So all have the same.
func (s *sweep) controls(layer int, c float64) []push {
	own := s.v.Response[layer]
	out := []push{{key: "none"}}
	both := func(name string, v []float32) {
		out = append(out, towards(name+"+", layer, v, c), towards(name+"-", layer, v, -c))
	}
	both(vectorName, own)
	both(shuffledName, scaled(s.v.Shuffled[layer], norm(own)))
	if s.other != nil {
		both("vector of "+s.other.About[valueKey], scaled(s.other.Response[layer], norm(own)))
	}
	for n := range s.Random {
		both(fmt.Sprintf("%s %d", randomName, n+1), random(len(own), norm(own), s.Seed, n))
	}
	return append(out,
		push{key: promptName + "+", system: s.trait.Instruction(For, 0)}, push{key: promptName + "-",
			system: s.trait.Instruction(Against, 0)})
}

// texts has the model write under none, the vector, a random one and the instruction, and reads what it wrote.
// One random vector stands for ten here: writing takes a pass a token, scoring one an answer.
func (s *sweep) texts(ctx context.Context, out *Sweep, pushes []push) error {
	s.bar.Close()
	var questions []string
	for _, p := range s.report {
		if !slices.Contains(questions, p.Text) {
			questions = append(questions, p.Text)
		}
	}
	asked := make([]string, s.Answers)
	for n := range asked {
		asked[n] = questions[n%len(questions)]
	}
	chosen := slices.DeleteFunc(slices.Clone(pushes), func(p push) bool {
		name := strings.TrimRight(p.key, "+-")
		return !slices.Contains([]string{"none", vectorName, randomName + " 1", promptName}, name)
	})
	s.bar = cli.NewProgress("texts", "answers", int64(len(chosen)*len(asked)), 0)
	s.bar.Phase("compiling")
	sampling := llm.Sampling{Temperature: 1, Seed: s.Seed, MaxTokens: s.MaxTokens}
	for _, p := range chosen {
		ws, err := write(ctx, s.m, p, asked, sampling, s.j, s.bar)
		if err != nil {
			return err
		}
		t, err := gauge(ctx, s.m, p.key, asked, ws, out.Chosen.Layer, s.v.Response[out.Chosen.Layer])
		if err != nil {
			return err
		}
		out.Texts = append(out.Texts, t)
	}
	return nil
}

// random is a vector of a length into no direction in particular, a function of the seed and its number.
// Normal in each coordinate, so that no direction is preferred; the n-th does not hang on how many there are.
func random(width int, length float64, seed uint64, n int) []float32 {
	draw := rand.New(rand.NewPCG(seed, 1<<32+uint64(n)))
	out := make([]float32, width)
	for k := range out {
		out[k] = float32(draw.NormFloat64())
	}
	return scaled(out, length)
}

// scaled is a vector of another length.
func scaled(v []float32, length float64) []float32 {
	out, factor := make([]float32, len(v)), length/norm(v)
	if math.IsInf(factor, 0) || math.IsNaN(factor) {
		return out // of no length: there is no direction to keep
	}
	for k, x := range v {
		out[k] = float32(float64(x) * factor)
	}
	return out
}
