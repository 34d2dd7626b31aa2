package samplers

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hives/data"
)

// turnsOf collects the rows that passes 0 … passes−1 offer each id first, at most promised a pass: every candidate
// that would fill the batch counts, in the order of steps.
func turnsOf(p *anchorPart, passes, promised int) map[int32][]int32 {
	dealt := map[int32][]int32{}
	for pass := range passes {
		inPass := map[int32]int{}
		for k := range p.steps {
			for c := range p.size {
				s := p.candidate(pass*p.steps+k, c)
				if inPass[s.place]++; inPass[s.place] <= promised {
					dealt[s.place] = append(dealt[s.place], s.wish(0))
				}
			}
		}
	}
	return dealt
}

// A pass promises each id equally many rows, and these deal the id's rows in whole permutations. Rows beyond the
// promise are drawn at random: were they turns, the blocks below would not be permutations.
func TestPromisedRowsAreWholePermutations(t *testing.T) {
	for _, c := range []struct {
		n    int32
		mode string
	}{{1, Apart}, {3, Apart}, {7, Apart}, {16, Apart}, {17, Apart}, {40, Apart}, {3, Authors}} {
		l, ids := ownTexts(300, c.n)
		cfg := DefaultTriple()
		cfg.Mode = c.mode
		p := mustTriple(t, l, ids, cfg).anchors[0]
		promised := max(1, 16/int(c.n))
		if c.mode == Authors {
			promised = 16
		}
		const passes = 100
		for place, rows := range turnsOf(p, passes, promised) {
			if len(rows) != passes*promised {
				t.Errorf("%s, %d ids: id %d has %d turns in %d passes, want %d each", c.mode, c.n, place, len(rows),
					passes, promised)
			}
			own, orders := p.rows[place], map[int32]bool{}
			for from := 0; from+len(own) <= len(rows); from += len(own) {
				block := rows[from : from+len(own)]
				orders[block[0]] = true
				if !slices.Equal(slices.Sorted(slices.Values(block)), own) {
					t.Fatalf("%s, %d ids: turns %d… of id %d deal %v, its rows are %v", c.mode, c.n, from, place, block, own)
				}
			}
			if len(rows) >= 20*len(own) && len(own) > 3 && len(orders) == 1 {
				t.Errorf("%s, %d ids: every cycle of id %d begins with one row", c.mode, c.n, place)
			}
		}
	}
}

// Every id stands as often as it may among the candidates of a step, and in the authors' mode one id alone.
func TestCandidatesNameEachIDEquallyOften(t *testing.T) {
	for _, n := range []int32{1, 3, 16, 17, 40} {
		l, ids := ownTexts(300, n)
		p := mustTriple(t, l, ids, DefaultTriple()).anchors[1]
		for step := range 20 {
			count := make([]int, n)
			for c := range p.turns() {
				count[p.candidate(step, c).place]++
			}
			if slices.Min(count) != p.most || slices.Max(count) != p.most || p.most != most(p.size, int(n)) {
				t.Fatalf("%d ids, step %d: candidates %v, want %d of each", n, step, count, most(p.size, int(n)))
			}
		}
	}
}

// checkSeats asserts what holds of a seating between any two calls.
func checkSeats(t rapid.TB, g *seating, before map[int32]bool) {
	texts, used, count := map[int32]int{}, [2]map[int32]int{{}, {}}, [2]int{}
	for i, s := range g.seats {
		if j, twice := texts[g.labels.Text[s.row]]; twice {
			t.Fatalf("seats %d and %d hold text %d", j, i, g.labels.Text[s.row])
		}
		if !slices.Contains(g.parts[s.part].rows[s.place], s.row) {
			t.Fatalf("seat %d of id %d holds row %d, which is not its own", i, s.place, s.row)
		}
		texts[g.labels.Text[s.row]] = i
		used[s.part][s.place]++
		count[s.part]++
	}
	for text, i := range g.holder {
		if at, seated := texts[text]; !seated || at != i {
			t.Fatalf("text %d is said to be held by seat %d, it is by %d", text, i, at)
		}
		delete(before, text)
	}
	if len(g.holder) != len(texts) || len(before) > 0 {
		t.Fatalf("%d texts held of %d seats; lost %v", len(g.holder), len(texts), before)
	}
	for part, p := range g.parts {
		if count[part] != g.count[part] || count[part] > p.size {
			t.Fatalf("part %d has %d seats, counted %d of at most %d", part, count[part], g.count[part], p.size)
		}
		for place := range p.ids {
			n := used[part][int32(place)]
			if n != g.used[part][int32(place)] || n > p.most {
				t.Fatalf("id %d has %d seats, counted %d of at most %d", place, n, g.used[part][int32(place)], p.most)
			}
		}
	}
}

