package samplers

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

func mustTriple(t testing.TB, l *data.Labels, ids AnchorIDs, cfg TripleConfig) *Triple {
	t.Helper()
	s, err := NewTriple(l, ids, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// anchored assigns the corpus's rows: a theory anchor a text, an individual one a row, some rows none.
func anchored(l *data.Labels, individual, theory int32, seed uint64) AnchorIDs {
	rng := rand.New(rand.NewPCG(seed, 1))
	ofText := map[int32]int32{}
	var a AnchorIDs
	for i := range l.Len() {
		if _, known := ofText[l.Text[i]]; !known {
			ofText[l.Text[i]] = rng.Int32N(theory+theory/4) - theory/4
		}
		a.Individual = append(a.Individual, max(-1, rng.Int32N(individual+individual/4)-individual/4))
		a.Theory = append(a.Theory, max(-1, ofText[l.Text[i]]))
	}
	return a
}

// The sampler refuses exactly what the twin cannot fill, and every batch of the rest keeps every rule.
func TestTripleAgainstTwin(t *testing.T) {
	legal, illegal, passes := 0, 0, 0
	for range 10 {
		rapid.Check(t, func(rt *rapid.T) {
			w := drawTriple(rt)
			s, err := NewTriple(w.l, w.ids, w.cfg)
			if !w.legal() {
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
			var batches []TripleBatch
			for step := range 12 {
				batches = append(batches, s.Batch(step))
				checkTriple(rt, w, batches[step])
			}
			passes += checkTurns(rt, w, w.ids.Individual, batches, w.parts()[PartIndividual])
			passes += checkTurns(rt, w, w.ids.Theory, batches, w.parts()[PartTheory])
		})
	}
	t.Logf("%d legal and %d illegal cells, %d whole passes", legal, illegal, passes)
	if legal < 30 || illegal < 30 || passes < 100 {
		t.Error("the grid says little")
	}
}

// checkTriple asserts every rule on one batch.
func checkTriple(t rapid.TB, w tripleTwin, b TripleBatch) {
	parts := w.parts()
	if !slices.Equal(b.Parts[:], parts) || len(b.Rows) != w.cfg.IntraTheory.BatchSize {
		t.Fatalf("step %d: %d rows in parts %v, want %v", b.Step, len(b.Rows), b.Parts, parts)
	}
	texts := map[int32]bool{}
	for _, r := range b.Rows {
		if texts[w.l.Text[r]] {
			t.Fatalf("step %d: text %d stands twice", b.Step, w.l.Text[r])
		}
		texts[w.l.Text[r]] = true
	}
	checkPart(t, b.Step, parts[1], b.Of(PartIndividual), b.IndividualIDs, parts[0], w.ids.Individual)
	checkPart(t, b.Step, parts[2], b.Of(PartTheory), b.TheoryIDs, parts[0]+parts[1], w.ids.Theory)
	hier := twin{w.l, w.cfg.IntraTheory}
	anchor := int(b.Rows[0])
	if !hier.eligible(anchor) {
		t.Fatalf("step %d: row %d cannot be an anchor", b.Step, anchor)
	}
	for _, r := range b.Of(PartHierarchical)[1:] {
		if !hier.match(anchor, int(r)) && !hier.negative(anchor, int(r)) {
			t.Fatalf("step %d: row %d is neither positive nor negative of %d", b.Step, r, anchor)
		}
	}
}

// checkPart asserts that the ids stand in their part alone, are the rows' own and none too often.
func checkPart(t rapid.TB, step, size int, rows, ids []int32, from int, assigned []int32) {
	seen, all := map[int32]int{}, map[int32]bool{}
	for _, id := range assigned {
		if id >= 0 {
			all[id] = true
		}
	}
	for i, id := range ids {
		if i < from || i >= from+size {
			if id != data.NoAnchor {
				t.Fatalf("step %d: id %d outside its part, at %d", step, id, i)
			}
			continue
		}
		if row := rows[i-from]; id < 0 || assigned[row] != id {
			t.Fatalf("step %d: row %d stands for id %d, assigned is %d", step, row, id, assigned[row])
		}
		if seen[id]++; seen[id] > most(size, len(all)) {
			t.Fatalf("step %d: id %d stands %d times among %d rows of %d ids", step, id, seen[id], size, len(all))
		}
	}
}

// checkTurns asserts that each pass draws every id that has rows, or shows a batch that holds all of its texts.
func checkTurns(t rapid.TB, w tripleTwin, assigned []int32, batches []TripleBatch, size int) (passes int) {
	ids, texts := w.texts(assigned)
	steps := most(len(ids), size) // of a pass
	for from := 0; from+steps <= len(batches); from += steps {
		passes++
		for _, id := range ids {
			if !slices.ContainsFunc(batches[from:from+steps], func(b TripleBatch) bool {
				return drawn(b, id, assigned) || standsIn(texts[id], b, w.l)
			}) {
				t.Fatalf("steps %d to %d leave out id %d", from, from+steps-1, id)
			}
		}
	}
	return passes
}

func drawn(b TripleBatch, id int32, assigned []int32) bool {
	return slices.ContainsFunc(b.Rows[b.Parts[0]:], func(row int32) bool { return assigned[row] == id })
}

func standsIn(texts map[int32]bool, b TripleBatch, l *data.Labels) bool {
	missing := len(texts)
	for _, row := range b.Rows[b.Parts[0]:] {
		if texts[l.Text[row]] {
			missing--
		}
	}
	return missing == 0
}

// Where texts are plenty nothing gives way: a pass is a permutation of the ids that begins again to fill its
// last step, and the rows of an id come round in turn. The reference is a naive dealer.
func TestTripleDealsIDsAndRowsInTurn(t *testing.T) {
	for _, n := range []int32{1, 3, 16, 17, 40, 64} {
		l, ids := ownTexts(300, n)
		s := mustTriple(t, l, ids, DefaultTriple())
		m, steps := 16, most(int(n), 16)
		dealer := newDealer(ids.Individual)
		for pass := range 40 {
			var seen []int32
			for k := range steps {
				b := s.Batch(pass*steps + k)
				for i, row := range b.Of(PartIndividual) {
					seen = append(seen, b.IndividualIDs[b.Parts[0]+i])
					dealer.take(row)
				}
			}
			for i, id := range seen {
				if i >= int(n) && id != seen[i%int(n)] {
					t.Fatalf("%d ids, pass %d: place %d holds id %d, the pass began with %d", n, pass, i, id, seen[i%int(n)])
				}
			}
			if all := distinct(slices.Clone(seen[:n])); len(all) != int(n) || len(seen) != steps*m {
				t.Fatalf("%d ids: pass %d draws %d rows of %d ids", n, pass, len(seen), len(all))
			}
		}
		// Each pass promises an id ⌊m/n⌋ rows, at least one: whole cycles reach each row that often.
		turns := 40 * max(1, m/int(n))
		if least, want := dealer.least(), turns/(300/2/int(n)+1); least < want || want == 0 {
			t.Errorf("%d ids: some row was dealt %d times in %d turns, want %d", n, least, turns, want)
		}
	}
}

// ownTexts makes rows of one text each, half of them with an individual and half with a theory id.
func ownTexts(rows int, n int32) (*data.Labels, AnchorIDs) {
	l := corpus(rows, 21)
	var a AnchorIDs
	for i := range l.Text {
		l.Text[i] = int32(i)
		id := int32(i/2) % n
		pair := [2]int32{data.NoAnchor, data.NoAnchor}
		pair[i%2] = id
		a.Individual, a.Theory = append(a.Individual, pair[0]), append(a.Theory, pair[1])
	}
	return l, a
}

// dealer counts how often each row that has an id came up.
type dealer map[int32]int

func newDealer(ids []int32) dealer {
	d := dealer{}
	for row, id := range ids {
		if id >= 0 {
			d[int32(row)] = 0
		}
	}
	return d
}

func (d dealer) take(row int32) { d[row]++ }

func (d dealer) least() int {
	least := -1
	for _, n := range d {
		if least < 0 || n < least {
			least = n
		}
	}
	return least
}

// A batch depends on the step alone, whoever asks and in whatever order.
func TestTripleIsAFunctionOfTheStep(t *testing.T) {
	l := corpus(900, 22)
	ids := anchored(l, 60, 40, 22)
	for _, mode := range []string{Apart, Authors} {
		cfg := DefaultTriple()
		cfg.Mode, cfg.IntraTheory.Seed = mode, 8
		if mode == Authors {
			ids = anchored(l, 5, 5, 22) // one id needs many texts
		}
		plain := mustTriple(t, l, ids, cfg)
		want := make([]TripleBatch, 200)
		for step := range want {
			want[step] = plain.Batch(step)
		}
		shared := mustTriple(t, l, ids, cfg)
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for _, step := range rand.New(rand.NewPCG(uint64(g), 9)).Perm(len(want)) {
					if diff := cmp.Diff(want[step], shared.Batch(step)); diff != "" {
						t.Errorf("%s: step %d (-in order +at random):\n%s", mode, step, diff)
						return
					}
				}
			})
		}
		wg.Wait()
		cfg.IntraTheory.Seed++
		if cmp.Equal(want[5].Rows, mustTriple(t, l, ids, cfg).Batch(5).Rows) {
			t.Errorf("%s: another seed draws the same batch", mode)
		}
	}
}

