package arch

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// line is one package of the table in docs/ARCHITECTURE.md.
type line struct {
	toCome bool
	ground bool
	all    bool     // may import anything
	rigs   bool     // rigs too
	may    []string // else: these and what lies below them
}

var quoted = regexp.MustCompile("`([^`]+)`")

// readHouse reads the rows of the table "The house".
//
//	| **Judges** | | |                                  a floor
//	| `internal/llm` | one model … | `internal/cli` |   a package and what it may import besides the ground floor
//	| `vidb` | *to come:* … | `data` |                  a place kept
func readHouse(doc string) map[string]line {
	_, table, _ := strings.Cut(doc, "## The house")
	table, _, _ = strings.Cut(table, "\n## ")
	house, ground := map[string]line{}, false
	for _, row := range strings.Split(table, "\n") {
		cells := strings.Split(row, "|")
		if len(cells) != 5 {
			continue
		}
		if strings.Contains(cells[1], "**") {
			ground = strings.Contains(cells[1], "Ground floor")
			continue
		}
		l := line{ground: ground, toCome: strings.Contains(cells[2], "*to come"), all: strings.Contains(cells[3], "all"),
			rigs: strings.TrimSpace(cells[3]) == "all"}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			l.may = append(l.may, m[1])
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			house[m[1]] = l
		}
	}
	return house
}

// allows tells whether a package of this line may import another.
func (l line) allows(next string, house map[string]line) bool {
	rig := below(next, "internal/rig")
	return house[next].ground || l.rigs || (l.all && !rig) || slices.ContainsFunc(l.may, func(p string) bool {
		return below(next, p)
	})
}

// compareHouse says where the table and the code differ.
func compareHouse(house map[string]line, pkgs map[string]pkg) (broken []string) {
	for path, p := range pkgs {
		l, drawn := house[path]
		if !drawn || l.toCome {
			broken = append(broken, path+" has no line, or one that says it is to come: give it one, with what it is for and "+
				"what it may import")
			continue
		}
		for _, next := range p.Imports {
			if _, ours := pkgs[next]; ours && !l.allows(next, house) {
				broken = append(broken, path+" imports "+next+", which its line does not name")
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(house)) {
		if _, there := pkgs[path]; !there && !house[path].toCome {
			broken = append(broken, path+" has a line and is no package")
		}
	}
	slices.Sort(broken)
	return broken
}

func TestHouseIsAsDrawn(t *testing.T) {
	raw, err := os.ReadFile("../../docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range compareHouse(readHouse(string(raw)), list(t)) {
		t.Error("docs/ARCHITECTURE.md: " + sentence)
	}
}

// The negative control: a house with one thing of each kind wrong.
func TestHouseNotices(t *testing.T) {
	house := readHouse("## The house\n| p | w | may |\n|---|---|---|\n| **Top** | | |\n| `cmd/x` | a | all but rigs |\n" +
		"| `a`, `gone` | b | `b` |\n" +
		"| `b/c` | b | – |\n| `later` | *to come:* b | – |\n| **Ground floor** | | |\n| `g` | b | – |\n\n## Next\n" +
		"| `no` | b | – |\n")
	pkgs := map[string]pkg{
		"cmd/x": {Imports: []string{"a", "internal/rig/chaos", "os"}}, "a": {Imports: []string{"b/c", "g", "fmt"}},
		"b/c": {Imports: []string{"a"}},
		"g":   {}, "internal/rig/chaos": {}, "later": {},
	}
	got := strings.Join(compareHouse(house, pkgs), "\n")
	for _, want := range []string{"b/c imports a,", "cmd/x imports internal/rig/chaos,", "gone has a line",
		"internal/rig/chaos has no line", "later has no line"} {
		if !strings.Contains(got, want) {
			t.Errorf("not noticed: %s", want)
		}
	}
	if n := strings.Count(got, "\n"); n != 4 {
		t.Errorf("%d breaches, want 5:\n%s", n+1, got)
	}
}
