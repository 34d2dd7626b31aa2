package inventory

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
)

// bag embeds a text as the unit vector of its hashed words: near where words are shared.
func bag(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		v := make([]float32, 1024)
		for w := range words(text) {
			h := fnv.New32a()
			h.Write([]byte(w))
			v[h.Sum32()%1024]++
		}
		var norm float64
		for _, x := range v {
			norm += float64(x) * float64(x)
		}
		for k := range v {
			v[k] /= float32(math.Sqrt(norm))
		}
		out[i] = v
	}
	return out, nil
}

func row(text, theory string, levels ...string) data.Row {
	r := data.Row{Text: text, Theory: theory, TextID: data.TextID(text), Group: "g", Corpus: "c", Licence: "l",
		DirectionSource: data.SourceNone}
	for k, level := range []*string{&r.Level1, &r.Level2, &r.Level3} {
		if k < len(levels) {
			*level = levels[k]
		}
	}
	return r
}

// idOf finds a sentence by how it begins.
func idOf(t *testing.T, begins string) int32 {
	t.Helper()
	for _, a := range Bank().Anchors {
		if strings.HasPrefix(a.Text, begins) {
			return a.ID
		}
	}
	t.Fatalf("no sentence begins with %q", begins)
	return 0
}

func assigned(t *testing.T, limits Limits, rows ...data.Row) ([]data.Row, Report) {
	t.Helper()
	a, err := NewAssigner(context.Background(), bag, limits)
	if err == nil {
		err = a.Assign(context.Background(), rows)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows, a.Report()
}

func TestAssignStaysOnTheRowsPath(t *testing.T) {
	const blood, queue = "He was giving blood when the supplies were low.", "Letting people take their turn in the queue."
	rows, report := assigned(t, Limits{MaxDistance: .7, Margin: .01},
		row(blood, "duty", "beneficence"),
		// the nearest sentence of all is on another path
		row(blood, "duty", "fidelity"),
		row("They wanted fun at the end of the week.", "svt", "self-enhancement"), // hedonism by its other parent
		// the annotator stopped above the leaf
		row("A smile for a lonely stranger in the street.", "mft", "care/harm"),
		row("A smile for a lonely stranger in the street.", "mft", "care/harm", "kindness"), // and here did not
		row("Zzyzx qwrt.", "duty", "justice"),
		row(queue, "duty", "justice"),
	)
	kind := idOf(t, "Greeting a lonely stranger")
	for i, want := range []int32{
		idOf(t, "Giving blood"), data.NoAnchor, idOf(t, "Making time for fun"), kind, kind, data.NoAnchor,
		idOf(t, "Letting people take"),
	} {
		if got := rows[i].IndividualAnchor; got != want {
			t.Errorf("row %d has anchor %d, want %d", i, got, want)
		}
	}
	if report.Rows != 7 || report.Assigned != 5 || report.Refused != 2 || report.NoCandidate != 0 ||
		report.AnchorsUsed != 4 {
		t.Errorf("report %+v", report)
	}
}

// Every anchor that is given must lie on the row's path, whatever the limits; written from the definition.
func TestCandidatesEqualTheirDefinition(t *testing.T) {
	a, err := NewAssigner(context.Background(), bag, Limits{MaxDistance: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, theory := range theories.Builtin().Names() {
		tree, _ := theories.Builtin().Get(theory)
		for _, p := range tree.Nodes() {
			got := map[int]bool{}
			for _, k := range a.onPath(theories.Node{Theory: theory, Path: p}) {
				got[k] = true
			}
			if len(got) == 0 {
				t.Errorf("%s has no sentence", theories.ValueID(theory, p))
			}
			for k, sentence := range Bank().Anchors {
				if want := plainlyOn(theory, p, sentence.ValueIDs); got[k] != want {
					t.Errorf("%s and sentence %d: %v, want %v", theories.ValueID(theory, p), k, got[k], want)
				}
			}
		}
	}
}

// plainlyOn compares value ids as strings, over all paths that bear the value's name.
func plainlyOn(theory string, p theories.Path, ids []string) bool {
	var mine []string
	for _, q := range theories.Builtin().Resolve(theory, p.Name()) {
		mine = append(mine, theories.ValueID(theory, q)+"/")
	}
	for _, id := range ids {
		name := id[strings.LastIndex(id, "/")+1:]
		for _, q := range theories.Builtin().Resolve(strings.Split(id, "/")[0], name) {
			other := theories.ValueID(strings.Split(id, "/")[0], q) + "/"
			for _, m := range mine {
				if strings.HasPrefix(m, other) || strings.HasPrefix(other, m) {
					return true
				}
			}
		}
	}
	return false
}

func TestAssignRefusesABrokenEmbedder(t *testing.T) {
	ctx, broken := context.Background(), errors.New("out of ink")
	if _, err := NewAssigner(ctx, func(context.Context, []string) ([][]float32, error) { return nil, broken },
		DefaultLimits()); !errors.Is(err, broken) {
		t.Errorf("an error: %v", err)
	}
	if _, err := NewAssigner(ctx, func(context.Context, []string) ([][]float32, error) {
		return nil, nil
	}, DefaultLimits()); err == nil {
		t.Error("too few vectors: accepted")
	}
	a, err := NewAssigner(ctx, bag, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	a.embed = func(context.Context, []string) ([][]float32, error) { return [][]float32{{1}}, nil }
	if err := a.Assign(ctx, []data.Row{row("x", "duty", "justice")}); err == nil {
		t.Error("vectors of another length: accepted")
	}
}

func TestAssignFileIsTheSameTwiceAndInBlocks(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.parquet")
	tree, _ := theories.Builtin().Get("right")
	var rows []data.Row
	texts := Bank().Texts()
	for i := range rowsAtOnce + 10 { // more than one block
		leaf := tree.Leaves[i%len(tree.Leaves)]
		r := row(texts[i%Size]+" And so on.", "right", leaf[0], leaf[1], leaf[2])
		r.Extra = map[string]string{"note": "kept"}
		rows = append(rows, r)
	}
	if err := data.Write(in, rows); err != nil {
		t.Fatal(err)
	}
	var files [2][]byte
	for k, name := range []string{"a.parquet", "b.parquet"} {
		out := filepath.Join(dir, name)
		report, err := AssignFile(context.Background(), in, out, theories.Builtin(), bag, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if report.Rows != len(rows) || report.Assigned == 0 || report.Assigned+report.Refused != len(rows) {
			t.Errorf("report %+v", report)
		}
		files[k], _ = os.ReadFile(out)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the same rows gave other bytes")
	}
	got, err := data.Read(filepath.Join(dir, "a.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := assigned(t, DefaultLimits(), rows...)
	for i := range got {
		if got[i].IndividualAnchor != whole[i].IndividualAnchor || got[i].Extra["note"] != "kept" {
			t.Fatalf("row %d: anchor %d in blocks, %d at once", i, got[i].IndividualAnchor, whole[i].IndividualAnchor)
		}
	}
}

func TestSpreadEqualsItsDefinition(t *testing.T) {
	vectors, err := bag(context.Background(), Bank().Texts()[:40])
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	pairs := 0
	for i := range vectors {
		for j := range i {
			var cosine float64
			for k := range vectors[i] {
				cosine += float64(vectors[i][k]) * float64(vectors[j][k])
			}
			sum += 1 - cosine
			pairs++
		}
	}
	if got, want := spread(vectors), sum/float64(pairs); math.Abs(got-want) > 1e-6 {
		t.Errorf("spread %v, want %v", got, want)
	}
}

func TestAssignRefusesAnEmbedderThatTellsNothingApart(t *testing.T) {
	flat := func(_ context.Context, texts []string) ([][]float32, error) {
		out := make([][]float32, len(texts))
		for i := range out {
			out[i] = []float32{1, 0}
		}
		return out, nil
	}
	if _, err := NewAssigner(context.Background(), flat, DefaultLimits()); err == nil ||
		!strings.Contains(err.Error(), "no sentence from another") {
		t.Errorf("all vectors alike: %v", err)
	}
	if _, err := NewAssigner(context.Background(), bag, Limits{}); err == nil ||
		!strings.Contains(err.Error(), "more than 0") {
		t.Errorf("no distance: %v", err)
	}
}
