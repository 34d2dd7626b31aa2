package samplers

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hives/data"
	"hives/internal/fault"
)

// corpus makes n synthetic rows, about 3.4 a text like ValueEval's, over classes of unlike size.
func corpus(n int, seed uint64) *data.Labels {
	rng := rand.New(rand.NewPCG(seed, 0))
	l := &data.Labels{TheoryNames: []string{"svt", "mft"}, CorpusNames: []string{"a", "b"}}
	for i := range n {
		theory := int32(i * 2 / n)
		node := int32(math.Sqrt(rng.Float64()*400)) + 20*theory // 20 values a theory, larger ids commoner
		l.Theory = append(l.Theory, theory)
		l.Levels = append(l.Levels, [3]int32{node / 5, node, data.Missing})
		l.Direction = append(l.Direction, int32(rng.IntN(2)*2-1))
		l.Text = append(l.Text, int32(i*10/34))
		l.Corpus = append(l.Corpus, int32(i*10/34%2))
	}
	return l
}

func mustSampler(t testing.TB, l *data.Labels, cfg IntraTheoryConfig) *IntraTheory {
	t.Helper()
	s, err := NewIntraTheory(l, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The sampler refuses exactly what cannot be filled, and otherwise counts and draws as the twin allows.
func TestAgainstTwin(t *testing.T) {
	legal, illegal := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLabels(rt, rapid.SampledFrom([]int{1, 6, 30, 45, 60}).Draw(rt, "rows"), 3)
		cfg := drawConfig(rt, l)
		w := twin{l, cfg}
		s, err := NewIntraTheory(l, cfg)
		if cfg.BatchSize < cfg.Positives+2 || !w.legal() {
			illegal++
			if fault.Of(err) != fault.Invalid {
				rt.Fatalf("accepted, or %v", err)
			}
			return
		}
		if err != nil {
			rt.Fatalf("refused: %v", err)
		}
		legal++
		positives, theories := w.stats()
		if diff := cmp.Diff(positives, s.Stats().Positives); diff != "" {
			rt.Fatalf("positives (-twin +sampler):\n%s", diff)
		}
		if diff := cmp.Diff(theories, s.Stats().Theories); diff != "" {
			rt.Fatalf("theories (-twin +sampler):\n%s", diff)
		}
		for step := range 2 * s.BatchesPerEpoch() {
			checkBatch(rt, w, s.Batch(step))
		}
	})
	t.Logf("%d legal, %d illegal", legal, illegal)
	if legal < 10 || illegal < 10 {
		t.Errorf("%d legal and %d illegal cells: the grid says little", legal, illegal)
	}
}

// Close to the limit every text counts: what is refused must be exactly what the twin cannot fill.
func TestLimitAgainstTwin(t *testing.T) {
	atLimit := 0
	for range 10 {
		rapid.Check(t, func(rt *rapid.T) {
			l := drawLabels(rt, rapid.IntRange(5, 14).Draw(rt, "rows"), 1)
			cfg := drawConfig(rt, l)
			cfg.BatchSize, cfg.Positives, cfg.TheoryWeights = rapid.IntRange(4, 6).Draw(rt, "few"), 2, nil
			w := twin{l, cfg}
			_, err := NewIntraTheory(l, cfg)
			if (err == nil) != w.legal() {
				rt.Fatalf("%v, but the twin says legal: %v", err, w.legal())
			}
			w.cfg.BatchSize++
			if err == nil && !w.legal() {
				atLimit++
			}
		})
	}
	if atLimit < 20 {
		t.Errorf("only %d cells were at the limit", atLimit)
	}
}

