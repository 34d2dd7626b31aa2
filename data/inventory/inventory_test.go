package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hives/data/anchors"
	"hives/data/theories"
)

func TestKindsAndIDsAreDense(t *testing.T) {
	b := Bank()
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for i, a := range b.Anchors {
		if int(a.ID) != i {
			t.Fatalf("id %d stands at %d", a.ID, i)
		}
		counts[a.Kind]++
	}
	// The paper's individual bank: 142 values, 158 duties, 107 rights.
	for kind, want := range map[string]int{"value": 142, "duty": 158, "right": 107} {
		if counts[kind] != want {
			t.Errorf("%d of kind %s, want %d", counts[kind], kind, want)
		}
	}
}

// Rows on disk hold ids: whoever changes a sentence or its place must raise Version, and enter the new hash here.
func TestVersionStandsForTheWords(t *testing.T) {
	known := map[int]string{1: "27935c54d133721cdb36b3628aadb6bbb0b02bc327fa94f6bd2c19af25886fc4"}
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); got != known[Version] {
		t.Errorf("version %d hashes to %s, want %s; raise Version with every change", Version, got, known[Version])
	}
}

func TestEveryLeafHasSentences(t *testing.T) {
	const least = 3
	count := map[string]int{}
	for _, a := range Bank().Anchors {
		for _, id := range a.ValueIDs {
			count[id]++
		}
	}
	for _, theory := range []string{"svt", "mft", "duty", "right"} {
		tree, _ := theories.Builtin().Get(theory)
		for _, leaf := range tree.Leaves {
			id := theories.ValueID(theory, theories.Builtin().Canonical(theory, leaf))
			if count[id] < least {
				t.Errorf("%s has %d sentences, want %d", id, count[id], least)
			}
		}
	}
}

func TestReadableRefusesWhatCannotBeReadAloud(t *testing.T) {
	for _, text := range []string{
		"Too short.", "Being fair and/or kind to people.", "Being fair (most of the time) to people.",
		"Reading 3 books in a week.",
		"being fair to everybody one meets.", "Being fair to everybody one meets", "Being fair. Being kind to people.",
		"Keeping my promise to a friend.", "Trusting the UN to keep the peace.", "Being fair  to everybody one meets.",
		"Being fair to everybody one meets on a long walk through a very old town at night.",
	} {
		if readable(text) == nil {
			t.Errorf("%q: accepted", text)
		}
	}
	if err := readable("Keeping a promise even when it has become inconvenient."); err != nil {
		t.Error(err)
	}
}

func TestParseRefusesABrokenList(t *testing.T) {
	for reason, change := range map[string][2]string{
		"another version":        {"version 1:", "version 2:"},
		"an id left out":         {"\n7,value", "\n8,value"},
		"a kind out of place":    {"\n7,value", "\n7,duty"},
		"an unknown node":        {"svt/openness-to-change/stimulation", "svt/openness-to-change/stimulus"},
		"a node of another kind": {"\n142,duty,duty/fidelity", "\n142,duty,svt/conservation/tradition"},
		"not the canonical node": {"svt/openness-to-change/hedonism", "svt/self-enhancement/hedonism"},
		"a sentence lost":        {"406,right", "#"},
	} {
		broken := strings.Replace(string(raw), change[0], change[1], 1)
		if broken == string(raw) {
			t.Fatalf("%s: nothing was changed", reason)
		}
		if _, err := parse([]byte(broken)); err == nil {
			t.Errorf("%s: accepted", reason)
		}
	}
}

func TestWrittenAndReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "individual_anchors.parquet")
	if err := anchors.Write(path, Bank()); err != nil {
		t.Fatal(err)
	}
	b, err := anchors.Read(path, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Anchors) != Size || b.Anchors[142].Kind != anchors.KindDuty || b.Meta[MetaVersion] != "1" {
		t.Errorf("read %d anchors, %+v, %v", len(b.Anchors), b.Anchors[142], b.Meta)
	}
}

// Two sentences are near-duplicates if half of their content words, or most of their letter triples, agree.
// Measured on version 1: the closest pairs have .43 and .56.
const maxOverlap, maxSimilarity = .5, .6

var word = regexp.MustCompile(`[a-z'-]+`)

