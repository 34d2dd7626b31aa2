package anchors

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data"
	bank "hives/data/anchors"
	"hives/data/theories"
	"hives/internal/fault"
)

// assigned writes rows, assigns them to the bank and reads them back.
func assigned(t *testing.T, b *bank.Bank, f *fake, rows []data.Row, l Limits) ([]data.Row, *Assigned) {
	t.Helper()
	in, out := rowsFile(t, rows), filepath.Join(t.TempDir(), "out.parquet")
	sum, err := Assign(context.Background(), in, out, b, f, l)
	if err != nil {
		t.Fatal(err)
	}
	got, err := data.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	return got, sum
}

func TestAssignGivesEachTopicItsAnchor(t *testing.T) {
	b := build(t, newFake(), smallOptions(rowsFile(t, topicRows(20, 12, 8, 7, 4)), 5)).Bank
	rows := topicRows(30, 14, 9, 8, 6) // seen and unseen texts; the bank has no anchor for topic 4
	rows[0].TheoryAnchor = 77
	rows[3].Extra = map[string]string{"note": "kept"}
	got, sum := assigned(t, b, newFake(), rows, DefaultLimits())
	at := byTopic(b)
	for i := range got {
		want := data.NoAnchor
		if k, ok := at[topicOf(got[i].Text)]; ok {
			want = b.Anchors[k].ID
		}
		if got[i].TheoryAnchor != want {
			t.Errorf("row %d of topic %s has anchor %d, want %d", i, topicOf(got[i].Text), got[i].TheoryAnchor, want)
		}
		before := rows[i]
		before.TheoryAnchor = got[i].TheoryAnchor
		if before.Extra == nil {
			before.Extra = map[string]string{"note": ""}
		}
		if diff := cmp.Diff(before, got[i]); diff != "" {
			t.Errorf("row %d changed elsewhere:\n%s", i, diff)
		}
	}
	if sum.Rows != 134 || sum.RowsWith != 122 || sum.Texts != 67 || sum.TextsWith != 61 || sum.Used != 4 ||
		sum.Overwritten != 1 {
		t.Errorf("%+v", sum)
	}
}

// plainAssign asks the definition: nearest centre, near enough and ahead enough.
func plainAssign(v []float32, b *bank.Bank, spread float64, l Limits) int32 {
	var distance []float64
	for _, a := range b.Anchors {
		cosine := 0.0
		for j := range v {
			cosine += float64(v[j]) * float64(a.Vector[j])
		}
		distance = append(distance, (1-cosine)/spread)
	}
	order := slices.Clone(distance)
	slices.Sort(order)
	if order[0] > l.MaxDistance || order[1]-order[0] < l.Margin {
		return data.NoAnchor
	}
	return b.Anchors[slices.Index(distance, order[0])].ID
}

func TestLimitsAreInSpreads(t *testing.T) {
	f := newFake()
	f.wobble = .9
	o := smallOptions(rowsFile(t, topicRows(25, 25, 25)), 8)
	o.MinExemplars = 2
	built := build(t, f, o)
	for _, l := range []Limits{{0, 2}, {.05, 2}, {.2, 2}, {0, .4}, {.1, .5}} {
		got, sum := assigned(t, built.Bank, f, topicRows(25, 25, 25), l)
		with := 0
		for _, r := range got {
			i, _ := slices.BinarySearchFunc(built.corpus.Texts, r.TextID, func(x Text, id string) int {
				return strings.Compare(x.ID, id)
			})
			want := plainAssign(built.points.Row(i), built.Bank, built.Report.Spread, l)
			if r.TheoryAnchor != want {
				t.Errorf("%+v: anchor %d, by definition %d", l, r.TheoryAnchor, want)
			}
			if want != data.NoAnchor {
				with++
			}
		}
		if sum.RowsWith != with {
			t.Errorf("%+v: %d rows with an anchor, counted %d", l, sum.RowsWith, with)
		}
		if l != (Limits{0, 2}) && (with == 0 || with == len(got)) {
			t.Errorf("%+v refuses nobody or everybody: %d", l, with)
		}
	}
}

