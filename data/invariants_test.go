package data

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/data/theories"

	"github.com/google/go-cmp/cmp"
)

// A Merger on disk keeps all rows of a text in one bucket, and what is left of a bucket in the order of its places.
func TestMergerBuckets(t *testing.T) {
	m := NewMerger(theories.Builtin())
	m.limit = 8
	defer m.Close()
	random := rand.New(rand.NewPCG(5, 5))
	for i := range 400 {
		text := fmt.Sprint("text ", random.IntN(120))
		row := Row{Text: text, TextID: TextID(text), Group: fmt.Sprint("g", random.IntN(50)), Theory: "mft",
			Level1: "care/harm", Direction: int32(random.IntN(2)), DirectionSource: SourceAnnotated, Corpus: fmt.Sprint(i)}
		if err := m.Add(&row); err != nil {
			t.Fatal(err)
		}
	}
	bucket, rows := map[string]int{}, 0
	for at := range mergeBuckets {
		for _, text := range read(t, m.spread, at, func(in *bufio.Reader, r *Row) (uint64, error) {
			p, _, err := readPlaced(in, r)
			return p, err
		}) {
			rows++
			if other, known := bucket[text.id]; known && other != at {
				t.Fatalf("text %s is in buckets %d and %d", text.id, other, at)
			}
			bucket[text.id] = at
		}
	}
	if rows != 400 || len(bucket) < 50 {
		t.Fatalf("%d rows of %d texts in the buckets", rows, len(bucket))
	}
	stats, err := m.Finish()
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for at := range mergeBuckets {
		list := read(t, m.kept, at, func(in *bufio.Reader, r *Row) (uint64, error) { return readRow(in, r) })
		kept += len(list)
		if !slices.IsSortedFunc(list, func(a, b placedText) int { return int(a.place) - int(b.place) }) {
			t.Errorf("bucket %d holds the places %v", at, list)
		}
	}
	if kept != stats.Out || kept == 0 || kept == rows {
		t.Errorf("%d rows in the buckets, the account says %d of %d", kept, stats.Out, rows)
	}
}

type placedText struct {
	place uint64
	id    string
}

// read goes through one bucket.
func read(t *testing.T, b *buckets, at int, next func(*bufio.Reader, *Row) (uint64, error)) (list []placedText) {
	t.Helper()
	in, err := b.read(at)
	if err != nil {
		t.Fatal(err)
	}
	for in != nil {
		var r Row
		place, err := next(in, &r)
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, placedText{place, r.TextID})
	}
	return list
}

// The examples of the package's comments, as they are written there.
func TestExamplesOfComments(t *testing.T) {
	if got := CleanText("He said:\n &amp;quot;no&amp;quot;\u200b "); got != `He said: "no"` {
		t.Errorf("cleaned: %q", got)
	}
	for text, want := range map[string]string{"I don't -- really! -- CARE.": "i dont really care",
		"5% of -3 :-)": "5 % of -3 :)"} {
		if got := NormaliseText(text); got != want {
			t.Errorf("%q is normalised to %q, the comment says %q", text, got, want)
		}
	}
	c := newComponents()
	for _, pair := range []string{"cb", "da", "cd"} {
		c.join(pair[:1], pair[1:])
	}
	if c.find("a")+c.find("b")+c.find("c")+c.find("d") != "aaaa" {
		t.Errorf("components %v", c.parent)
	}
	rows := []Row{
		{Text: "x", TextID: "x", Theory: "svt", Level1: "openness to change", Level2: "hedonism", Direction: 1,
			DirectionSource: SourceAnnotated},
		{Text: "x", TextID: "x", Theory: "mft", Level1: "care/harm", DirectionSource: SourceNone},
		{Text: "y", TextID: "y", Theory: "svt", Level1: "self-enhancement", Level2: "power", Direction: -1,
			DirectionSource: SourceAnnotated},
	}
	got := NewLabels(rows, theories.Builtin())
	want := &Labels{
		Theory: []int32{0, 1, 0}, Levels: [][3]int32{{0, 0, -1}, {1, -1, -1}, {2, 1, -1}}, Direction: []int32{1, 0, -1},
		Judged: []bool{true, false, true}, Text: []int32{0, 0, 1}, Group: []int32{0, 0, 0}, Corpus: []int32{0, 0, 0},
		TheoryNames: []string{"svt", "mft"}, CorpusNames: []string{""},
		LevelNames: [3][]string{{"openness to change", "care/harm", "self-enhancement"}, {"hedonism", "power"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("labels (-comment +NewLabels):\n%s", diff)
	}
}

// The table of Dedupe's comment, row by row.
func TestDedupeExample(t *testing.T) {
	row := func(text, value string, direction int32, source string) Row {
		return Row{Text: text, TextID: TextID(text), Theory: "mft", Level1: value, Direction: direction,
			DirectionSource: source}
	}
	out, stats := Dedupe([]Row{
		row("Be kind!", "care/harm", 1, SourceAnnotated), row("be kind", "care/harm", 1, SourceAnnotated),
		row("be kind", "care/harm", 0, SourceNone),
		row("Be kind!", "loyalty/betrayal", 1, SourceAnnotated), row("Be kind!", "loyalty/betrayal", -1, SourceAnnotated),
	}, theories.Builtin())

	want := DedupeStats{In: 5, Out: 1, NormalisedDuplicates: 1, Superseded: 1, Contradictions: 2}
	if stats != want || len(out) != 1 || out[0].Text != "Be kind!" {
		t.Errorf("%+v of %v, want %+v", stats, out, want)
	}
}
