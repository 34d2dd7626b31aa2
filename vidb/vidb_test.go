package vidb

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/ranking"
)

const care, loyalty = "mft/care-harm", "mft/loyalty-betrayal"

// TestMain puts temporary files into memory where the system has such a place: every answer and every file is synced to
// the disk, which takes these tests minutes and shows nothing. internal/judge and internal/fsutil test the syncing.
func TestMain(m *testing.M) {
	if dir, err := os.MkdirTemp("/dev/shm", "vidb-*"); err == nil {
		os.Setenv("TMPDIR", dir)
		defer os.RemoveAll(dir)
	}
	m.Run()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// row is a text of one value.
func row(text, value string, direction int32, extra map[string]string) data.Row {
	_, p, _ := theories.Builtin().ParseID(value)
	theory, _, _ := strings.Cut(value, "/")
	return data.Row{
		Text: text, Theory: theory, Level1: p[0], Level2: p[1], Level3: p[2], Direction: direction,
		DirectionSource: data.SourceAnnotated, IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
		TextID: data.TextID(text), Group: "g " + text, Corpus: "c", Licence: "free", Extra: extra,
	}
}

func rowsFile(t *testing.T, rows []data.Row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.csv")
	must(t, data.Write(path, rows))
	return path
}

// graded are n texts with grades 2, 1, 0, −1 … in turn, and as many of another value.
func graded(n int) (rows []data.Row) {
	for i := range n {
		grade := 2 - i%5
		rows = append(rows, row(fmt.Sprintf("deed number %d", i), care, int32(sign(float64(grade))),
			map[string]string{data.Grades: fmt.Sprint(grade)}))
		rows = append(rows, row(fmt.Sprintf("other number %d", i), loyalty, int32(i%3-1), nil))
	}
	return rows
}

func options(rows ...string) PoolOptions {
	return PoolOptions{Rows: rows, Value: care, Size: DefaultPool, MaxChars: DefaultMaxChars}
}

// built is a value of people's grades, with twelve windows a text.
func built(t *testing.T, n int, value string) *Value {
	t.Helper()
	o := options(rowsFile(t, graded(n)))
	o.Value = value
	v, err := Draw(o)
	must(t, err)
	d := DefaultDesign()
	d.M = 12
	must(t, BuildAnnotated(v, d))
	must(t, Fit(context.Background(), v, DefaultFit()))
	return v
}

// The same values give the same bytes, whatever the file was before; another seed gives others.
func TestBytesAreAFunctionOfTheValues(t *testing.T) {
	a, b := built(t, 20, care), built(t, 20, loyalty)
	dir := t.TempDir()
	write := func(name string, steps ...[]*Value) []byte {
		path := filepath.Join(dir, name)
		for _, values := range steps {
			must(t, Save(path, values...))
		}
		raw, err := os.ReadFile(path)
		must(t, err)
		return raw
	}
	want := write("1", []*Value{a, b})
	other := *a
	other.Seed++
	for name, got := range map[string][]byte{
		"in turn": write("2", []*Value{a}, []*Value{b}), "the other turn": write("3", []*Value{b}, []*Value{a}),
		"rewritten": write("4", []*Value{&other, b}, []*Value{a}),
	} {
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes", name)
		}
	}
	if bytes.Equal(write("5", []*Value{&other, b}), want) {
		t.Error("another seed gave the same bytes")
	}
}

