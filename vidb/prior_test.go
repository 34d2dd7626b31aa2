package vidb

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/npy"
	"hives/internal/rig/scripted"
)

// told are vectors that tell of utilities: their first number is the utility with noise, the others are noise.
func told(random *rand.Rand, theta []float64, noise float64) [][]float32 {
	rows := make([][]float32, len(theta))
	for i, t := range theta {
		row := []float64{t + noise*random.NormFloat64()}
		for range 7 {
			row = append(row, random.NormFloat64())
		}
		for _, x := range row {
			rows[i] = append(rows[i], float32(x))
		}
	}
	return rows
}

// The vectors' expectation follows what they tell, and its variance is what they do not: nearly nothing of noise.
func TestVectorsTellWhatTheyKnow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	theta := make([]float64, 400)
	for i := range theta {
		theta[i] = 1.6 * random.NormFloat64()
	}
	for _, c := range []struct{ noise, least, most float64 }{{0, 0, .05}, {1, .5, 1.1}, {100, 2, 3.2}} {
		p, err := newPrior(told(random, theta, c.noise))
		must(t, err)
		mean, left := p.expect(theta)
		var twin float64
		for i := range theta {
			twin += (theta[i] - mean[i]) * (theta[i] - mean[i]) / float64(len(theta))
		}
		if left < c.least || left > c.most || math.Abs(twin-left) > 1e-9 {
			t.Errorf("noise %v: %v is left, want %v to %v", c.noise, left, c.least, c.most)
		}
	}
	p, err := newPrior(told(random, theta, 1))
	must(t, err)
	changed := append([]float64{}, theta...)
	changed[7] += 1000
	before, _ := p.outOfFold(theta, 2)
	after, _ := p.outOfFold(changed, 2)
	if before[7] != after[7] || before[8] == after[8] {
		t.Errorf("a text's own utility moved its expectation from %v to %v", before[7], after[7])
	}
}

// With as many calls, active pairs come nearer to the truth than uniform windows, and with vectors that tell of it they
// are no worse. Means over worlds: a single one may go either way.
func TestActivePairsSaveCalls(t *testing.T) {
	error := map[string]float64{}
	for seed := range uint64(3) {
		w := newWorld(20+seed, 60, 3)
		for _, way := range []string{PairUniform, PairActive, "vectors"} {
			path := w.pool(t)
			s := scripted.New(t, w.Answer)
			j := w.job(t, s.URL, path, 8)
			j.Design.M, j.Design.Overlap, j.Design.Pairing, j.Fit.Model = 12, 0, way, ModelJudges
			if way == "vectors" {
				v := result(t, path)
				theta := make([]float64, len(v.Texts))
				for i, text := range v.Texts {
					theta[i] = w.Theta[text.Text]
				}
				j.Design.Pairing, j.PriorVectors = PairActive, filepath.Join(t.TempDir(), "v.npy")
				f, err := os.Create(j.PriorVectors)
				must(t, err)
				must(t, npy.WriteFloat32(f, told(rand.New(rand.NewPCG(seed, 8)), theta, 1)))
				must(t, f.Close())
			}
			_, err := Build(context.Background(), j)
			must(t, err)
			rmse, _ := w.quality(result(t, path))
			error[way] += rmse / 3
		}
	}
	t.Logf("error with 12 calls a text: uniform %.2f, active %.2f, active with vectors %.2f", error[PairUniform],
		error[PairActive], error["vectors"])
	if error[PairActive] >= error[PairUniform] || error["vectors"] >= error[PairUniform] {
		t.Errorf("%v", error)
	}
}

func TestPriorsThatAreRefused(t *testing.T) {
	w := newWorld(30, 6, 1)
	path := w.pool(t)
	file := filepath.Join(t.TempDir(), "v.npy")
	f, err := os.Create(file)
	must(t, err)
	must(t, npy.WriteFloat32(f, [][]float32{{1, 0}, {0, 1}}))
	must(t, f.Close())
	for _, c := range []struct {
		reason string
		change func(*BuildJob)
		kind   fault.Kind
		want   string
	}{
		{"another pool's", func(*BuildJob) {}, fault.Mismatch, "2 vectors for a pool of 6"},
		{"uniform windows", func(j *BuildJob) { j.Design.Pairing = PairUniform }, fault.Invalid, "active"},
		{"no file", func(j *BuildJob) { j.PriorVectors = "none.npy" }, fault.NotFound, "none.npy"},
		{"no matrix", func(j *BuildJob) { j.PriorVectors = path }, fault.Corrupt, ""},
	} {
		j := w.job(t, "http://127.0.0.1:1", path, 1)
		j.Design.Pairing, j.PriorVectors = PairActive, file
		c.change(&j)
		if _, err := Build(context.Background(), j); fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}