// checkBatch asserts every rule on one batch.
func checkBatch(t rapid.TB, w twin, b Batch) {
	a := int(b.Anchor)
	if len(b.Rows) != w.cfg.BatchSize || b.Rows[0] != b.Anchor || !w.eligible(a) {
		t.Fatalf("step %d: %d rows, first %d, anchor %d", b.Step, len(b.Rows), b.Rows[0], a)
	}
	if b.Positives != w.positives(a) {
		t.Fatalf("step %d: %d positives, the twin finds %d", b.Step, b.Positives, w.positives(a))
	}
	texts := map[int32]bool{}
	for i, r := range b.Rows {
		if texts[w.l.Text[r]] {
			t.Fatalf("step %d: text %d stands twice", b.Step, w.l.Text[r])
		}
		texts[w.l.Text[r]] = true
		if i > 0 && i <= b.Positives && !w.match(a, int(r)) {
			t.Fatalf("step %d: row %d is no positive of %d", b.Step, r, a)
		}
		if i > b.Positives && !w.negative(a, int(r)) {
			t.Fatalf("step %d: row %d is no negative of %d", b.Step, r, a)
		}
	}
}

func TestNaturalEpochOpensEachAnchorOnce(t *testing.T) {
	l := corpus(700, 1)
	cfg := DefaultIntraTheory()
	cfg.TheoryWeights = map[string]float64{"svt": .3, "mft": .3} // equal weights are natural
	s := mustSampler(t, l, cfg)
	var orders [2][]int32
	for epoch := range orders {
		for k := range s.BatchesPerEpoch() {
			orders[epoch] = append(orders[epoch], s.Batch(epoch*s.BatchesPerEpoch()+k).Anchor)
		}
		sorted := slices.Sorted(slices.Values(orders[epoch]))
		if len(slices.Compact(sorted)) != l.Len() {
			t.Errorf("epoch %d opens %d of %d rows", epoch, len(slices.Compact(sorted)), l.Len())
		}
	}
	if slices.Equal(orders[0], orders[1]) {
		t.Error("two epochs have one order")
	}
}

// With weights, an anchor whose expected number is c opens ⌊c⌋ or ⌈c⌉ batches of an epoch.
func TestWeightedEpochKeepsTheWeights(t *testing.T) {
	l := corpus(1500, 2)
	for _, weighting := range []string{Sqrt, Balanced} {
		cfg := DefaultIntraTheory()
		cfg.AnchorWeighting, cfg.TheoryWeights = weighting, map[string]float64{"mft": 2.5}
		s := mustSampler(t, l, cfg)
		size := map[string]float64{}
		key := func(i int) string { return fmt.Sprint(l.Levels[i], l.Direction[i]) }
		for i := range l.Len() {
			size[key(i)]++
		}
		weight, total := make([]float64, l.Len()), 0.0
		for i := range weight {
			weight[i] = 1 / size[key(i)]
			if weighting == Sqrt {
				weight[i] = math.Sqrt(weight[i])
			}
			weight[i] *= []float64{1, 2.5}[l.Theory[i]]
			total += weight[i]
		}
		drawn := make([]float64, l.Len())
		for k := range s.BatchesPerEpoch() {
			drawn[s.Batch(3*s.BatchesPerEpoch()+k).Anchor]++
		}
		for i, n := range drawn {
			expected := weight[i] / total * float64(l.Len())
			if math.Abs(n-expected) >= 1+1e-9 {
				t.Errorf("%s: row %d opens %v batches, expected %.3f", weighting, i, n, expected)
			}
		}
	}
}

// A batch depends on the step alone: not on what was asked before, nor by whom.
func TestBatchesDoNotDependOnTheWayTheyAreAskedFor(t *testing.T) {
	l := corpus(900, 3)
	cfg := DefaultIntraTheory()
	cfg.Seed = 7
	plain := mustSampler(t, l, cfg)
	want := make([]Batch, 2000)
	for step := range want {
		want[step] = plain.Batch(step)
	}
	shared := mustSampler(t, l, cfg)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for _, step := range rand.New(rand.NewPCG(uint64(g), 9)).Perm(len(want)) {
				if diff := cmp.Diff(want[step], shared.Batch(step)); diff != "" {
					t.Errorf("step %d (-in order +at random):\n%s", step, diff)
					return
				}
			}
		})
	}
	wg.Wait()
	for step := 3; step < len(want); step += 101 {
		if diff := cmp.Diff(want[step], mustSampler(t, l, cfg).Batch(step)); diff != "" {
			t.Errorf("step %d (-cached +fresh):\n%s", step, diff)
		}
	}
	cfg.Seed++
	if cmp.Equal(want[5], mustSampler(t, l, cfg).Batch(5)) {
		t.Error("another seed draws the same batch")
	}
}

