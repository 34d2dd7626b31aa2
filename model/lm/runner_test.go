package lm_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hives/internal/engine"
	"hives/model/decoder"
	"hives/model/lm"
	"hives/model/native"
	"hives/model/transformer"
)

// tiny is a random model of two layers, with a head of its own.
func tiny(t *testing.T, family string) *lm.Model { return tinyOf(t, family, false) }

func tinyOf(t *testing.T, family string, tied bool) *lm.Model {
	t.Helper()
	cfg := &decoder.Config{
		VocabSize: 61, HiddenSize: 24, IntermediateSize: 40, NumLayers: 2, NumHeads: 4, NumKVHeads: 2, HeadDim: 8,
		RMSNormEps: 1e-6,
		RopeTheta:  1e4, InitializerRange: .3, MaxPositions: 300, DType: "float32", ModelType: family, Head: true,
		Tied: tied,
	}
	w, err := transformer.Random(cfg, 5)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return &lm.Model{Weights: w, Config: cfg}
}

func runner(t *testing.T, on *engine.Engine, m *lm.Model, rows int) *lm.Runner {
	t.Helper()
	r, err := lm.NewRunner(m, lm.Options{Backend: on.Backend, Arith: transformer.F32, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func prompt(random *rand.Rand, n int) (ids []int32) {
	for range n {
		ids = append(ids, int32(random.IntN(61)))
	}
	return ids
}

// Invariant of the package: a row's logits are the same bits alone, in every place, among shorter and among longer
// rows, and behind batches of other lengths. The control changes a token of the row itself.
func TestCompany(t *testing.T) {
	for _, on := range []*engine.Engine{goEngine(t), engine.OpenForTest(t)} {
		r := runner(t, on, tiny(t, decoder.Qwen2), 3)
		random := rand.New(rand.NewPCG(1, 1))
		row := prompt(random, 9)
		follow := prompt(random, 3)
		run := func(batch [][]int32, place int) (all []float32) {
			logits, err := r.Begin(batch, len(follow), nil)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, logits[place]...)
			for _, id := range follow {
				next := make([]int32, len(batch))
				for at := range next {
					next[at] = int32(random.IntN(61))
				}
				next[place] = id
				if logits, err = r.Next(next); err != nil {
					t.Fatal(err)
				}
				all = append(all, logits[place]...)
			}
			return all
		}
		want := run([][]int32{row}, 0)
		for name, c := range map[string]struct {
			batch [][]int32
			place int
		}{
			"last of three":     {[][]int32{prompt(random, 32), prompt(random, 1), row}, 2},
			"among longer ones": {[][]int32{prompt(random, 31), row, prompt(random, 20)}, 1},
			"again alone":       {[][]int32{row}, 0},
		} {
			if got := run(c.batch, c.place); !slices.Equal(got, want) {
				t.Errorf("%s, %s: other bits", on.Name, name)
			}
		}
		run([][]int32{prompt(random, 40)}, 0) // another bucket, and another cache
		if got := run([][]int32{row}, 0); !slices.Equal(got, want) {
			t.Errorf("%s: other bits behind a longer batch", on.Name)
		}
		changed := slices.Clone(row)
		changed[0] = (changed[0] + 1) % 61
		if got := run([][]int32{changed}, 0); slices.Equal(got, want) {
			t.Errorf("%s: another first token changes nothing", on.Name)
		}
	}
}

// What is scored and what is generated agree: the log-probability of the best token is that of the softmax of its
// logits.
func TestScoresAreThoseOfTheLogits(t *testing.T) {
	on := goEngine(t)
	for _, family := range decoder.Families() {
		r := runner(t, on, tiny(t, family), 2)
		random := rand.New(rand.NewPCG(2, 2))
		row := prompt(random, 12)
		logits, err := r.Begin([][]int32{row}, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]int32
		var from []int
		for id := range 61 {
			rows, from = append(rows, append(slices.Clone(row), int32(id))), append(from, len(row))
		}
		got, err := r.Score(rows, from, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := logSoftmax(logits[0])
		for id := range want {
			if d := got[id][0] - want[id]; d > 1e-4 || d < -1e-4 {
				t.Errorf("%s, token %d: %v, want %v", family, id, got[id][0], want[id])
			}
		}
	}
}

// Answers that share a prompt share its pass. The dumb twin writes them token by token, each with a prompt of its own,
// and takes the softmax of the logits. A row's numbers are the same bits alone, among other answers to its prompt and
// beside other prompts, in any place; the control changes its prompt.
func TestSharedPromptsScoreAsTheirOwn(t *testing.T) {
	for _, on := range []*engine.Engine{goEngine(t), engine.OpenForTest(t)} {
		r := runner(t, on, tiny(t, decoder.Qwen3), 3)
		random := rand.New(rand.NewPCG(4, 4))
		var rows [][]int32
		var from []int
		for _, long := range []int{9, 31, 20, 40, 12} {
			asked := prompt(random, long)
			for _, n := range []int{1, 3, 4, 7, 3} {
				rows, from = append(rows, slices.Concat(asked, prompt(random, n))), append(from, long)
			}
		}
		got, err := r.Score(rows, from, nil)
		if err != nil {
			t.Fatal(err)
		}
		for row := range rows {
			want := written(t, r, rows[row], from[row])
			for n := range want {
				if d := got[row][n] - want[n]; len(got[row]) != len(want) || d > 1e-4 || d < -1e-4 {
					t.Errorf("%s, row %d, token %d: %v, want %v", on.Name, row, n, got[row][n], want[n])
				}
			}
			alone, err := r.Score(rows[row:row+1], from[row:row+1], nil)
			if err != nil || !slices.Equal(alone[0], got[row]) {
				t.Errorf("%s, row %d: other bits alone: %v, %v and %v", on.Name, row, err, alone, got[row])
			}
		}
		back := slices.Clone(rows)
		slices.Reverse(back)
		slices.Reverse(from)
		turned, err := r.Score(back, from, nil)
		if err != nil {
			t.Fatal(err)
		}
		for row := range rows {
			if !slices.Equal(turned[len(rows)-1-row], got[row]) {
				t.Errorf("%s, row %d: other bits in another order", on.Name, row)
			}
		}
		other := slices.Clone(rows[0])
		other[0] = (other[0] + 1) % 61
		if changed, err := r.Score([][]int32{other}, []int{9}, nil); err != nil || slices.Equal(changed[0], got[0]) {
			t.Errorf("%s: another prompt changes nothing, %v", on.Name, err)
		}
		if _, err := r.Next([]int32{1}); err == nil {
			t.Errorf("%s: a batch goes on in a cache that scoring has used", on.Name)
		}
	}
}

// written is the log-probabilities of a row's answer, token by token.
func written(t *testing.T, r *lm.Runner, row []int32, from int) (out []float64) {
	t.Helper()
	logits, err := r.Begin([][]int32{row[:from]}, len(row)-from, nil)
	for _, id := range row[from:] {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, logSoftmax(logits[0])[id])
		logits, err = r.Next([]int32{id})
	}
	return out
}

// A prompt that ends at the ladder's top has its answers behind it, beyond the last rung.
func TestAnswersBehindTheLongestPrompt(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	asked, answers := prompt(random, 64), [][]int32{prompt(random, 1), prompt(random, 5)}
	m := tiny(t, decoder.Llama)
	numbers := func(r *lm.Runner) (all [][]float64) {
		all, err := r.Score([][]int32{slices.Concat(asked, answers[0]), slices.Concat(asked, answers[1])}, []int{64, 64}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return append(all, written(t, r, slices.Concat(asked, answers[1]), 64))
	}
	runners := []*lm.Runner{runner(t, goEngine(t), m, 2)}
	if native.Fits(m.Config) {
		runners = append(runners, byKernels(t, m, 2))
	}
	whole := lm.Ladder
	defer func() { lm.Ladder = whole }()
	for way, r := range runners {
		lm.Ladder = whole
		want := numbers(r)
		lm.Ladder = whole[:2]
		for at, got := range numbers(r) {
			for n := range want[at] {
				if d := got[n] - want[at][n]; !(math.Abs(d) <= 1e-5) {
					t.Errorf("way %d, answer %d, token %d: %v, want %v", way, at, n, got[n], want[at][n])
				}
			}
		}
	}
}

func TestWhatARunnerRefuses(t *testing.T) {
	r := runner(t, goEngine(t), tiny(t, decoder.Llama), 2)
	random := rand.New(rand.NewPCG(3, 3))
	for name, c := range map[string]struct {
		batch [][]int32
		room  int
		steer []lm.Steer
		says  string
	}{
		"no row":        {nil, 1, nil, "0 rows"},
		"too many rows": {[][]int32{{1}, {2}, {3}}, 1, nil, "3 rows in a batch of 2"},
		"an empty row":  {[][]int32{{1}, {}}, 1, nil, "row 1 has no token"},
		"an unknown id": {[][]int32{{61}}, 1, nil, "id 61"},
		"two buckets":   {[][]int32{prompt(random, 3), prompt(random, 40)}, 1, nil, "one bucket"},
		"too long":      {[][]int32{prompt(random, 250)}, 60, nil, "300 positions"},
		"steering of layer 2": {[][]int32{{1}}, 1, []lm.Steer{{Layer: 2, Vector: make([]float32, 24), Positions: lm.All}},
			"layers 0 to 1"},
		"a narrow vector": {[][]int32{{1}}, 1, []lm.Steer{{Layer: 0, Vector: make([]float32, 23), Positions: lm.All}},
			"23 numbers"},
		"unknown positions": {[][]int32{{1}}, 1, []lm.Steer{{Layer: 0, Vector: make([]float32, 24), Positions: "some"}},
			"want all, prompt or response"},
	} {
		if _, err := r.Begin(c.batch, c.room, [][]lm.Steer{c.steer}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Score([][]int32{{1, 2}}, []int{2}, nil); err == nil {
		t.Error("an answer without a token is scored")
	}
	if _, err := r.Score([][]int32{{1, 2}}, []int{0}, nil); err == nil {
		t.Error("an answer without a prompt is scored")
	}
}