// Stored runs are resumed by later builds: the draws must not change without a new version of the format.
func TestTripleBatchesArePinned(t *testing.T) {
	cfg := DefaultTriple()
	cfg.IntraTheory.Seed = 20260102
	l := corpus(900, 23)
	s := mustTriple(t, l, anchored(l, 60, 40, 23), cfg)
	h := sha256.New()
	for step := range 300 {
		b := s.Batch(step)
		binary.Write(h, binary.LittleEndian, b.Rows)
		binary.Write(h, binary.LittleEndian, b.IndividualIDs)
		binary.Write(h, binary.LittleEndian, b.TheoryIDs)
	}
	const want = "e1df841ec0168f96"
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
		t.Errorf("300 batches hash to %s, pinned %s", got, want)
	}
}

// An id that stands in the way of another part gives its place to a third: id 5 and the theory's only id have
// one text, so the individual part must be id 6.
func TestTripleExchangesIDs(t *testing.T) {
	l := corpus(300, 24)
	none := slices.Repeat([]int32{data.NoAnchor}, l.Len())
	ids := AnchorIDs{Individual: none, Theory: slices.Clone(none)}
	ids.Individual[0], ids.Theory[0], ids.Individual[290] = 5, 9, 6
	cfg := DefaultTriple()
	cfg.IntraTheory.BatchSize, cfg.IntraTheory.Positives, cfg.Fractions = 8, 2, [3]float64{.75, .125, .125}
	s := mustTriple(t, l, ids, cfg)
	for step := range 20 {
		if b := s.Batch(step); b.IndividualIDs[6] != 6 || b.TheoryIDs[7] != 9 {
			t.Fatalf("step %d: ids %d and %d, want 6 and 9", step, b.IndividualIDs[6], b.TheoryIDs[7])
		}
	}
}