// Stored runs are resumed by later builds: the draws must not change without a new version of the format.
func TestBatchesArePinned(t *testing.T) {
	cfg := DefaultIntraTheory()
	cfg.Seed, cfg.AnchorWeighting = 20260101, Sqrt
	s := mustSampler(t, corpus(900, 4), cfg)
	h := sha256.New()
	for step := range 500 {
		binary.Write(h, binary.LittleEndian, s.Batch(step).Rows)
	}
	const want = "c01beee30cd59a4b"
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
		t.Errorf("500 batches hash to %s, pinned %s", got, want)
	}
}

// The rule matters and "keep" lifts it: otherwise its tests could not fail.
func TestKeepDrawsFalseNegatives(t *testing.T) {
	l := corpus(600, 5)
	count := func(rule string) (n int) {
		cfg := DefaultIntraTheory()
		cfg.FalseNegatives = rule
		s, w := mustSampler(t, l, cfg), twin{l, cfg}
		for step := range 20 {
			b := s.Batch(step)
			for _, r := range b.Rows[1+b.Positives:] {
				if w.carries(int(b.Anchor), int(r)) {
					n++
				}
			}
		}
		return n
	}
	if n := count(Anchor); n != 0 {
		t.Errorf("drop draws %d false negatives", n)
	}
	if n := count(Keep); n == 0 {
		t.Error("keep draws none")
	}
}

func TestOppositeDirectionIsANegative(t *testing.T) {
	l := corpus(900, 6)
	s := mustSampler(t, l, DefaultIntraTheory())
	found := 0
	for step := range 50 {
		b := s.Batch(step)
		for _, r := range b.Rows[1+b.Positives:] {
			if l.Levels[r] == l.Levels[b.Anchor] && l.Direction[r] == -l.Direction[b.Anchor] {
				found++
			}
		}
	}
	if found == 0 {
		t.Error("no batch of 50 holds the anchor's path with the other direction")
	}
}

// Every admissible row is drawn about as often as any other: chi-square over negatives and positives,
// beyond six standard deviations of its distribution only by a fault. The seed is fixed.
func TestDrawsAreUniform(t *testing.T) {
	const steps, seed = 60000, 11
	l := corpus(300, 7)
	for i := range l.Text { // one row a text, so that rows rather than texts are alike
		l.Text[i] = int32(i)
	}
	cfg := DefaultIntraTheory()
	cfg.BatchSize, cfg.Positives, cfg.Seed = 8, 2, seed
	s := mustSampler(t, l, cfg)
	w := twin{l, cfg}
	const anchor = 45
	negatives, positives, batches := map[int32]float64{}, map[int32]float64{}, 0.0
	for step := range steps {
		b := s.Batch(step)
		if b.Anchor != anchor {
			continue
		}
		batches++
		for i, r := range b.Rows[1:] {
			if i < b.Positives {
				positives[r]++
			} else {
				negatives[r]++
			}
		}
	}
	for name, c := range map[string]struct {
		counts map[int32]float64
		of     func(b int) bool
		drawn  float64
	}{
		"negatives": {negatives, func(b int) bool { return w.negative(anchor, b) }, 5},
		"positives": {positives, func(b int) bool { return b != anchor && w.match(anchor, b) }, 2},
	} {
		rows := len(w.texts(c.of))
		expected, chi := batches*c.drawn/float64(rows), 0.0
		for r := range l.Len() {
			if c.of(r) {
				chi += (c.counts[int32(r)] - expected) * (c.counts[int32(r)] - expected) / expected
			}
		}
		if limit := float64(rows) + 6*math.Sqrt(2*float64(rows)); chi > limit || rows < 3 {
			t.Errorf("%s of row %d (seed %d): chi-square %.1f over %d rows, limit %.1f", name, anchor, seed, chi, rows, limit)
		}
	}
}

