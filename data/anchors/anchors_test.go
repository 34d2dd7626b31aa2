package anchors

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data/theories"
	"hives/internal/fault"
)

func bank() *Bank {
	return &Bank{
		Anchors: []Anchor{
			{ID: 3, Bank: Theory, Kind: KindCluster, Text: "Standing by a friend.", ValueIDs: []string{"duty/fidelity",
				"mft/loyalty-betrayal"},
				Exemplars: []string{"00ff", "01aa"}, Count: 17, Provenance: "medoid", Vector: []float32{.6, -.8}},
			{ID: 9, Bank: Theory, Kind: KindCluster, Text: "Leaving no one hungry.", ValueIDs: []string{}, Exemplars: []string{},
				Provenance: "llm:x", Vector: []float32{0, 1}},
		},
		Meta: map[string]string{"seed": "1", "embedder": "b0b"},
	}
}

func TestReadReturnsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.parquet"), filepath.Join(dir, "b.parquet")
	for _, path := range []string{a, b} {
		if err := Write(path, bank()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(a, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bank(), got); diff != "" {
		t.Errorf("written and read differ (-want +got):\n%s", diff)
	}
	first, _ := os.ReadFile(a)
	second, _ := os.ReadFile(b)
	if !bytes.Equal(first, second) {
		t.Error("the same bank gave other bytes")
	}
	if at := got.Positions(); at[9] != 1 || len(at) != 2 {
		t.Errorf("positions %v", at)
	}
}

func TestReadRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.parquet")
	if _, err := Read(path, theories.Builtin()); fault.Of(err) != fault.NotFound {
		t.Errorf("absent file: %v", err)
	}
	if err := Write(path, bank()); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	for _, keep := range []int{0, 4, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, theories.Builtin()); fault.Of(err) != fault.Corrupt {
			t.Errorf("%d of %d bytes: %v", keep, len(whole), err)
		}
	}
	other := bytes.Replace(whole, []byte("\aanchors"), []byte("\asailors"), 1) // the value of hives.kind, after its length
	if err := os.WriteFile(path, other, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path, theories.Builtin()); fault.Of(err) != fault.Mismatch {
		t.Errorf("another kind of file: %v", err)
	}
}

func TestCheckNamesTheAnchor(t *testing.T) {
	for _, c := range []struct {
		reason, want string
		change       func(*Bank)
	}{
		{"no anchors", "empty", func(b *Bank) { b.Anchors = nil }},
		{"an id means none", "id -1 is negative", func(b *Bank) { b.Anchors[0].ID = -1 }},
		{"an id twice", "id 9 follows id 9", func(b *Bank) { b.Anchors[0].ID = 9 }},
		{"a sentence twice", "ids 3 and 9", func(b *Bank) { b.Anchors[1].Text = b.Anchors[0].Text }},
		{"two banks", "one file holds one bank", func(b *Bank) {
			b.Anchors[1] = Anchor{ID: 9, Bank: Individual, Kind: KindDuty, Text: "x", ValueIDs: []string{"duty/justice"}}
		}},
		{"a kind of the other bank", `kind "duty"`, func(b *Bank) { b.Anchors[0].Kind = KindDuty }},
		{"an unknown bank", `bank "river"`, func(b *Bank) { b.Anchors[0].Bank = "river" }},
		{"vectors of two lengths", "id 9 has a vector of 0", func(b *Bank) { b.Anchors[1].Vector = nil }},
		{"a vector that is no number", "vector of id 3", func(b *Bank) { b.Anchors[0].Vector[1] = float32(math.NaN()) }},
		{"no sentence", "id 3 has no sentence", func(b *Bank) { b.Anchors[0].Text = " " }},
		{"an unknown node", "duty/fidelty", func(b *Bank) { b.Anchors[0].ValueIDs[0] = "duty/fidelty" }},
		{"an individual anchor without a node", "tied to no node", func(b *Bank) {
			b.Anchors = []Anchor{{ID: 1, Bank: Individual, Kind: KindDuty, Text: "x"}}
		}},
	} {
		b := bank()
		c.change(b)
		if err := b.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.reason, err, c.want)
		}
	}
}

// plainNearest sorts nothing and keeps nothing: it asks of every candidate whether all others are worse.
func plainNearest(v []float32, bank [][]float32, allowed []int, limits Limits) int {
	cos := func(k int) (c float64) {
		for i := range v {
			c += float64(v[i]) * float64(bank[k][i])
		}
		return c
	}
	for i, k := range allowed {
		best, ahead := true, math.Inf(1)
		for j, other := range allowed {
			if j == i {
				continue
			}
			best = best && (cos(k) > cos(other) || cos(k) == cos(other) && i < j)
			ahead = math.Min(ahead, cos(k)-cos(other))
		}
		if best && cos(k) >= limits.MinCosine && ahead >= limits.MinLead {
			return k
		}
	}
	return None
}

func TestNearestEqualsItsDefinition(t *testing.T) {
	const seed = 11
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	seen := map[bool]int{}
	for range 2000 {
		vectors := make([][]float32, 7)
		for k := range vectors {
			vectors[k] = []float32{float32(r.IntN(3) - 1), float32(r.IntN(3) - 1), float32(r.IntN(3) - 1)} // ties occur
		}
		allowed := r.Perm(6)[:1+r.IntN(5)]
		limits := Limits{MinCosine: float64(r.IntN(4) - 2), MinLead: float64(r.IntN(2))}
		got, want := Nearest(vectors[6], vectors, allowed, limits), plainNearest(vectors[6], vectors, allowed, limits)
		if got.At != want {
			t.Fatalf("at %d, want %d among %v with %+v", got.At, want, allowed, limits)
		}
		seen[got.At == None]++
	}
	if seen[true] < 100 || seen[false] < 100 {
		t.Errorf("accepted and refused: %v; the cases do not try both", seen)
	}
}

func TestNearestWithoutCandidates(t *testing.T) {
	v := []float32{1, 0}
	if m := Nearest(v, nil, nil, Limits{}); m.At != None {
		t.Errorf("an empty bank gave %+v", m)
	}
	if m := Nearest(v, [][]float32{{0, 1}, {1, 0}}, nil, Limits{MinCosine: .9}); m.At != 1 || m.Lead != 1 {
		t.Errorf("all allowed: %+v", m)
	}
	if m := Nearest(v, [][]float32{{1, 0}}, []int{}, Limits{}); m.At != None {
		t.Errorf("none allowed: %+v", m)
	}
}