// What is read is what was written, and Save of it changes nothing.
func TestReadBack(t *testing.T) {
	v := built(t, 20, care)
	path := filepath.Join(t.TempDir(), "v.db")
	must(t, Save(path, v))
	before, err := os.ReadFile(path)
	must(t, err)
	f, err := Open(path, theories.Builtin())
	must(t, err)
	got, err := f.Full("mft/Care/Harm")
	must(t, err)
	same := fmt.Sprint(got.Scores) == fmt.Sprint(v.Scores) && fmt.Sprint(got.Texts) == fmt.Sprint(v.Texts)
	if len(got.Windows) != len(v.Windows) || !same {
		t.Error("another value came back")
	}
	must(t, Save(path, got))
	after, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(before, after) {
		t.Error("reading and saving changed the file")
	}
	short, err := f.Value(care)
	must(t, err)
	for i, s := range short.Scores {
		if u := short.Utility(i); u != s.Theta {
			t.Errorf("text %d: utility %v, θ %v", i, u, s.Theta)
		}
	}
	if _, err := f.Value(loyalty); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), care) {
		t.Errorf("an absent value: %v", err)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	v := built(t, 20, care)
	for _, c := range []struct {
		reason, change string
		kind           fault.Kind
		want           string
	}{
		{"another version", "PRAGMA user_version = 2", fault.Mismatch, "version 2"},
		{"another program's", "PRAGMA application_id = 7", fault.Mismatch, "another program"},
		{"a text changed", "UPDATE scores SET text = 'x' WHERE text_id = (SELECT min(text_id) FROM scores)",
			fault.Mismatch, v.PoolHash[:12]},
		{"a text gone", "DELETE FROM scores WHERE text_id = (SELECT min(text_id) FROM scores)", fault.Corrupt,
			"none of the pool's"},
		{"a utility beyond all", "UPDATE scores SET theta = 1e7", fault.Corrupt, "text "},
		{"an infinite utility", "UPDATE scores SET theta = 9e999", fault.Corrupt, "text "},
		{"a score off the scale", "UPDATE scores SET final = 11", fault.Corrupt, "text "},
		{"a window of strangers", "UPDATE windows SET focal = 'x'", fault.Corrupt, "none of the pool's"},
		{"a table gone", "DROP TABLE windows", fault.Corrupt, "windows"},
		{"another definition", "UPDATE about SET definition_hash = 'abcdefabcdefabcdef'", fault.Mismatch, "abcdefabcdef"},
	} {
		path := filepath.Join(t.TempDir(), "v.db")
		must(t, Save(path, v))
		db, err := sql.Open("sqlite3", dsn(path, "rw"))
		must(t, err)
		_, err = db.Exec(c.change)
		must(t, err)
		must(t, db.Close())
		f, err := Open(path, theories.Builtin())
		if err == nil {
			var got *Value
			if got, err = f.Full(care); err == nil {
				err = got.Current()
			}
		}
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

// balanced against a search over all splits, for many shapes of a pool.
func TestBalancedAsASearch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var from [3][]*candidate
		var have [3]int
		for side := range from {
			from[side] = make([]*candidate, random.IntN(8))
			for i := range from[side] {
				from[side][i] = &candidate{Text: Text{Direction: side - 1}}
			}
			have[side] = random.IntN(6)
		}
		n := random.IntN(20)
		got := have
		chosen := balanced(from, have, n)
		for _, c := range chosen {
			got[c.Direction+1]++
		}
		sided := min(n, len(from[0])+len(from[2]))
		best := math.MaxInt
		for p := range len(from[2]) + 1 {
			if q := sided - p; q >= 0 && q <= len(from[0]) {
				best = min(best, abs(have[2]+p-have[0]-q))
			}
		}
		if d := abs(got[2] - got[0]); d != best || len(chosen) != min(n, len(from[0])+len(from[1])+len(from[2])) {
			t.Fatalf("from %d %d %d, there %v, %d wanted: %v, the search differs by %d", len(from[0]), len(from[1]),
				len(from[2]), have, n, got, best)
		}
		if got[1] > have[1] && got[0]+got[2] < have[0]+have[2]+len(from[0])+len(from[2]) {
			t.Fatalf("direction 0 came before the others were used up: %v", got)
		}
	}
}

func abs(n int) int { return max(n, -n) }

