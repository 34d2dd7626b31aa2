package banks

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data"
	"hives/data/anchors"
	"hives/data/inventory"
	"hives/internal/fault"
)

// theoryBank has ids with gaps, as a rebuilt bank has.
func theoryBank() *anchors.Bank {
	b := &anchors.Bank{Meta: map[string]string{anchors.MetaWeights: "c0ffee", anchors.MetaRows: "beef"}}
	for i, id := range []int32{2, 5, 11} {
		b.Anchors = append(b.Anchors, anchors.Anchor{
			ID: id, Bank: anchors.Theory, Kind: anchors.KindCluster, Text: strings.Repeat("word ", i+1),
			Exemplars: []string{string(rune('a' + i))},
		})
	}
	return b
}

func write(t *testing.T, b *anchors.Bank) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bank.parquet")
	if err := anchors.Write(path, b); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, o Options) *Banks {
	t.Helper()
	b, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAssignedTurnsIDsIntoPositions(t *testing.T) {
	b := load(t, Options{Theory: write(t, theoryBank())})
	if b.Individual.Size != inventory.Size || b.Theory.Size != 3 || len(b.Theory.Sentences) != 3 {
		t.Fatalf("%d and %d sentences", b.Individual.Size, b.Theory.Size)
	}
	got, err := b.Assigned("rows.csv", []data.Row{
		{IndividualAnchor: 406, TheoryAnchor: 11}, {IndividualAnchor: -1, TheoryAnchor: 2},
		{IndividualAnchor: 0, TheoryAnchor: -1},
	})
	if err != nil || !slices.Equal(got.Individual, []int32{406, -1, 0}) || !slices.Equal(got.Theory, []int32{2, 0, -1}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAssignedRefusesUnknownIDs(t *testing.T) {
	path := write(t, theoryBank())
	b := load(t, Options{Theory: path})
	for name, c := range map[string]struct {
		row  data.Row
		want string
	}{
		"an id in a gap": {data.Row{IndividualAnchor: 1, TheoryAnchor: 3},
			"rows.csv: row 2 names the theory anchor 3, but " + path + " has 3 anchors, ids 2 to 11; assign the rows to this " +
				"bank with hives anchors assign"},
		"an id beyond the inventory": {data.Row{IndividualAnchor: 407, TheoryAnchor: 2},
			"row 2 names the individual anchor 407, but the inventory of version 1 has 407 anchors, ids 0 to 406; " +
				"assign the rows to this bank with hives theories inventory assign"},
		"an id below -1": {data.Row{IndividualAnchor: -2, TheoryAnchor: 2}, "names the individual anchor -2"},
	} {
		_, err := b.Assigned("rows.csv", []data.Row{{IndividualAnchor: 1, TheoryAnchor: 2}, c.row})
		if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	individual := write(t, inventory.Bank())
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"no theory bank":  {Options{}, "no file for the theory bank"},
		"banks exchanged": {Options{Theory: individual}, "holds the individual bank, the theory bank is wanted"},
		"no such file":    {Options{Theory: "absent.parquet"}, "no such file of anchors"},
	} {
		if _, err := Load(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// A version tells every change that training would see, and no other.
func TestVersionIsOfIDsAndSentences(t *testing.T) {
	version := func(change func(*anchors.Bank)) string {
		b := theoryBank()
		change(b)
		return load(t, Options{Theory: write(t, b)}).Theory.SHA256
	}
	plain := version(func(*anchors.Bank) {})
	if version(func(b *anchors.Bank) { b.Meta["report"] = "other"; b.Anchors[0].Count = 9 }) != plain {
		t.Error("the version depends on what training does not see")
	}
	for name, change := range map[string]func(*anchors.Bank){
		"a sentence": func(b *anchors.Bank) { b.Anchors[1].Text = "another" },
		"an id":      func(b *anchors.Bank) { b.Anchors[2].ID = 12 },
		"one fewer":  func(b *anchors.Bank) { b.Anchors = b.Anchors[:2] },
	} {
		if version(change) == plain {
			t.Errorf("%s changes nothing", name)
		}
	}
	built, file := load(t, Options{Theory: write(t, theoryBank())}), write(t, inventory.Bank())
	if fromFile := load(t, Options{Individual: file, Theory: write(t,
		theoryBank())}); fromFile.Individual.SHA256 != built.Individual.SHA256 {
		t.Error("the inventory in a file has another version than the built-in one")
	}
}

func TestRefuseWeights(t *testing.T) {
	b := load(t, Options{Individual: write(t, inventory.BankAssignedBy("ba5e")), Theory: write(t, theoryBank())})
	for sum, want := range map[string]string{"c0ffee": "theory anchors", "ba5e": "individual anchors", "5afe": ""} {
		err := b.RefuseWeights(sum)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("weights %s: %v, want %q", sum, err, want)
		}
	}
	if err := load(t, Options{Theory: write(t, theoryBank())}).RefuseWeights(""); err != nil {
		t.Errorf("weights that nothing is known of: %v", err)
	}
}

func TestRefuseHeldOut(t *testing.T) {
	b := load(t, Options{Theory: write(t, theoryBank())})
	rows := []data.Row{{TextID: "x"}, {TextID: "y"}}
	if err := b.RefuseHeldOut("validation.csv", "f00d", rows); err != nil {
		t.Errorf("strange rows: %v", err)
	}
	err := b.RefuseHeldOut("validation.csv", "f00d", append(rows, data.Row{TextID: "b"}))
	if err == nil || !strings.Contains(err.Error(), "theory anchor 5 was fitted on a text of validation.csv, row 3") {
		t.Errorf("an exemplar's text: %v", err)
	}
	old := theoryBank() // made before signs counted in ids
	old.Anchors[2].Exemplars = []string{data.EarlierTextID("5% of all")}
	sign := []data.Row{{TextID: data.TextID("5% of all"), Text: "5% of all"}}
	if err := load(t, Options{Theory: write(t, old)}).RefuseHeldOut("validation.csv", "f00d", sign); err == nil {
		t.Error("an exemplar of an older bank passed")
	}
	if err := b.RefuseHeldOut("validation.csv", "beef", rows); err == nil ||
		!strings.Contains(err.Error(), "was fitted on validation.csv") {
		t.Errorf("the file itself: %v", err)
	}
}
