package lm_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/model/decoder"
	"hives/model/lm"
	"hives/model/native"
)

// byKernels loads the same weights for kernels.
func byKernels(t *testing.T, m *lm.Model, rows int) *lm.Runner {
	t.Helper()
	if !native.Fits(m.Config) {
		t.Skip("this processor has no kernels")
	}
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	k, err := lm.LoadKernels(dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	r, err := lm.NewRunner(k, lm.Options{Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// asked is what a runner is asked for, and what it gives: logits of prompts and of tokens behind them, scores, means.
type asked struct {
	prompts [][]int32
	follow  []int32
	steers  [][]lm.Steer
}

func (q asked) of(t *testing.T, r *lm.Runner) (all map[string][]float64) {
	t.Helper()
	all = map[string][]float64{}
	add := func(name string, rows [][]float32, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, row := range rows {
			for _, v := range row {
				all[name] = append(all[name], float64(v))
			}
		}
	}
	logits, err := r.Begin(q.prompts, len(q.follow), q.steers)
	add("prompts", logits, err)
	for _, id := range q.follow {
		logits, err := r.Next(slices.Repeat([]int32{id}, len(q.prompts)))
		add("tokens behind them", logits, err)
	}
	var rows [][]int32
	var from []int
	var steers [][]lm.Steer
	for i, prompt := range q.prompts {
		for n := range q.follow {
			rows, from = append(rows, slices.Concat(prompt, q.follow[:n+1])), append(from, len(prompt))
			if q.steers != nil {
				steers = append(steers, q.steers[i])
			}
		}
	}
	scores, err := r.Score(rows, from, steers)
	if err != nil {
		t.Fatal(err)
	}
	all["scores"] = slices.Concat(scores...)
	var spans [][]lm.Span
	for _, prompt := range q.prompts {
		spans = append(spans, []lm.Span{{From: 0, To: len(prompt)}, {From: 1, To: 3}})
	}
	means, err := r.Means(q.prompts, spans)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range means {
		for _, one := range row {
			add("means", append(slices.Clone(one.State), one.Norm), nil)
		}
	}
	return all
}

// off is the difference of two lists, of the size of the second.
func off(a, b []float64) float64 {
	var difference, size float64
	for i := range b {
		difference, size = difference+(a[i]-b[i])*(a[i]-b[i]), size+b[i]*b[i]
	}
	return math.Sqrt(difference / size)
}

// TestKernelsHoldToTheGraph: for every family, with a head of its own and a tied one, with steering and without,
// kernels give what the graph gives in float32, but for rounding to bfloat16.
func TestKernelsHoldToTheGraph(t *testing.T) {
	const near = .04
	for _, family := range decoder.Families() {
		for _, tied := range []bool{false, true} {
			m := tinyOf(t, family, tied)
			graph, kernels := runner(t, goEngine(t), m, 3), byKernels(t, m, 3)
			draw := rand.New(rand.NewPCG(3, 3))
			vector := make([]float32, m.Config.HiddenSize)
			for i := range vector {
				vector[i] = float32(draw.NormFloat64())
			}
			q := asked{prompts: [][]int32{prompt(draw, 9), prompt(draw, 30), prompt(draw, 17)}, follow: prompt(draw, 4)}
			steered := q
			steered.steers = [][]lm.Steer{{{Layer: 0, Vector: vector, Coefficient: 2, Positions: lm.Response}}, nil,
				{{Layer: 1, Vector: vector, Coefficient: -1, Positions: lm.Prompt},
					{Layer: 0, Vector: vector, Coefficient: 1, Positions: lm.All}}}
			plain := q.of(t, graph)
			for name, ask := range map[string]asked{"plain": q, "steered": steered} {
				want := ask.of(t, graph)
				for what, got := range ask.of(t, kernels) {
					if d := off(got, want[what]); !(d <= near) {
						t.Errorf("%s, tied %v, %s: %s are off by %.3f", family, tied, name, what, d)
					}
					// Negative control: what steering changes is more than what is forgiven.
					if d := off(plain[what], want[what]); name == "steered" && what != "means" && d < 2*near {
						t.Errorf("%s, tied %v: steering changes %s by %.3f: the check sees nothing", family, tied, what, d)
					}
				}
			}
		}
	}
}

// TestKernelsDoNotSeeCompany: numbers of a row are the same bits alone and in any batch, whatever its bucket.
func TestKernelsDoNotSeeCompany(t *testing.T) {
	m := tiny(t, decoder.Qwen3)
	one, three := byKernels(t, m, 1), byKernels(t, m, 3)
	draw := rand.New(rand.NewPCG(4, 4))
	q := asked{prompts: [][]int32{prompt(draw, 9), prompt(draw, 31), prompt(draw, 17)}, follow: prompt(draw, 3)}
	together := q.of(t, three)
	alone := map[string][]float64{}
	for _, row := range q.prompts {
		for what, got := range (asked{[][]int32{row}, q.follow, nil}).of(t, one) {
			alone[what] = append(alone[what], got...)
		}
	}
	// Tokens behind come step by step: of three rows step 1, then step 2, and of a row alone all its steps.
	behind, width := together["tokens behind them"], m.Config.VocabSize
	together["tokens behind them"] = nil
	for row := range q.prompts {
		for step := range q.follow {
			at := (step*len(q.prompts) + row) * width
			together["tokens behind them"] = append(together["tokens behind them"], behind[at:at+width]...)
		}
	}
	for what := range alone {
		if !slices.Equal(alone[what], together[what]) {
			t.Errorf("%s have other bits in company", what)
		}
	}
	// A score is what the logits say.
	var written []float64
	for row := range q.prompts {
		for n := range q.follow {
			for k, id := range q.follow[:n+1] {
				logits := together["prompts"][row*width:][:width]
				if k > 0 {
					logits = together["tokens behind them"][(row*len(q.follow)+k-1)*width:][:width]
				}
				total := 0.0
				for _, v := range logits {
					total += math.Exp(v)
				}
				written = append(written, logits[id]-math.Log(total))
			}
		}
	}
	for i, got := range together["scores"] {
		if math.Abs(got-written[i]) > 1e-5 {
			t.Errorf("score %d is %g, its logits say %g", i, got, written[i])
		}
	}
}
