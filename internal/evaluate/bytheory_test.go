package evaluate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
)

// craft is a theory of one's own with two levels.
const craft = `
theory = "craft"
name = "what makers hold dear"
level_names = ["domain", "virtue"]
paths = [["skill", "patience"], ["skill", "precision"], ["thrift"]]
[works]
own = "Our own interviews."
[definitions."craft/skill"]
text = "Mastery of one's tools and materials."
works = ["own"]
[definitions."craft/skill/patience"]
text = "Giving a piece the time that it takes."
works = ["own"]
[definitions."craft/skill/precision"]
text = "Working to the finest measure that is needed."
works = ["own"]
[definitions."craft/thrift"]
text = "Wasting neither material nor effort."
works = ["own"]
`

// withCraft is the four and craft.
func withCraft(t *testing.T) theories.Set {
	t.Helper()
	tree, err := theories.Parse("craft.toml", []byte(craft))
	if err != nil {
		t.Fatal(err)
	}
	known, err := theories.Builtin().With(tree)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// crafted are judged rows of craft, each a text of its own.
func crafted(n int, paths ...[2]string) []data.Row {
	var rows []data.Row
	for i := range n {
		p := paths[i%len(paths)]
		rows = append(rows, data.Row{
			Text: fmt.Sprintf("a maker, number %d, on %s %s", i, p[0], p[1]), TextID: fmt.Sprint("c", i),
			Group:  fmt.Sprint("cg", i/2),
			Theory: "craft", Level1: p[0], Level2: p[1], Direction: int32(i/len(paths)%2*2 - 1),
			DirectionSource: data.SourceAnnotated,
			Corpus:          "shop", IndividualAnchor: -1, TheoryAnchor: -1,
		})
	}
	return rows
}

// TestOwnTheoryIsInEveryTable: orthogonality, its interval, its difference and its finding, and the pictures.
func TestOwnTheoryIsInEveryTable(t *testing.T) {
	rows := append(sample(160, 1), crafted(60, [2]string{"skill", "patience"}, [2]string{"skill", "precision"},
		[2]string{"thrift"})...)
	b := bench(t, rows, Options{MinSide: 5, Theories: withCraft(t)})
	e, err := b.Evaluate(t.Context(), Fixed("model", fake{}), []Named{Fixed("untrained", fake{salt: "x"})})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(e.OrthogonalityDetails, func(d OrthoDetail) bool { return d.Theory == "craft" && d.Level == 1 })
	if at < 0 || !e.Orthogonality.Of("craft").Known() || e.Orthogonality["craft"] != e.OrthogonalityDetails[at].Mean ||
		e.Intervals.Orthogonality["craft"] != e.OrthogonalityDetails[at].Interval {
		t.Errorf("orthogonality %v, details %+v", e.Orthogonality, e.OrthogonalityDetails)
	}
	d := e.Compared["model_minus_untrained"]
	gap := d.Orthogonality["craft"]
	if want := e.Orthogonality["craft"] - e.Controls["untrained"].Orthogonality["craft"]; gap.Value != want ||
		!gap.Interval.Known() {
		t.Errorf("difference %+v, want %v", gap, want)
	}
	topics := ""
	for _, f := range conclude(spread("", e.System, compared{d, "the untrained model"})) {
		topics += f.Topic + "\n"
	}
	if !strings.Contains(topics, "of the craft value vectors") {
		t.Errorf("findings on %s", topics)
	}
}

// TestOwnTheoryHasPictures: at the headline's level, at the finest, and against each theory that the rows have.
func TestOwnTheoryHasPictures(t *testing.T) {
	paths := [][2]string{{"skill", "patience"}, {"skill", "precision"}, {"thrift"}}
	b := bench(t, append(sample(160, 1), crafted(60, paths...)...), Options{MinSide: 5, Theories: withCraft(t)})
	e, err := b.Evaluate(t.Context(), Fixed("model", fake{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]string{}
	for _, m := range e.Maps {
		names := slices.Sorted(slices.Values(m.Columns))
		columns[m.Name] = strings.Join(names, " ")
	}
	for name, want := range map[string]string{
		"craft level 1": "skill thrift", "craft level 2": "patience precision",
		"svt level 2 against craft level 1": "skill thrift", "mft level 1 against craft level 1": "skill thrift",
		"mft level 1": "care/harm fairness/cheating loyalty/betrayal",
	} {
		if columns[name] != want {
			t.Errorf("%s has columns %q, want %q; there are %v", name, columns[name], want, columns)
		}
	}
	if _, there := columns["duty level 1 against craft level 1"]; there {
		t.Error("a picture of a theory without rows")
	}
}

// TestReasonNamesTheLevel: rows of a theory that end above the headline's level are not called no rows of it.
func TestReasonNamesTheLevel(t *testing.T) {
	rows := sample(80, 1)
	for i := range rows {
		if rows[i].Theory == "svt" {
			rows[i].Level2, rows[i].Level3 = "", ""
		}
	}
	e, err := bench(t, rows, Options{MinSide: 5}).Evaluate(t.Context(), Fixed("model", fake{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	for theory, want := range map[string]string{
		"svt": "the data has no rows of this theory at level 2", "duty": "the data has no rows of this theory",
	} {
		if got := e.Skipped["orthogonality."+theory]; got != want {
			t.Errorf("%s: %q, want %q", theory, got, want)
		}
	}
}

// TestHeadlineLevels pins the levels that docs/METRICS.md states of the four.
func TestHeadlineLevels(t *testing.T) {
	b := bench(t, sample(20, 1), Options{MinSide: 5, Theories: withCraft(t)})
	for theory, want := range map[string]int{"svt": 2, "mft": 1, "duty": 1, "right": 2, "craft": 1, "unheard-of": 1} {
		if got := b.headlineLevel(theory); got != want {
			t.Errorf("%s: level %d, want %d", theory, got, want)
		}
	}
}

// TestByTheoryIsWrittenInOrder: the four as documents have had them from the first, then one's own; read back alike.
func TestByTheoryIsWrittenInOrder(t *testing.T) {
	const want = `{"svt":0.5,"mft":null,"duty":0.25,"right":1,"craft":0.75,"zeal":0}`
	var figures ByTheory
	if err := json.Unmarshal([]byte(want), &figures); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(figures)
	if err != nil || string(raw) != want {
		t.Errorf("got %s, %v", raw, err)
	}
	if figures.Of("mft").Known() || figures.Of("absent").Known() || !figures.Of("zeal").Known() {
		t.Errorf("undefined figures are told apart wrongly: %v", figures)
	}
}

// TestTheoryOrder: the four as they are listed everywhere, then one's own, and none that has no figures.
func TestTheoryOrder(t *testing.T) {
	got := TheoryOrder(map[string]int{"right": 1, "zeal": 1, "svt": 1, "craft": 1})
	if !slices.Equal(got, []string{"svt", "right", "craft", "zeal"}) {
		t.Errorf("got %v", got)
	}
}