func TestAssignRefuses(t *testing.T) {
	built := build(t, newFake(), smallOptions(rowsFile(t, topicRows(9, 9)), 2))
	rows := rowsFile(t, topicRows(9, 9))
	cases := []struct {
		name   string
		change func(b *bank.Bank, f *fake, l *Limits)
		kind   fault.Kind
		want   string
	}{
		{"other weights", func(_ *bank.Bank, f *fake, _ *Limits) { f.id.WeightsSHA256 = strings.Repeat("99", 32) },
			fault.Mismatch, "weights abababababab"},
		{"another tokenizer", func(_ *bank.Bank, f *fake, _ *Limits) { f.id.TokenizerSHA256 = strings.Repeat("99", 32) },
			fault.Mismatch, "tokenizer cdcdcdcdcdcd"},
		{"another length", func(_ *bank.Bank, f *fake, _ *Limits) { f.id.MaxLength = 128 }, fault.Mismatch, "64 tokens"},
		{"another pooling", func(_ *bank.Bank, f *fake, _ *Limits) { f.id.Pooling = "mean" }, fault.Mismatch, "last pooling"},
		{"no embedder named", func(b *bank.Bank, _ *fake, _ *Limits) { b.Meta = nil }, fault.Invalid, "names no embedder"},
		{"no spread named", func(b *bank.Bank, _ *fake, _ *Limits) { b.Meta[metaReport] = "{}" }, fault.Invalid,
			"how far its texts"},
		{"no centres", func(b *bank.Bank, _ *fake, _ *Limits) {
			for i := range b.Anchors {
				b.Anchors[i].Vector = nil
			}
		}, fault.Mismatch, "no centres"},
		{"a negative margin", func(_ *bank.Bank, _ *fake, l *Limits) { l.Margin = -1 }, fault.Invalid, "margin of -1"},
		{"a vector that is no number", func(_ *bank.Bank, f *fake, _ *Limits) {
			f.spoil = func(v [][]float32) { v[0][0] = float32(math.NaN()) }
		}, fault.Invalid, "not finite"},
	}
	for _, c := range cases {
		path := filepath.Join(t.TempDir(), "a.parquet")
		if err := bank.Write(path, built.Bank); err != nil {
			t.Fatal(err)
		}
		b, err := bank.Read(path, theories.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		f, l, out := newFake(), DefaultLimits(), filepath.Join(t.TempDir(), "out.parquet")
		c.change(b, f, &l)
		_, err = Assign(context.Background(), rows, out, b, f, l)
		if err == nil || fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v (%v), want %q", c.name, err, fault.Of(err), c.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: rows were written", c.name)
		}
	}
	// The name and the engine of an embedder make no other vectors.
	f := newFake()
	f.id.Name, f.id.Engine = "copy", "cpu"
	if _, err := Assign(context.Background(), rows, filepath.Join(t.TempDir(), "o.csv"), built.Bank, f,
		DefaultLimits()); err != nil {
		t.Errorf("another name and engine: %v", err)
	}
}

func TestAssignInPlaceTwiceGivesTheSameBytes(t *testing.T) {
	built := build(t, newFake(), smallOptions(rowsFile(t, topicRows(9, 9)), 2))
	path := rowsFile(t, topicRows(2000, 9)) // more texts than one chunk
	bankFile := filepath.Join(t.TempDir(), "a.parquet")
	if err := bank.Write(bankFile, built.Bank); err != nil {
		t.Fatal(err)
	}
	var files [][]byte
	for range 2 {
		j := AssignJob{Bank: bankFile, In: path, Out: path, Limits: DefaultLimits(), Stdout: io.Discard}
		if err := RunAssign(context.Background(), newFake(), j); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, raw)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("assigning again changed the file")
	}
}