// hollow words say nothing about the matter.
var hollow = strings.Fields("a an and are as at be been being by for from had has have having in is it its no not of " +
	"on one one's or so than that the to was were what when which who whom whose with without")

// words returns the stems of the content words: crude, but the same for "helping" and "helps".
func words(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range word.FindAllString(strings.ToLower(text), -1) {
		for _, ending := range []string{"'s", "ing", "ed", "es", "s"} {
			if len(w) > 4 && strings.HasSuffix(w, ending) {
				w = strings.TrimSuffix(w, ending)
				break
			}
		}
		out[w] = true
	}
	for _, w := range hollow {
		delete(out, w)
	}
	return out
}

// overlap is the Jaccard index of the content words.
func overlap(a, b map[string]bool) float64 {
	both := 0
	for w := range a {
		if b[w] {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// triples counts three letters in a row, spaces included.
func triples(text string) map[string]float64 {
	text = " " + strings.Join(word.FindAllString(strings.ToLower(text), -1), " ") + " "
	out := map[string]float64{}
	for i := 0; i+3 <= len(text); i++ {
		out[text[i:i+3]]++
	}
	return out
}

// similarity is the cosine of the counts.
func similarity(a, b map[string]float64) float64 {
	var ab, aa, bb float64
	for k, x := range a {
		ab += x * b[k]
		aa += x * x
	}
	for _, x := range b {
		bb += x * x
	}
	return ab / math.Sqrt(aa*bb)
}

func TestNoNearDuplicates(t *testing.T) {
	list := Bank().Anchors
	w, g := make([]map[string]bool, len(list)), make([]map[string]float64, len(list))
	for i, a := range list {
		w[i], g[i] = words(a.Text), triples(a.Text)
	}
	var mostWords, mostLetters float64
	for i := range list {
		for j := range i {
			o, s := overlap(w[i], w[j]), similarity(g[i], g[j])
			mostWords, mostLetters = max(mostWords, o), max(mostLetters, s)
			if o >= maxOverlap || s >= maxSimilarity {
				t.Errorf("ids %d and %d: words %.2f, letters %.2f: %q, %q", j, i, o, s, list[j].Text, list[i].Text)
			}
		}
	}
	t.Logf("closest pairs: words %.2f, letters %.2f", mostWords, mostLetters)
}

// The test above must be able to fail: it has to catch what a hurried writer would produce.
func TestNearDuplicatesAreCaught(t *testing.T) {
	for _, pair := range [][2]string{
		{"Paying equal wages for equal work.", "Getting equal pay for equal work."},
		{"Keeping a promise when it is inconvenient.", "Keeping promises even if inconvenient."},
		{"Helping a stranger in need.", "Helping strangers who are in need."},
	} {
		o, s := overlap(words(pair[0]), words(pair[1])), similarity(triples(pair[0]), triples(pair[1]))
		if o < maxOverlap && s < maxSimilarity {
			t.Errorf("%q: words %.2f, letters %.2f", pair, o, s)
		}
	}
}

func TestListRestrictsByKindAndNode(t *testing.T) {
	for _, c := range []struct {
		reason, kind, node string
		least, most        int
	}{
		{"all", "", "", Size, Size},
		{"one kind", "right", "", Rights, Rights},
		{"a node and what is below", "", "right/first-generation", 40, Rights - 1},
		{"the other parent of hedonism", "", "svt/self-enhancement/hedonism", 3, 10},
		{"a node of another kind", "duty", "svt/conservation", 0, 0},
	} {
		l, err := List(c.kind, c.node, theories.Builtin())
		if err != nil || len(l.Sentences) < c.least || len(l.Sentences) > c.most {
			t.Errorf("%s: %d sentences, want %d to %d; %v", c.reason, len(l.Sentences), c.least, c.most, err)
		}
		var text strings.Builder
		if err := l.WriteText(&text); err != nil || strings.Count(text.String(), ".") < len(l.Sentences) {
			t.Errorf("%s: printed %d letters, %v", c.reason, text.Len(), err)
		}
	}
	if _, err := List("", "svt/nowhere", theories.Builtin()); err == nil {
		t.Error("an unknown node: accepted")
	}
	if _, err := List("virtue", "", theories.Builtin()); err == nil {
		t.Error("an unknown kind: accepted")
	}
}