func TestPoolCountsLengthsAndTexts(t *testing.T) {
	long := strings.Repeat("a", DefaultMaxChars)
	rows := []data.Row{
		row("Help her!", care, 1, nil), row("help her", care, 1, nil), row("ab", care, 1, nil), row(long+"b", care, 1, nil),
		row(long, care, -1, nil), row("Help her!", loyalty, -1, nil), row("Leave.", loyalty, -1, nil), row("Stay",
			loyalty, 1, nil),
	}
	o := options(rowsFile(t, rows))
	v, err := Draw(o)
	must(t, err)
	p := v.Report.Pool
	if p.Texts != 4 || p.Short != 1 || p.Long != 1 || p.Targets != 2 || p.Pool != 4 || p.Sides != [3]int{2, 0, 2} {
		t.Errorf("by text_id: %+v", *p)
	}
	o.Exact = true
	if v, err = Draw(o); err != nil || v.Report.Pool.Texts != 5 {
		t.Errorf("by bytes: %+v, %v", v.Report.Pool, err)
	}
	o.Size = 2
	if v, err = Draw(o); err != nil || v.Report.Pool.Sides != [3]int{1, 0, 1} || v.Report.Pool.PoolTarget != 2 {
		t.Errorf("two wanted: %+v, %v", v.Report.Pool, err)
	}
	o = options(rowsFile(t, rows))
	forward, err := Draw(o)
	must(t, err)
	slices.Reverse(rows)
	if back, err := Draw(options(rowsFile(t, rows))); err != nil || !slices.Equal(ids(back.Texts), ids(forward.Texts)) {
		t.Errorf("the order of rows changed the pool: %v", err)
	}
}

func TestPoolsThatAreRefused(t *testing.T) {
	file := rowsFile(t, []data.Row{row("Help her!", care, 1, nil)})
	for _, c := range []struct {
		reason string
		change func(*PoolOptions)
		want   string
	}{
		{"one text", func(*PoolOptions) {}, "two are needed"},
		{"an unknown value", func(o *PoolOptions) { o.Value = "mft/kindness" }, "kindness"},
		{"an unknown theory", func(o *PoolOptions) { o.Value = "tarot/sun" }, "tarot"},
		{"a pool of one", func(o *PoolOptions) { o.Size = 1 }, "2 texts"},
		{"texts of nothing", func(o *PoolOptions) { o.MaxChars = 2 }, "characters"},
	} {
		o := options(file)
		c.change(&o)
		if _, err := Draw(o); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

// A value with two parents is reached by both, and an inner node by all below it.
func TestPassesThroughEitherParent(t *testing.T) {
	for _, c := range []struct {
		row, value string
		want       bool
	}{
		{"svt/openness-to-change/hedonism", "svt/openness-to-change", true}, {"svt/openness-to-change/hedonism",
			"svt/self-enhancement", true},
		{"svt/self-enhancement/hedonism", "svt/openness-to-change/hedonism", true}, {"svt/self-enhancement/power",
			"svt/openness-to-change", false},
		{"mft/care-harm", "mft/care-harm/caring", false}, {"mft/care-harm/caring", "mft/care-harm", true},
	} {
		r := row("text", c.row, 1, nil)
		_, p, err := theories.Builtin().ParseID(c.value)
		must(t, err)
		if got := passes(&r, p, theories.Builtin()); got != c.want {
			t.Errorf("%s through %s: %v", c.row, c.value, got)
		}
	}
}

// People's grades decide every pair, in whatever order it is shown; where they agree it is a tie, and a person is drawn
// where they differ.
func TestPeopleDecide(t *testing.T) {
	v := &Value{About: About{ValueID: care}}
	for _, p := range []People{
		{Judged, []float64{2}}, {Judged, []float64{1}}, {Side, []float64{1}}, {Side, []float64{-1}}, {}, {Voiced,
			[]float64{3}},
		{Judged, []float64{0, 2}},
	} {
		v.Texts = append(v.Texts, Text{ID: fmt.Sprint(len(v.Texts)), People: p})
	}
	for _, c := range []struct {
		reason string
		a, b   int
		want   string
	}{
		{"a higher grade", 0, 1, "{[0 1] false  }"}, {"a grade and a side", 0, 2, "{[] true  }"}, {"both sides", 2, 3,
			"{[2 3] false  }"},
		{"nobody", 0, 4, "{[] false nobody graded one of the texts }"}, {"other questions", 0, 5,
			"{[] false nobody graded one of the texts }"},
	} {
		for _, shown := range [][]int{{c.a, c.b}, {c.b, c.a}} {
			if got := fmt.Sprint(*v.said(&Window{ID: "w", Focal: c.a, Shown: shown}, 1)); got != c.want {
				t.Errorf("%s, shown %v: %s, want %s", c.reason, shown, got, c.want)
			}
		}
	}
	won := 0
	for i := range 400 {
		if a := v.said(&Window{ID: fmt.Sprint(i), Focal: 6, Shown: []int{6, 1}}, 1); a.Ranking[0] == 6 {
			won++
		}
	}
	if won < 150 || won > 250 {
		t.Errorf("0 or 2 against 1 won %d of 400", won)
	}
}

func TestAnnotationsThatAreRefused(t *testing.T) {
	d := DefaultDesign()
	d.M = 4
	none := built(t, 10, care)
	for i := range none.Texts {
		none.Texts[i].People = People{}
	}
	if err := BuildAnnotated(none, d); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "import") {
		t.Errorf("nobody graded: %v", err)
	}
	mixed := built(t, 10, care)
	mixed.Texts[0].People = People{Voiced, []float64{2}}
	if err := BuildAnnotated(mixed, d); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(),
		"cannot be compared") {
		t.Errorf("two questions: %v", err)
	}
	d.K = 3
	if err := BuildAnnotated(built(t, 10, care), d); fault.Of(err) != fault.Invalid {
		t.Errorf("windows of three: %v", err)
	}
}