// The mode repeats the two defects, and Apart has neither: otherwise nothing would be measured.
func TestAuthorsModeMixesPartsOfOneID(t *testing.T) {
	l := corpus(900, 25)
	ids := anchored(l, 5, 5, 25)
	cfg := DefaultTriple()
	cfg.Mode = Authors
	s := mustTriple(t, l, ids, cfg)
	cut, started := 0, map[int32]bool{}
	for step := range 50 {
		g := s.seat(step)
		of := [2]map[int32]bool{{}, {}}
		meant := map[int32]bool{}
		for _, seat := range g.seats {
			of[seat.part][s.anchors[seat.part].ids[seat.place]] = true
			meant[seat.row] = seat.part == 0
		}
		if len(of[0]) != 1 || len(of[1]) != 1 || len(g.seats) != 32 {
			t.Fatalf("step %d: %d seats of %d and %d ids", step, len(g.seats), len(of[0]), len(of[1]))
		}
		for id := range of[0] {
			started[id] = true
		}
		b := s.Batch(step)
		for i, row := range b.Of(PartIndividual) {
			if meant[row] {
				cut++
			}
			if got := b.IndividualIDs[b.Parts[0]+i]; got != ids.Individual[row] {
				t.Fatalf("step %d: row %d has id %d, assigned %d", step, row, got, ids.Individual[row])
			}
		}
	}
	// A shuffle leaves a quarter of the individual rows in their cut: 4 of 16, 200 in 50 steps.
	if cut < 100 || cut > 300 || len(started) != 5 {
		t.Errorf("%d of 800 rows of the individual part stand in its cut, about 200 are due; %d ids of 5 came up", cut,
			len(started))
	}
}

