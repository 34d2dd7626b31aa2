package anchors

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data"
	bank "hives/data/anchors"
	"hives/internal/fault"
	"hives/internal/kmeans"
)

func build(t *testing.T, f *fake, o Options) *Built {
	t.Helper()
	b, err := Build(context.Background(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// byTopic maps the topic of each anchor's sentence to its place.
func byTopic(b *bank.Bank) map[string]int {
	out := map[string]int{}
	for i, a := range b.Anchors {
		out[topicOf(a.Text)] = i
	}
	return out
}

func TestBuildFindsTopicsAndDropsSmallOnes(t *testing.T) {
	path := rowsFile(t, topicRows(20, 12, 8, 7, 4, 3)) // the last two have fewer than 5 texts
	b := build(t, newFake(), smallOptions(path, 6))
	at := byTopic(b.Bank)
	if len(b.Bank.Anchors) != 4 || len(at) != 4 {
		t.Fatalf("%d anchors of %d topics, want 4: %+v", len(b.Bank.Anchors), len(at), b.Report)
	}
	want := Report{
		Rows: 108, Texts: 54, Clusters: 6, Small: 2, Lost: 7, Anchors: 4, Medoids: 4,
		Cost: b.Report.Cost, Costs: b.Report.Costs, Passes: b.Report.Passes, Spread: b.Report.Spread,
	}
	if diff := cmp.Diff(want, b.Report); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	a := b.Bank.Anchors[at["0"]]
	if a.Count != 20 || len(a.Exemplars) != 10 || a.Provenance != medoidName || a.Bank != bank.Theory {
		t.Errorf("the first topic's anchor: %+v", a)
	}
	if data.TextID(a.Text) != a.Exemplars[0] {
		t.Error("the sentence is not that of the first exemplar")
	}
	d := b.details[at["0"]]
	if d.Theories["svt"] != 20 || d.Theories["mft"] != 20 || len(d.Values) != 2 || d.Corpora["corpus0"] != 20 ||
		len(a.ValueIDs) != 2 {
		t.Errorf("the first topic's mix: %+v, values %v", d, a.ValueIDs)
	}
	for i, a := range b.Bank.Anchors {
		if a.ID != int32(i) {
			t.Errorf("anchor %d has id %d", i, a.ID)
		}
	}
}

// The medoid is the member with the highest mean cosine to the others, counted pair by pair.
func TestFirstExemplarIsTheMedoid(t *testing.T) {
	b := build(t, newFake(), smallOptions(rowsFile(t, topicRows(15, 9)), 2))
	at := map[string]int{}
	for i, text := range b.corpus.Texts {
		at[text.ID] = i
	}
	for _, a := range b.Bank.Anchors {
		best, highest := "", math.Inf(-1)
		for _, x := range b.corpus.Texts {
			sum := 0.0
			for _, y := range b.corpus.Texts {
				if topicOf(x.Text) == topicOf(a.Text) && topicOf(y.Text) == topicOf(a.Text) {
					for j := range b.points.D {
						sum += float64(b.points.Row(at[x.ID])[j]) * float64(b.points.Row(at[y.ID])[j])
					}
				}
			}
			if topicOf(x.Text) == topicOf(a.Text) && sum > highest {
				best, highest = x.Text, sum
			}
		}
		if a.Text != best {
			t.Errorf("sentence %q, medoid %q", a.Text, best)
		}
	}
}

func TestSpreadIsTheMeanDistanceOfPairs(t *testing.T) {
	b := build(t, newFake(), smallOptions(rowsFile(t, topicRows(9, 9)), 2))
	sum, pairs := 0.0, 0.0
	for i := range b.points.N {
		for k := range b.points.N {
			if i == k {
				continue
			}
			cosine := 0.0
			for j := range b.points.D {
				cosine += float64(b.points.Row(i)[j]) * float64(b.points.Row(k)[j])
			}
			sum += 1 - cosine
			pairs++
		}
	}
	if math.Abs(b.Report.Spread-sum/pairs) > 1e-6 {
		t.Errorf("spread %v, counted %v", b.Report.Spread, sum/pairs)
	}
}

func TestSplitTopicsAreMerged(t *testing.T) {
	path := rowsFile(t, topicRows(30, 30, 30))
	o := smallOptions(path, 9) // three clusters a topic
	o.MinExemplars = 2
	o.Merge = 0
	split := build(t, newFake(), o)
	o.Merge = .3
	whole := build(t, newFake(), o)
	if split.Report.Merged != 0 || split.Report.Anchors != 9 {
		t.Errorf("without merging: %+v", split.Report)
	}
	if whole.Report.Merged != 6 || whole.Report.Anchors != 3 {
		t.Errorf("with merging: %+v", whole.Report)
	}
	for i := range whole.details {
		if whole.details[i].Parts < 2 || whole.Bank.Anchors[i].Count != 30 {
			t.Errorf("anchor %d: %d parts, %d texts", i, whole.details[i].Parts, whole.Bank.Anchors[i].Count)
		}
	}
}

// plainMerge recomputes every cosine after every merge.
func plainMerge(p kmeans.Points, groups [][]int, limit float64) [][]int {
	unit := func(members []int) []float64 {
		v := make([]float64, p.D)
		for _, i := range members {
			for j := range v {
				v[j] += float64(p.Row(i)[j])
			}
		}
		n := math.Sqrt(dot(v, v))
		for j := range v {
			v[j] /= n
		}
		return v
	}
	for {
		x, y, best := 0, 0, limit
		for a := range groups {
			for b := range a {
				if c := dot(unit(groups[a]), unit(groups[b])); c > best {
					x, y, best = a, b, c
				}
			}
		}
		if x == y {
			return groups
		}
		groups[y] = append(groups[y], groups[x]...)
		slices.Sort(groups[y])
		groups = slices.Delete(groups, x, x+1)
	}
}

func TestMergeEqualsThePlainOne(t *testing.T) {
	f := newFake()
	f.wobble = 1
	b := build(t, f, smallOptions(rowsFile(t, topicRows(15, 15, 15, 15)), 3))
	for _, limit := range []float64{.9, .7, .5, .2} {
		var groups [][]int
		var all []*cluster
		for i := 0; i+3 <= b.points.N; i += 3 {
			groups = append(groups, []int{i, i + 1, i + 2})
			c := &cluster{members: []int{i, i + 1, i + 2}, parts: 1}
			c.recentre(b.points)
			all = append(all, c)
		}
		var got [][]int
		for _, c := range merge(b.points, all, limit) {
			got = append(got, c.members)
		}
		if diff := cmp.Diff(plainMerge(b.points, groups, limit), got); diff != "" {
			t.Errorf("limit %v (-plain +fast):\n%s", limit, diff)
		}
	}
}

// run builds through the command's job and returns the bank's and the page's bytes.
func run(t *testing.T, f *fake, o Options) (file, page []byte) {
	t.Helper()
	dir := t.TempDir()
	j := BuildJob{Options: o, Out: filepath.Join(dir, "a.parquet"), Page: filepath.Join(dir, "a.html"), Stdout: io.Discard,
		Log: io.Discard}
	if err := RunBuild(context.Background(), f, j); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(j.Out)
	if err != nil {
		t.Fatal(err)
	}
	page, err = os.ReadFile(j.Page)
	if err != nil {
		t.Fatal(err)
	}
	return file, page
}

func TestSameCommandGivesTheSameBytes(t *testing.T) {
	path := rowsFile(t, topicRows(20, 12, 8, 7, 9))
	o := smallOptions(path, 7)
	file, page := run(t, newFake(), o)
	before := runtime.GOMAXPROCS(1)
	again, pageAgain := run(t, newFake(), o)
	runtime.GOMAXPROCS(before)
	if !bytes.Equal(file, again) || !bytes.Equal(page, pageAgain) {
		t.Error("the second run wrote other bytes")
	}
	o.KMeans.Seed++
	if other, _ := run(t, newFake(), o); bytes.Equal(file, other) {
		t.Error("another seed wrote the same bytes")
	}
}

func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rows := topicRows(9, 9, 9)
	one := build(t, newFake(), smallOptions(rowsFile(t, rows), 4))
	slices.Reverse(rows)
	two := build(t, newFake(), smallOptions(rowsFile(t, rows), 4))
	if diff := cmp.Diff(one.Bank.Anchors, two.Bank.Anchors); diff != "" {
		t.Error(diff)
	}
}

func TestRebuildKeepsIDs(t *testing.T) {
	dir := t.TempDir()
	o := smallOptions(rowsFile(t, topicRows(20, 12, 8, 7)), 4)
	first := build(t, newFake(), o)
	o.Previous = filepath.Join(dir, "first.parquet")
	if err := bank.Write(o.Previous, first.Bank); err != nil {
		t.Fatal(err)
	}
	// Topic 1 is gone, topic 3 has grown, topics 4 and 5 are new; another seed, another weights' name.
	rows := slices.DeleteFunc(topicRows(20, 12, 8, 16, 9, 9), func(r data.Row) bool { return topicOf(r.Text) == "1" })
	o.Rows, o.KMeans.K, o.KMeans.Seed = rowsFile(t, rows), 5, 9
	second := build(t, newFake(), o)
	was, is := byTopic(first.Bank), byTopic(second.Bank)
	for _, topic := range []string{"0", "2", "3"} {
		if a, b := first.Bank.Anchors[was[topic]].ID, second.Bank.Anchors[is[topic]].ID; a != b {
			t.Errorf("topic %s had id %d, has %d", topic, a, b)
		}
	}
	gone := first.Bank.Anchors[was["1"]].ID
	for _, a := range second.Bank.Anchors {
		if a.ID == gone {
			t.Errorf("the id %d of a topic that is gone was given away again", gone)
		}
	}
	if second.Report.Kept != 3 || second.Bank.Meta[metaNextID] != "6" {
		t.Errorf("%d ids kept, next %s; want 3 and 6", second.Report.Kept, second.Bank.Meta[metaNextID])
	}
	// An id that was retired by the second bank stays retired in the third.
	o.Previous = filepath.Join(dir, "second.parquet")
	if err := bank.Write(o.Previous, second.Bank); err != nil {
		t.Fatal(err)
	}
	o.Rows, o.KMeans.K = rowsFile(t, topicRows(20, 12, 8, 16)), 4
	third := build(t, newFake(), o)
	if got := third.Bank.Anchors[byTopic(third.Bank)["1"]].ID; got != 6 {
		t.Errorf("the topic that came back has id %d, want 6", got)
	}
}

func TestMetaSaysWhatTheBankRestsOn(t *testing.T) {
	path := rowsFile(t, topicRows(9, 9))
	held := filepath.Join(filepath.Dir(path), "test.parquet")
	if err := data.Write(held, topicRows(0, 0, 5)); err != nil {
		t.Fatal(err)
	}
	o := smallOptions(path, 2)
	o.HeldOut, o.NotFor = HeldOutBeside(path), []string{strings.Repeat("00", 32)}
	m := build(t, newFake(), o).Bank.Meta
	if m[metaWeights] != newFake().id.WeightsSHA256 || m[metaNotFor] != o.NotFor[0] ||
		!strings.HasPrefix(m[metaHeldOut], "test.parquet ") {
		t.Errorf("%v", m)
	}
	var s Settings
	if err := json.Unmarshal([]byte(m[metaSettings]), &s); err != nil || s.K != 2 || s.Merge != o.Merge ||
		s.Restarts != 5 {
		t.Errorf("settings %+v, %v", s, err)
	}
	if strings.Contains(m[metaEmbedder], "none") {
		t.Error("the engine is part of the bank")
	}
}

func TestBuildRefuses(t *testing.T) {
	path := rowsFile(t, topicRows(9, 9))
	held := filepath.Join(filepath.Dir(path), "validation.parquet")
	if err := data.Write(held, topicRows(1)); err != nil {
		t.Fatal(err)
	}
	individual := filepath.Join(t.TempDir(), "i.parquet")
	err := bank.Write(individual, &bank.Bank{Anchors: []bank.Anchor{{Bank: bank.Individual, Kind: bank.KindDuty, Text: "x",
		ValueIDs: []string{"duty/justice"}}}})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		change func(*Options, *fake)
		kind   fault.Kind
		want   string
	}{
		{"more clusters than texts", func(o *Options, _ *fake) { o.KMeans.K = 19 }, fault.Invalid,
			"18 texts are fewer than the 19"},
		{"validation rows", func(o *Options, _ *fake) { o.Rows = held }, fault.Invalid, "training rows only"},
		{"a shared text", func(o *Options, _ *fake) { o.HeldOut = []string{held} }, fault.Mismatch, "row 1 of"},
		{"no rows file", func(o *Options, _ *fake) { o.Rows += "x" }, fault.NotFound, "train.parquetx"},
		{"the weights to be trained", func(o *Options, f *fake) { o.NotFor = []string{f.id.WeightsSHA256} }, fault.Mismatch,
			"its own opinion"},
		{"a vector that is no number", func(_ *Options, f *fake) {
			f.spoil = func(v [][]float32) { v[3][1] = float32(math.NaN()) }
		}, fault.Invalid, "vector 3 is not finite"},
		{"one vector for all", func(_ *Options, f *fake) {
			f.spoil = func(v [][]float32) {
				for i := range v {
					v[i] = append([]float32{1}, make([]float32, fakeDimension-1)...)
				}
			}
		}, fault.Invalid, "tells no text from another"},
		{"all clusters too small", func(o *Options, _ *fake) { o.MinExemplars, o.Exemplars = 10, 10 }, fault.Invalid,
			"0 of 2 clusters"},
		{"exemplars", func(o *Options, _ *fake) { o.Exemplars = 4 }, fault.Invalid, "5 to 4 exemplars"},
		{"merging distance", func(o *Options, _ *fake) { o.Merge = 1 }, fault.Invalid, "distance of 1"},
		{"matching distance", func(o *Options, _ *fake) { o.Match = -1 }, fault.Invalid, "distance of -1"},
		{"the other bank as previous", func(o *Options, _ *fake) { o.Previous = individual }, fault.Mismatch, "individual"},
	}
	for _, c := range cases {
		o, f := smallOptions(path, 2), newFake()
		c.change(&o, f)
		_, err := Build(context.Background(), f, o)
		want := strings.ReplaceAll(c.want, "train.parquetx", "train.parquetx")
		if err == nil || fault.Of(err) != c.kind || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v (%v), want %q", c.name, err, fault.Of(err), want)
		}
		if c.kind == fault.Mismatch && f.calls > 0 {
			t.Errorf("%s: refused only after embedding", c.name)
		}
	}
}