func TestRefusals(t *testing.T) {
	small := corpus(900, 8)
	small.TheoryNames = append(small.TheoryNames, "duty")
	for i := range 14 { // 14 texts of which 2 share a label: one positive, 12 negatives
		small.Theory = append(small.Theory, 2)
		small.Levels = append(small.Levels, [3]int32{int32(100 + max(i, 1)), data.Missing, data.Missing})
		small.Direction = append(small.Direction, 1)
		small.Text = append(small.Text, int32(1000+i))
		small.Corpus = append(small.Corpus, 0)
	}
	pathless := corpus(50, 9)
	for i := range pathless.Levels {
		pathless.Levels[i] = [3]int32{data.Missing, data.Missing, data.Missing}
	}
	cases := []struct {
		name   string
		labels *data.Labels
		change func(*IntraTheoryConfig)
		want   string
	}{
		{"a small theory", small, func(c *IntraTheoryConfig) {}, `batch size 64 needs 62 negatives, theory "duty" has 12`},
		{"two small pools", corpus(60, 1), func(c *IntraTheoryConfig) { c.Negatives = SameCorpus },
			`theory "svt" in corpus "a" has`},
		{"no room for a negative", small, func(c *IntraTheoryConfig) { c.BatchSize = 5 }, "batch size 5 with 4 positives"},
		{"no positive", small, func(c *IntraTheoryConfig) { c.Positives = 0 }, "with 0 positives"},
		{"unknown rule", small, func(c *IntraTheoryConfig) { c.FalseNegatives = "maybe" }, `false negatives "maybe": ` +
			`one of ["keep" "anchor" "all" "drop"]`},
		{"empty choice", small, func(c *IntraTheoryConfig) { c.AnchorWeighting = "" }, `anchor weighting ""`},
		{"unknown theory", small, func(c *IntraTheoryConfig) { c.TheoryWeights = map[string]float64{"virtue": 1} },
			`theory weight for "virtue"`},
		{"weight NaN", small, func(c *IntraTheoryConfig) { c.TheoryWeights = map[string]float64{"svt": math.NaN()} }, "NaN"},
		{"all weights 0", corpus(90, 1), func(c *IntraTheoryConfig) {
			c.TheoryWeights = map[string]float64{"svt": 0, "mft": 0}
		}, "none of 90 rows"},
		{"rows without a path", pathless, func(c *IntraTheoryConfig) {}, "none of 50 rows"},
		{"no rows", &data.Labels{}, func(c *IntraTheoryConfig) {}, "none of 0 rows"},
		{"paths of other rows", small, func(c *IntraTheoryConfig) { c.Alt = make([][][3]int32, 3) },
			"for 3 rows, labels for 914"},
	}
	for _, c := range cases {
		cfg := DefaultIntraTheory()
		c.change(&cfg)
		_, err := NewIntraTheory(c.labels, cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	cfg := DefaultIntraTheory()
	cfg.TheoryWeights = map[string]float64{"duty": 0}
	if s := mustSampler(t, small, cfg); s.Stats().Anchors != 900 {
		t.Errorf("with weight 0 for the small theory %d anchors, want 900", s.Stats().Anchors)
	}
}

// 50,000 rows are about the shared corpora; a step of the 0.6B takes seconds.
func BenchmarkBatch(b *testing.B) {
	s := mustSampler(b, corpus(50000, 10), DefaultIntraTheory())
	s.Batch(0)
	step := 0
	for b.Loop() {
		s.Batch(step % s.BatchesPerEpoch())
		step++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "batches/s")
}

func BenchmarkNewIntraTheory(b *testing.B) {
	l := corpus(50000, 10)
	for b.Loop() {
		mustSampler(b, l, DefaultIntraTheory())
	}
}