// The invariants of seating hold after every call, whether it seats a row or not, with and without exchanges.
func TestSeatingKeepsItsInvariants(t *testing.T) {
	moved, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		g := crowded(rt)
		for part, p := range g.parts {
			for _, g.swap = range []bool{false, true} {
				for c := range p.turns() {
					if g.count[part] == p.size {
						break
					}
					before, rows := heldTexts(g), rowsOf(g.seats)
					g.add(part, p.candidate(g.step, c))
					checkSeats(rt, g, before)
					switch after := rowsOf(g.seats); {
					case len(after) == len(rows):
						refused++
						if !slices.Equal(after, rows) {
							rt.Fatalf("nothing was seated, but %v became %v", rows, after)
						}
					case !slices.Equal(after[:len(rows)], rows):
						moved++
					}
				}
			}
		}
	})
	if moved == 0 || refused == 0 {
		t.Errorf("%d rows moved others, %d were not seated: the draw says little", moved, refused)
	}
}

// crowded makes two anchor parts whose ids have few texts and share them, whether or not a batch can be filled.
func crowded(rt *rapid.T) *seating {
	const rows, texts = 16, 9
	l := &data.Labels{Text: rapid.SliceOfN(rapid.Int32Range(0, texts-1), rows, rows).Draw(rt, "texts")}
	var parts [2]*anchorPart
	for k := range parts {
		ids := rapid.SliceOfN(rapid.Int32Range(-1, 3), rows, rows).Draw(rt, "ids")
		ids[0] = 0
		p := &anchorPart{name: "a", size: rapid.IntRange(1, 6).Draw(rt, "size"), domain: partDomains[k]}
		if err := p.gather(l, ids); err != nil {
			rt.Fatal(err)
		}
		parts[k] = p
	}
	return newSeating(l, parts, rapid.IntRange(0, 20).Draw(rt, "step"))
}

func heldTexts(g *seating) map[int32]bool {
	held := map[int32]bool{}
	for text := range g.holder {
		held[text] = true
	}
	return held
}

func rowsOf(seats []seat) (rows []int32) {
	for _, s := range seats {
		rows = append(rows, s.row)
	}
	return rows
}

// The two examples of anchorPart's comment, as they are written there.
func TestAnchorPartExamples(t *testing.T) {
	for _, c := range []struct{ n, m, steps, most, rounds int }{{3, 2, 2, 1, 1}, {2, 5, 1, 3, 2}} {
		p := anchorPart{size: c.m, ids: make([]int32, c.n)}
		p.lay()
		if p.steps != c.steps || p.most != c.most || p.rounds != c.rounds {
			t.Errorf("%d ids, %d rows: %d steps, at most %d, %d promised", c.n, c.m, p.steps, p.most, p.rounds)
		}
	}
}

// Sets without a common bit have no common key; sets of keys that differ by 32 cannot tell, and the keys are compared.
func TestKeySets(t *testing.T) {
	lists := [][]int32{{0}, {1}, {32}, {5, 40}, {8, 63}, {31, 64}, {}}
	unsure := 0
	for _, a := range lists {
		for _, b := range lists {
			apart := keySetOf(a)&keySetOf(b) == 0
			if apart && shares(a, b) {
				t.Errorf("%v and %v share a key, and their sets do not", a, b)
			}
			if !apart && !shares(a, b) {
				unsure++
			}
		}
	}
	if unsure == 0 {
		t.Error("no two lists have sets that cannot tell: the comparison of keys is never needed here")
	}
}
