package profiles_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/intensity"
	"hives/profiles"
	"hives/vidb"
)

// TestMain puts temporary files into memory where the system has such a place: every file is synced to the disk, which
// takes these tests a minute and shows nothing.
func TestMain(m *testing.M) {
	if dir, err := os.MkdirTemp("/dev/shm", "profiles-*"); err == nil {
		os.Setenv("TMPDIR", dir)
		defer os.RemoveAll(dir)
	}
	m.Run()
}

const (
	care, fairness, loyalty = "mft/care-harm", "mft/fairness-cheating", "mft/loyalty-betrayal"
	dimension               = 20
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made is an encoder whose vectors hold what a test knows of a text: what it is about, and how strongly it supports it.
//
//	"kind 3 of care, support -0.7"     axis 0: −.7; the axis of care: .8; the rest from a hash of the text
//	"Care/Harm", its definition        the axis of care
type made struct {
	mu     sync.Mutex
	texts  int
	seen   []string
	weight string
	fail   func(texts int) error
}

var axes = map[string]int{"care": 1, "fairness": 2, "loyalty": 3, "authority": 4, "sanctity": 5, "liberty": 6}

func (m *made) Identity() encoder.Identity {
	return encoder.Identity{Name: "made", WeightsSHA256: "w" + m.weight, TokenizerSHA256: "t", Dimension: dimension,
		MaxLength: 64, Pooling: "mean", Engine: "go"}
}

func (m *made) Encode(_ context.Context, in []encoder.Input) (out [][]float32, id encoder.Identity, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range in {
		out, m.seen = append(out, vectorOf(i.Text)), append(m.seen, i.Text)
	}
	if m.texts += len(in); m.fail != nil {
		err = m.fail(m.texts)
	}
	return out, m.Identity(), err
}

func vectorOf(text string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(text))
	random := rand.New(rand.NewPCG(h.Sum64(), 1))
	x := make([]float64, dimension)
	for d := 7; d < dimension; d++ {
		x[d] = .25 * random.NormFloat64()
	}
	for name, axis := range axes {
		if strings.Contains(strings.ToLower(text), name) {
			x[axis] += .8
		}
	}
	var support float64
	if _, after, told := strings.Cut(text, "support "); told {
		fmt.Sscan(after, &support)
	}
	x[0] = support
	var length float64
	for _, v := range x {
		length += v * v
	}
	out := make([]float32, dimension)
	for d := range x {
		out[d] = float32(x[d] / math.Sqrt(length+1e-12))
	}
	return out
}

// said is a text about something.
func said(i int, about string, support float64) string {
	return fmt.Sprintf("deed %d of %s, support %.3f", i, about, support)
}

// worldFiles are a database of three values and rows. Of care and fairness vectors tell the scores; of loyalty they
// tell nothing.
func worldFiles(t testing.TB, n int) (database, rows string) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 7))
	var all []data.Row
	scores := map[string]float64{}
	for i := range n {
		about := []string{"care", "fairness", "loyalty"}[i%3]
		support := 2*random.Float64() - 1
		text := said(i, about, support)
		scores[data.TextID(text)] = max(-10, min(10, 6*support+.5*random.NormFloat64()))
		id := map[string]string{"care": care, "fairness": fairness, "loyalty": loyalty}[about]
		_, path, err := theories.Builtin().ParseID(id)
		must(t, err)
		all = append(all, data.Row{Text: text, Theory: "mft", Level1: path[0], Level2: path[1], Level3: path[2],
			Direction: int32(1 - 2*(i%2)), DirectionSource: data.SourceAnnotated, IndividualAnchor: data.NoAnchor,
			TheoryAnchor: data.NoAnchor, TextID: data.TextID(text), Group: fmt.Sprint("group ", i/4), Corpus: "c",
			Licence: "free"})
	}
	dir := t.TempDir()
	rows, database = filepath.Join(dir, "rows.csv"), filepath.Join(dir, "vidb.db")
	must(t, data.Write(rows, all))
	var values []*vidb.Value
	for _, id := range []string{care, fairness, loyalty} {
		v, err := vidb.Draw(vidb.PoolOptions{Rows: []string{rows}, Theories: theories.Builtin(), Value: id, Size: n,
			MaxChars: 200})
		must(t, err)
		for i := range v.Scores {
			v.Scores[i].Final, v.Scores[i].Status = scores[v.Texts[i].ID], vidb.Accepted
			v.Mean, v.MaxAbs, v.Calibration = 0, 5, intensity.ZScore
			if id == fairness {
				v.Neutral = -.75
			}
			if id == loyalty {
				v.Scores[i].Final = 4 * random.NormFloat64() / (1 + random.Float64())
				v.Scores[i].Final = max(-10, min(10, v.Scores[i].Final))
			}
		}
		values = append(values, v)
	}
	must(t, vidb.Save(database, values...))
	return database, rows
}

func fitJob(database, rows string) profiles.TextJob {
	return profiles.TextJob{Known: theories.Builtin(), VIDB: database, Rows: []string{rows},
		Rules: profiles.TextDefaults(), Log: func(string, ...any) {}}
}

var fitted struct {
	once sync.Once
	m    *profiles.TextModel
	path string
}

// model is one fitted model for all tests, as it comes from its file.
func model(t testing.TB) *profiles.TextModel {
	t.Helper()
	fitted.once.Do(func() {
		database, rows := worldFiles(t, 900)
		m, err := profiles.FitTextModel(context.Background(), fitJob(database, rows), &made{})
		must(t, err)
		dir, err := os.MkdirTemp("", "model-*")
		must(t, err)
		fitted.path = filepath.Join(dir, "profile.db")
		must(t, m.Write(fitted.path))
		fitted.m, err = profiles.OpenTextModel(fitted.path)
		must(t, err)
	})
	if fitted.m == nil {
		t.Fatal("no model")
	}
	return fitted.m
}