// The scores of people's grades stand in people's order. Grades dealt out anew among the texts do not: half of the
// pairs are then in order.
func TestPeoplesOrderComesBack(t *testing.T) {
	v := built(t, 60, care)
	if f := v.Report.Fit; f.Accuracy < .999 || f.Pairs < 1000 || f.Weak != 1 {
		t.Errorf("%+v", *f)
	}
	random := rand.New(rand.NewPCG(3, 4))
	random.Shuffle(len(v.Texts), func(i, j int) {
		v.Texts[i].People, v.Texts[j].People = v.Texts[j].People,
			v.Texts[i].People
	})
	if share, _ := v.peopleAccuracy(); share < .4 || share > .6 {
		t.Errorf("shuffled grades: %.3f of the pairs in order", share)
	}
}

// The fit is Plackett–Luce on the orders; a window of the overlap counts once whoever answered it; a tie is nothing or
// both orders.
func TestOrdersThatAreFitted(t *testing.T) {
	v := &Value{Texts: make([]Text, 4), Windows: []Window{
		{Focal: 0, Judge: "a", Shown: []int{0, 1}, Answer: &Answer{Ranking: []int{1, 0}}},
		{Focal: 1, Judge: "a", Shown: []int{1, 2}, Answer: &Answer{Tie: true}},
		{Focal: 2, Judge: "a", Shown: []int{2, 0}, Answer: &Answer{Error: "prose"}},
		{Focal: 2, Rep: 1, Judge: "a", Shown: []int{2, 0}, Overlap: true, Answer: &Answer{Ranking: []int{2, 0}}},
		{Focal: 2, Rep: 1, Judge: "a", Shown: []int{0, 2}, Overlap: true, Answer: &Answer{Ranking: []int{2, 0}}},
		{Focal: 2, Rep: 1, Judge: "b", Shown: []int{2, 0}, Overlap: true, Answer: &Answer{Error: "prose"}},
		{Focal: 2, Rep: 1, Judge: "b", Shown: []int{0, 2}, Overlap: true, Answer: &Answer{Ranking: []int{0, 2}}},
		{Focal: 3, Judge: "b", Shown: []int{3, 2}},
	}}
	said := func(ties string) string {
		var out []string
		for _, o := range v.orders(ties) {
			out = append(out, fmt.Sprintf("%v %.3f", o.ranking, o.weight))
		}
		return strings.Join(out, ", ")
	}
	if got, want := said(TiesDrop), "[1 0] 1.000, [2 0] 0.333, [2 0] 0.333, [0 2] 0.333"; got != want {
		t.Errorf("ties left out: %s, want %s", got, want)
	}
	if got, want := said(TiesHalf), "[1 0] 1.000, [1 2] 0.500, [2 1] 0.500, [2 0] 0.333, [2 0] 0.333, [0 2] "+
		"0.333"; got != want {
		t.Errorf("ties by half: %s, want %s", got, want)
	}
}

