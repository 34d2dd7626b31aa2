package steer

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/metrics"
)

// steered makes a vector and a sweep job of its size.
func steered(t *testing.T) SweepJob {
	t.Helper()
	dir, out := world(t, 3), filepath.Join(t.TempDir(), "benevolence")
	if err := RunVector(context.Background(), job(dir, out, io.Discard)); err != nil {
		t.Fatal(err)
	}
	o := SweepDefaults()
	o.Value, o.Model, o.Out, o.PairsFile = "benevolence", local(dir), out, fewPairs(t)
	o.Layers, o.Coefficients, o.Unit, o.Random, o.Answers, o.MaxTokens = []int{1, 2}, []float64{.1}, Relative, 2, 2, 3
	o.MinPairs, o.Resamples, o.Stdout, o.Log = 8, 200, io.Discard, io.Discard
	return o
}

// fewPairs is a file of four questions with four pairs each.
func fewPairs(t *testing.T) string {
	t.Helper()
	var file struct {
		Format int              `json:"format"`
		Kind   string           `json:"kind"`
		Items  []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(ownPairs, &file); err != nil {
		t.Fatal(err)
	}
	file.Items = file.Items[:4]
	for _, item := range file.Items {
		item["pairs"] = item["pairs"].([]any)[:4]
	}
	raw, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pairs.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A sweep that was stopped after some pushes ends with the bytes of one that was not, and its figures are those of the
// scores taken one by one.
func TestASweepIsWhatItsScoresSay(t *testing.T) {
	o := steered(t)
	var said bytes.Buffer
	o.Stdout = &said
	if err := RunSweep(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	whole := read(t, filepath.Join(o.Out, "sweep.json"))
	var r Sweep
	if err := json.Unmarshal([]byte(whole), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Effects) != 5 || len(r.Grid) != 2 || len(r.Texts) != 7 || r.Pairs != [2]int{8, 8} ||
		r.Questions != [2]int{2, 2} {
		t.Fatalf("%d effects, %d points, %d texts, %v pairs, %v questions", len(r.Effects), len(r.Grid), len(r.Texts),
			r.Pairs, r.Questions)
	}
	o.j(t, func(j *journal) { // the first four lines of a run that was killed
		for _, key := range []string{"choose/none", "choose/layer 1, 0.1+"} {
			if _, ok := j.done[key]; !ok {
				t.Errorf("a stopped run has not kept %s", key)
			}
		}
	})
	if err := RunSweep(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(o.Out, "sweep.json")) != whole {
		t.Error("a sweep that went on has other bytes")
	}
	twin(t, o, r)
	if !strings.Contains(said.String(), "c·|v|/mean|state|") || !strings.Contains(read(t, filepath.Join(o.Out,
		"sweep.html")), "<svg") {
		t.Error("the report lacks the ratio, or the page its picture")
	}
}

// j leaves the journal of a run that was stopped after the first pushes, and shows it.
func (o SweepJob) j(t *testing.T, look func(*journal)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	path := filepath.Join(o.Out, "sweep.journal.jsonl")
	go func() {
		for ctx.Err() == nil {
			if raw, err := os.ReadFile(path); err == nil && bytes.Count(raw, []byte("\n")) > 3 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if err := RunSweep(ctx, o); err == nil {
		t.Fatal("a sweep was not stopped")
	}
	j := &journal{path: path, done: map[string]json.RawMessage{}}
	raw := []byte(read(t, path))
	var first journalLine
	if err := json.Unmarshal(raw[:bytes.IndexByte(raw, '\n')], &first); err != nil {
		t.Fatal(err)
	}
	if _, err := j.read(raw, first.About); err != nil {
		t.Fatal(err)
	}
	look(j)
}

// twin computes the vector's odd part from scores of single questions, by nested loops.
func twin(t *testing.T, o SweepJob, r Sweep) {
	t.Helper()
	m := openModel(t, o.Model.Dir)
	v, err := Load(filepath.Join(o.Out, VectorFile))
	if err != nil {
		t.Fatal(err)
	}
	trait, _ := FindTrait(o.Value, theories.Builtin())
	pairs, err := ReadPairs(o.PairsFile, trait)
	if err != nil {
		t.Fatal(err)
	}
	_, report := halves(pairs, o.Seed)
	odds := func(p Pair, c float64) float64 {
		s, err := m.Score(context.Background(), []llm.ScoreRequest{{
			Messages: []llm.Message{{Role: llm.User, Content: p.Text}}, Options: []string{p.For, p.Against},
			Steer: []llm.Steer{{Layer: r.Chosen.Layer - 1, Vector: v.Response[r.Chosen.Layer], Coefficient: c,
				Positions: "response"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return s[0].Total[0] - s[0].Total[1]
	}
	want := 0.
	for _, p := range report {
		want += (odds(p, r.Chosen.Applied) - odds(p, -r.Chosen.Applied)) / 2 / float64(len(report))
	}
	if got := r.Effects[0].Odd.Mean; !(math.Abs(got-want) < 1e-9) || want == 0 {
		t.Errorf("odd part %v, by single scores %v", got, want)
	}
	ratio := r.Chosen.Applied * norm(v.Response[r.Chosen.Layer]) / float64(v.Residual[r.Chosen.Layer])
	if !(math.Abs(ratio-r.Chosen.Coefficient) < 1e-6) {
		t.Errorf("relative coefficient %v moves by %v of the states", r.Chosen.Coefficient, ratio)
	}
}

// What follows the sign is the odd part; what a push does with either sign is the even part, and counts as nothing.
func TestEffects(t *testing.T) {
	r := metrics.NewResamples(40, 500, 1)
	make40 := func(shift func(n int) float64) (s scores) {
		for n := range 40 {
			noise := math.Sin(float64(n)) / 4
			s.For, s.Against = append(s.For, -10+noise+shift(n)), append(s.Against, -10-noise)
			s.Tokens = append(s.Tokens, 10)
		}
		return s
	}
	none, up, down := make40(func(int) float64 { return 0 }), make40(func(int) float64 { return 2 }),
		make40(func(int) float64 { return -2 })
	e := effect("v", r, none, up, down)
	if math.Abs(e.Odd.Mean-2) > 1e-12 || math.Abs(e.Even.Mean) > 1e-12 || !e.turns() || math.Abs(e.Cost) > 1e-12 {
		t.Errorf("steers: %+v", e)
	}
	broken := make40(func(int) float64 { return 3 })
	b := effect("b", r, none, broken, broken)
	if math.Abs(b.Odd.Mean) > 1e-12 || math.Abs(b.Even.Mean-3) > 1e-12 || b.turns() {
		t.Errorf("breaks: %+v", b)
	}
	wave := func(sign float64) scores { return make40(func(n int) float64 { return sign * math.Cos(float64(3*n)) }) }
	random := []Effect{effect("random 1", r, none, wave(1), wave(-1)), b}
	if !e.outside(random) || random[0].outside(random[1:]) && random[0].outside(random[:1]) {
		t.Errorf("outside: %+v beside %+v", e.Odd, random)
	}
	if e.outside(append(random, e)) {
		t.Error("an effect stands outside of itself")
	}
	back := effect("v", r, none, down, up)
	if !back.turns() || !back.outside(random) || back.Odd.Mean > 0 {
		t.Errorf("the other way round: %+v", back)
	}
	worse := make40(func(int) float64 { return -5 })
	if cost := effect("w", r, none, worse, worse).Cost; math.Abs(cost-.5) > 1e-12 { // 5 nats over 10 tokens
		t.Errorf("cost %v, want .5", cost)
	}
}

func TestPickKeepsToTheCost(t *testing.T) {
	grid := []Point{{Layer: 1, Odd: Estimate{Mean: 1}, Cost: .1}, {Layer: 2, Odd: Estimate{Mean: 2}, Cost: .4},
		{Layer: 3, Odd: Estimate{Mean: 9}, Cost: .6}}
	if p := pick(grid, .5); p.Layer != 2 {
		t.Errorf("picked %+v", p)
	}
	if p := pick(grid, .05); p.Layer != 1 {
		t.Errorf("where all cost more, picked %+v", p)
	}
}

func TestOwnPairs(t *testing.T) {
	for _, value := range []string{"benevolence", "power", "stimulation"} {
		trait, err := FindTrait(value, theories.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		pairs, err := ReadPairs("", trait)
		if err != nil {
			t.Fatal(err)
		}
		choose, report := halves(pairs, 1)
		if len(report) < SweepDefaults().MinPairs || len(choose) < SweepDefaults().MinPairs || questionsOf(report) < 4 {
			t.Errorf("%s: %d pairs to choose on, %d to report on over %d questions", value, len(choose), len(report),
				questionsOf(report))
		}
		for _, p := range choose {
			if slices.ContainsFunc(report, func(q Pair) bool { return q.Question == p.Question }) {
				t.Fatalf("%s: question %s stands on both sides", value, p.Question)
			}
		}
		questions, err := ReadQuestions("")
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range questions {
			if slices.ContainsFunc(pairs, func(p Pair) bool { return p.Text == q.Text }) {
				t.Errorf("%s: question %q makes vectors and measures them", value, q.Text)
			}
		}
	}
	trait, _ := FindTrait("hedonism", theories.Builtin())
	if _, err := ReadPairs("", trait); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), "--pairs") {
		t.Errorf("a value without pairs: %v", err)
	}
}

func TestWhatASweepRefuses(t *testing.T) {
	o := steered(t)
	run := func(change func(*SweepJob)) error {
		c := o
		change(&c)
		return RunSweep(context.Background(), c)
	}
	for says, change := range map[string]func(*SweepJob){
		"--unit":               func(c *SweepJob) { c.Unit = "large" },
		"numbers above 0":      func(c *SweepJob) { c.Coefficients = []float64{-1} },
		"the model has 1 to 3": func(c *SweepJob) { c.Layers = []int{4} },
		"want 40 or more":      func(c *SweepJob) { c.MinPairs = 40 },
		"hives steer vector":   func(c *SweepJob) { c.Out = t.TempDir() },
		"own vector":           func(c *SweepJob) { c.Other = filepath.Join(c.Out, VectorFile) },
		"is the vector of":     func(c *SweepJob) { c.Value = "power" }, "was made with weights": func(c *SweepJob) {
			c.Model.Dir = world(t, 9)
		},
	} {
		if err := run(change); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

func TestDistinctPairsOfTokens(t *testing.T) {
	// 1-2, 2-1, 1-2 and 1-2: two different of four
	if d := distinct2([]written{{IDs: []int32{1, 2, 1, 2}}, {IDs: []int32{1, 2}}, {IDs: []int32{7}}}); d != .5 {
		t.Errorf("%v, want .5", d)
	}
	if d := distinct2(nil); d != 0 {
		t.Errorf("%v of nothing", d)
	}
}

func TestRandomVectors(t *testing.T) {
	a, b := random(500, 3, 1, 0), random(500, 3, 1, 1)
	if math.Abs(norm(a)-3) > 1e-5 || math.Abs(norm(b)-3) > 1e-5 || math.Abs(dot(a, b))/9 > .2 || !slices.Equal(a,
		random(500, 3, 1, 0)) {
		t.Errorf("lengths %v and %v, cosine %v", norm(a), norm(b), dot(a, b)/9)
	}
	if n := norm(scaled(make([]float32, 4), 2)); n != 0 {
		t.Errorf("a vector of no length became %v long", n)
	}
}
