package vidb

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/sqlitefile"
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
		db, err := sqlitefile.Open(path, url.Values{"mode": {"rw"}})
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
		v.Texts[i].People, v.Texts[j].People = v.Texts[j].People, v.Texts[i].People
	})
	if share, _ := v.peopleAccuracy(); share < .4 || share > .6 {
		t.Errorf("shuffled grades: %.3f of the pairs in order", share)
	}
}

// A judge that says what people say lies far above the grades dealt out anew, one that throws dice among them. The
// range is wider than Wilson's interval, since a text stands in many pairs.
func TestPermutedGradesAreTheControl(t *testing.T) {
	v := built(t, 60, care)
	a := v.AgainstPeople()[0]
	if a.Agreed < .99 || *a.PermutedHi > .8 || *a.PermutedLo < .2 || *a.PermutedLo > .5 || *a.PermutedHi < .5 {
		t.Errorf("people against themselves: %+v, permuted %v–%v", a, *a.PermutedLo, *a.PermutedHi)
	}
	random := rand.New(rand.NewPCG(8, 8))
	for i := range v.Windows {
		if r := v.Windows[i].Answer.Ranking; len(r) == 2 && random.IntN(2) == 0 {
			v.Windows[i].Answer.Ranking = []int{r[1], r[0]}
		}
	}
	dice := v.AgainstPeople()[0]
	if dice.Agreed < *dice.PermutedLo || dice.Agreed > *dice.PermutedHi {
		t.Errorf("dice: %+v, permuted %v–%v", dice, *dice.PermutedLo, *dice.PermutedHi)
	}
	if again := v.AgainstPeople()[0]; *again.PermutedLo != *dice.PermutedLo {
		t.Error("the control is another each time")
	}
	for i := range v.Texts {
		v.Texts[i].People = People{}
	}
	if none := v.AgainstPeople()[0]; none.Pairs != 0 || none.PermutedLo != nil {
		t.Errorf("nobody graded: %+v", none)
	}
}