func TestTripleStats(t *testing.T) {
	l, ids := ownTexts(600, 20)
	ids.Individual[0] = 99 // one text
	got := mustTriple(t, l, ids, DefaultTriple()).Stats()
	want := AnchorStats{IDs: 21, Rows: 300, PassSteps: 2, Most: 1, Fewest: 1, Median: 15, Crowded: 21}
	if diff := cmp.Diff(want, got.Individual); diff != "" {
		t.Errorf("individual (-want +got):\n%s", diff)
	}
	if got.Parts != [3]int{32, 16, 16} || got.Hierarchical.Anchors != 600 {
		t.Errorf("parts %v, %d anchors", got.Parts, got.Hierarchical.Anchors)
	}
}

func TestTripleRefusals(t *testing.T) {
	l := corpus(900, 26)
	ids := anchored(l, 60, 40, 26)
	none := slices.Repeat([]int32{data.NoAnchor}, l.Len())
	few, wrong := slices.Clone(none), slices.Clone(none)
	few[0], few[100], few[200], wrong[41] = 0, 1, 1, -7
	cases := []struct {
		name   string
		change func(*AnchorIDs, *TripleConfig)
		want   string
	}{
		{"fractions beyond 1", func(_ *AnchorIDs, c *TripleConfig) { c.Fractions[0] = .6 }, "add up to 1.1, want 1"},
		{"a part left out", func(_ *AnchorIDs, c *TripleConfig) { c.Fractions = [3]float64{.75, .25, 0} },
			"want each above 0"},
		{"a part without a row", func(_ *AnchorIDs, c *TripleConfig) { c.IntraTheory.BatchSize = 3 },
			"batch size 3 gives 0 rows to the individual part"},
		{"no room for a negative", func(_ *AnchorIDs, c *TripleConfig) { c.IntraTheory.BatchSize = 8 },
			"batch size 4 with 4 positives"},
		{"negatives run out", func(_ *AnchorIDs, c *TripleConfig) { c.IntraTheory.BatchSize = 500 },
			"batch size 250 beside 250 rows of the anchor parts needs"},
		{"unknown mode", func(_ *AnchorIDs, c *TripleConfig) { c.Mode = "mixed" }, `mode "mixed": ` +
			`one of ["apart" "authors"]`},
		{"no individual id", func(a *AnchorIDs, _ *TripleConfig) { a.Individual = none },
			"the individual part has no ids: of 900 rows none"},
		{"too few texts", func(a *AnchorIDs, _ *TripleConfig) { a.Theory = few },
			"the theory part needs 16 rows of unlike texts, its 2 ids give 3 with at most 8 rows each, beside 16"},
		{"an id below -1", func(a *AnchorIDs, _ *TripleConfig) { a.Theory = wrong }, "row 42 has the theory id -7"},
		{"ids of other rows", func(a *AnchorIDs, _ *TripleConfig) { a.Individual = none[:10] },
			"individual ids for 10 rows, labels for 900"},
		{"one id has too few texts", func(a *AnchorIDs, c *TripleConfig) { a.Theory, c.Mode = few, Authors },
			"none names one that 32 texts or more have"},
	}
	for _, c := range cases {
		a, cfg := ids, DefaultTriple()
		c.change(&a, &cfg)
		_, err := NewTriple(l, a, cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