// A text that stands in no usable order has no score, and the others' are those of a fit without it.
func TestUnseenTextsHaveNoScore(t *testing.T) {
	v := built(t, 12, care)
	const gone = 3
	for at := range v.Windows {
		if slices.Contains(v.Windows[at].Shown, gone) {
			v.Windows[at].Answer = &Answer{Error: "prose"}
		}
	}
	must(t, Fit(context.Background(), v, DefaultFit()))
	if s := v.Scores[gone]; s.Status != Unseen || !math.IsNaN(s.Theta+s.Final) || v.Report.Fit.Unseen != 1 {
		t.Errorf("%+v", s)
	}
	var orders [][]int
	for _, o := range v.orders(TiesDrop) {
		orders = append(orders, nil)
		for _, text := range o.ranking {
			if text > gone {
				text--
			}
			orders[len(orders)-1] = append(orders[len(orders)-1], text)
		}
	}
	r, err := ranking.New(len(v.Texts)-1, orders, nil)
	must(t, err)
	want, err := ranking.Fit(r, ranking.DefaultPrior)
	must(t, err)
	for i, theta := range want.Theta {
		text := i
		if i >= gone {
			text++
		}
		if got := v.Scores[text].Theta; math.Abs(got-theta) > 1e-9 {
			t.Errorf("text %d: θ %v, want %v", text, got, theta)
		}
	}
}

// Score 0 is the pool's mean or the neutral point; the order stays, and the largest distance is 10 both times.
func TestZeroAtNeutral(t *testing.T) {
	v := built(t, 40, care)
	at := slices.Clone(v.Scores)
	if math.IsNaN(v.Neutral) {
		t.Fatalf("no neutral point: %+v", *v.Report.Fit)
	}
	o := DefaultFit()
	o.Zero = ZeroNeutral
	must(t, Fit(context.Background(), v, o))
	most := 0.
	for i, s := range v.Scores {
		if s.Status == Unseen {
			continue
		}
		most = max(most, math.Abs(s.Score))
		if want := 10 * (s.Theta - v.Neutral) / v.MaxAbs; math.Abs(s.Score-want) > 1e-9 || s.Theta != at[i].Theta {
			t.Errorf("text %d: %v, want %v", i, s.Score, want)
		}
		c, err := v.Map()
		must(t, err)
		if back := c.Utility(s.Score); math.Abs(back-s.Theta) > 1e-9 {
			t.Errorf("text %d: %v comes back as %v", i, s.Theta, back)
		}
	}
	if math.Abs(most-10) > 1e-12 {
		t.Errorf("the farthest text stands at %v", most)
	}
}

func TestFitsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		reason string
		change func(*Value, *FitOptions)
		want   string
	}{
		{"no order", func(v *Value, _ *FitOptions) { v.Windows = nil }, "build it first"},
		{"parts that never met", func(v *Value, _ *FitOptions) {
			v.Windows = []Window{{Judge: Annotations, Shown: []int{0, 1}, Answer: &Answer{Ranking: []int{0, 1}}},
				{Judge: Annotations, Shown: []int{2, 3}, Answer: &Answer{Ranking: []int{2, 3}}}}
		}, "2 parts"},
		{"no prior", func(_ *Value, o *FitOptions) { o.Prior = ranking.None() }, "infinite"},
		{"an unknown solver", func(_ *Value, o *FitOptions) { o.Solver = "magic" }, "newton"},
		{"an unknown map", func(_ *Value, o *FitOptions) { o.Calibration = "rank" }, "zscore"},
		{"one draw", func(_ *Value, o *FitOptions) { o.Bootstrap = 1 }, "two draws"},
		{"a constant pool", func(v *Value, o *FitOptions) {
			v.Windows = []Window{{Judge: Annotations, Shown: []int{0, 1}, Answer: &Answer{Tie: true}}}
			o.Ties = TiesHalf
		}, "same utility"},
	} {
		v, o := built(t, 10, care), DefaultFit()
		c.change(v, &o)
		if err := Fit(context.Background(), v, o); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}
