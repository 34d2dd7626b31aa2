package data

import (
	"math/rand/v2"
	"testing"

	"hives/data/theories"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func said(text, group string, direction int32, source string, path ...string) Row {
	r := Row{Text: text, TextID: TextID(text), Group: group, Theory: "svt", Direction: direction, DirectionSource: source}
	for k, level := range []*string{&r.Level1, &r.Level2, &r.Level3} {
		if k < len(path) {
			*level = path[k]
		}
	}
	return r
}

func TestDedupe(t *testing.T) {
	power := []string{"self-enhancement", "power"}
	rows := []Row{
		said("Be kind.", "g1", 1, SourceAnnotated, power...),
		said("Be kind.", "g1", 1, SourceAnnotated, power...),                                // to the byte
		said("be kind", "g2", 1, SourceJudgement, power...),                                 // normalised, other group
		said("BE KIND", "g1", 0, SourceJudgement, "conservation"),                           // another label: respelled
		said("Be kind.", "g1", 0, SourceNone, power...),                                     // nobody judged: gives way
		said("Be kind.", "g1", 0, SourceJudgement, power...),                                // judged 0: stays
		said("Eat.", "g3", 1, SourceAnnotated, "openness to change", "hedonism"),            // contradicted …
		said("Eat.", "g3", -1, SourceAnnotated, "self-enhancement", "hedonism"),             // … under its other parent
		said("Other.", "g2", 0, SourceNone, power...),                                       // its group is joined to g1
		said("Other.", "g2", 0, SourceNone, "self-enhancement", "power", "power:resources"), // deeper: not the same
	}
	got, stats := Dedupe(rows, theories.Builtin())
	want := []Row{
		rows[0],
		said("Be kind.", "g1", 0, SourceJudgement, "conservation"),
		rows[5],
		said("Other.", "g1", 0, SourceNone, power...),
		said("Other.", "g1", 0, SourceNone, "self-enhancement", "power", "power:resources"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	counted := DedupeStats{In: 10, Out: 5, ExactDuplicates: 1, NormalisedDuplicates: 1, Superseded: 1,
		Contradictions: 2, Respelled: 1, JoinedGroups: 1}
	if diff := cmp.Diff(counted, stats); diff != "" {
		t.Error(diff)
	}
	again, stats := Dedupe(got, theories.Builtin())
	if diff := cmp.Diff(got, again); diff != "" || stats.In != stats.Out {
		t.Errorf("a second time: %+v %s", stats, diff)
	}
}

func TestSplitKeepsGroupsAndTextsWhole(t *testing.T) {
	const seed = 20260101
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var rows []Row
	letter := func(n int) string { return string(rune('a'+random.IntN(26))) + string(rune('a'+random.IntN(n))) }
	for range 400 {
		r := said("t", "g"+letter(8), 0, SourceNone, "conservation")
		r.TextID = "t" + letter(12)
		rows = append(rows, r)
	}
	parts, err := Split(rows, SplitOptions{Fractions: [NumParts]float64{.5, .25, .25}, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	where := map[string]int{}
	total := 0
	for p, part := range parts {
		total += len(part)
		for _, r := range part {
			for _, name := range []string{r.TextID, r.Group} {
				if was, seen := where[name]; seen && was != p {
					t.Fatalf("%s stands in %s and %s", name, PartNames[was], PartNames[p])
				}
				where[name] = p
			}
		}
	}
	if total != len(rows) {
		t.Errorf("%d rows of %d", total, len(rows))
	}
	if sizes := ComponentSizes(rows); len(sizes) < 3 {
		t.Errorf("only %d components: the test shows nothing", len(sizes))
	}
	// The same rows in another order, and fewer of them, are dealt alike.
	random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	parts, _ = Split(rows, SplitOptions{Fractions: [NumParts]float64{.5, .25, .25}, Seed: 3})
	for p, part := range parts {
		for _, r := range part {
			if where[r.Group] != p {
				t.Fatalf("group %s moved to %s with the order", r.Group, PartNames[p])
			}
		}
	}
}

func TestSplitFractionsAndSeed(t *testing.T) {
	var rows []Row
	for i := range 4000 {
		r := said("t", "", 0, SourceNone, "conservation")
		r.TextID = TextID(string(rune(0x4E00 + i)))
		r.Group = r.TextID
		rows = append(rows, r)
	}
	parts, err := Split(rows, DefaultSplit())
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range DefaultSplit().Fractions {
		// The standard deviation of a share of 4000 is below .007.
		if got := float64(len(parts[p])) / float64(len(rows)); got < want-.03 || got > want+.03 {
			t.Errorf("%s has %.3f of the rows, want %.1f", PartNames[p], got, want)
		}
	}
	other, _ := Split(rows, SplitOptions{Fractions: DefaultSplit().Fractions, Seed: 1})
	if cmp.Equal(parts[Test], other[Test]) {
		t.Error("the seed changes nothing")
	}
	whole, _ := Split(rows, SplitOptions{Fractions: [NumParts]float64{1, 0, 0}})
	if len(whole[Train]) != len(rows) {
		t.Errorf("all to train gave %d of %d", len(whole[Train]), len(rows))
	}
	for _, bad := range [][NumParts]float64{{.8, .1, .2}, {1.2, -.2, 0}, {}} {
		if _, err := Split(rows, SplitOptions{Fractions: bad}); err == nil {
			t.Errorf("fractions %v were accepted", bad)
		}
	}
}

func TestAlternatives(t *testing.T) {
	rows := []Row{
		said("a", "a", 0, SourceNone, "openness to change", "hedonism"),
		said("b", "b", 0, SourceNone, "self-enhancement", "power"),
		said("c", "c", 0, SourceNone, "conservation", "humility"), // no row is under self-transcendence
	}
	l := NewLabels(rows, theories.Builtin())
	alt := l.Alternatives(rows)
	if len(alt) != 3 || len(alt[1]) != 0 {
		t.Fatalf("alternatives %v", alt)
	}
	if want := [3]int32{l.Levels[1][0], l.Levels[0][1], Missing}; alt[0][0] != want {
		t.Errorf("hedonism's other path %v, want %v", alt[0][0], want)
	}
	other := alt[2][0]
	if int(other[0]) < len(l.LevelNames[0]) || other[1] != l.Levels[2][1] {
		t.Errorf("humility's other path %v names a level that rows bear", other)
	}
}

// spread is components by their definition: marks run along shared names until nothing changes.
func spread(rows []Row) map[string]int {
	mark := make([]int, len(rows))
	for i := range mark {
		mark[i] = i
	}
	for changed := true; changed; {
		changed = false
		for i := range rows {
			for j := range rows {
				touch := rows[i].TextID == rows[j].TextID || rows[i].Group == rows[j].Group ||
					rows[i].TextID == rows[j].Group
				if touch && mark[i] != mark[j] {
					mark[i], changed = min(mark[i], mark[j]), true
					mark[j] = mark[i]
				}
			}
		}
	}
	smallest := map[int]string{}
	for i, r := range rows {
		for _, name := range []string{r.TextID, r.Group} {
			if known, ok := smallest[mark[i]]; !ok || name < known {
				smallest[mark[i]] = name
			}
		}
	}
	sizes := map[string]int{}
	for i := range rows {
		sizes[smallest[mark[i]]]++
	}
	return sizes
}

func TestComponentsEqualTheirDefinition(t *testing.T) {
	name := rapid.StringMatching(`[a-h][a-d]`)
	rapid.Check(t, func(r *rapid.T) {
		rows := make([]Row, rapid.IntRange(0, 25).Draw(r, "rows"))
		for i := range rows {
			rows[i] = Row{TextID: name.Draw(r, "text"), Group: name.Draw(r, "group")}
		}
		if diff := cmp.Diff(spread(rows), ComponentSizes(rows)); diff != "" {
			r.Fatal(diff)
		}
	})
}
