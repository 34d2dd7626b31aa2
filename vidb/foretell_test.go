package vidb

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/npy"
	"hives/internal/rig/scripted"
)

// matrix writes vectors.
func matrix(t *testing.T, rows [][]float32) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v.npy")
	f, err := os.Create(path)
	must(t, err)
	must(t, npy.WriteFloat32(f, rows))
	must(t, f.Close())
	return path
}

// vectors tell of the utilities of the pool's texts, and of the responses, with noise in them: of SD 1.6, R² .5.
func (w world) vectors(t *testing.T, path string, responses, seed int) (pool, own [][]float32) {
	t.Helper()
	var theta []float64
	for _, text := range result(t, path).Texts {
		theta = append(theta, w.Theta[text.Text])
	}
	n := len(theta)
	for i := range responses {
		theta = append(theta, w.Theta[fmt.Sprintf("I would do number %d.", i)])
	}
	all := told(rand.New(rand.NewPCG(uint64(seed), 8)), theta, 1.6)
	return all[:n], all[n:]
}

// Known truth: with vectors that tell half of the variance, two windows of a judge come nearer than three without them,
// and the intervals hold what they promise. Controls: vectors that were dealt out anew are refused; taken all the same,
// they help nothing.
func TestAPriorFromVectorsSavesWindows(t *testing.T) {
	const n = 300
	w := newWorld(31, 400, 0)
	w.Judge["m0"] = scripted.Character{Beta: 1}
	path, in := w.exactly(t), w.answers(t, 1, n)
	pool, own := w.vectors(t, path, n, 1)
	s := scripted.New(t, w.Answer)
	score := func(m int, estimate string, change func(*ScoreJob)) (fairness, []ResponseScore, ScoreSummary) {
		j := w.scoreJob(t, s.URL, path, in)
		j.Options.M, j.Options.Estimate = m, estimate
		change(&j)
		summary, err := ScoreResponses(context.Background(), j)
		must(t, err)
		rows := scored(t, j.Out)
		return w.fairness(t, path, rows), rows, summary[0]
	}
	with := func(pool, own [][]float32) func(*ScoreJob) {
		return func(j *ScoreJob) { j.PriorVectors, j.ResponseVectors = matrix(t, pool), matrix(t, own) }
	}
	without := func(*ScoreJob) {}
	told, rows, summary := score(2, EstimatePosterior, with(pool, own))
	three, _, _ := score(3, EstimateMLE, without)
	two, plain, bare := score(2, EstimatePosterior, without)
	t.Logf("two windows with vectors %+v, without %+v; three windows %+v; %+v", told, two, three, *summary.Prior)
	if told.rmse >= three.rmse || told.rmse >= .92*two.rmse || told.coverage < .91 || math.Abs(told.meanError) > .3 {
		t.Errorf("with vectors %+v, without %+v, three windows %+v", told, two, three)
	}
	if p := summary.Prior; p.R2 < .4 || p.R2 > .6 || p.Texts != 400 || rows[0].Prior == nil || rows[0].PriorSD == nil {
		t.Errorf("the file says %+v of the prior, its first row %v", p, rows[0].Prior)
	}
	if bare.Prior != nil || plain[0].Prior != nil {
		t.Error("a prior is told of where there is none")
	}

	random := rand.New(rand.NewPCG(5, 5))
	pool, own = slices.Clone(pool), slices.Clone(own)
	for _, rows := range [][][]float32{pool, own} {
		random.Shuffle(len(rows), func(a, b int) { rows[a], rows[b] = rows[b], rows[a] })
	}
	j := w.scoreJob(t, s.URL, path, in)
	j.Options.Estimate = EstimatePosterior
	with(pool, own)(&j)
	calls := len(s.Calls())
	if _, err := ScoreResponses(context.Background(), j); fault.Of(err) != fault.Invalid ||
		!strings.Contains(err.Error(), "R²") || len(s.Calls()) != calls {
		t.Errorf("shuffled vectors: %v after %d calls", err, len(s.Calls())-calls)
	}
	if forced := w.forced(t, s.URL, path, in, pool, own); forced < .97*two.rmse {
		t.Errorf("control: shuffled vectors help: error %.2f with them, %.2f without", forced, two.rmse)
	} else {
		t.Logf("with shuffled vectors %.2f", forced)
	}
}

// forced is the error with vectors that the bar would refuse.
func (w world) forced(t *testing.T, url, path, in string, pool, own [][]float32) float64 {
	t.Helper()
	j := w.scoreJob(t, url, path, in)
	j.Options.M, j.Options.Estimate = 2, EstimatePosterior
	laidOut(t, j, func(s *scoring) {
		var err error
		s.foretold, err = s.foretelling(pool, own)
		must(t, err)
	})
	return w.fairness(t, path, scored(t, j.Out)).rmse
}

// A response that is a text of the pool, or of a group of it, is foretold by others alone: its own score moves nothing.
func TestNobodyIsForetoldByHimself(t *testing.T) {
	w := newWorld(32, 300, 1)
	path := w.exactly(t)
	pool, _ := w.vectors(t, path, 0, 2)
	mean := func(change func(*Value)) []float64 {
		v := result(t, path)
		v.Texts[9].Group = "g"
		change(v)
		s, err := newScoring(v, DefaultScore(), []Response{{ID: "own", Text: v.Texts[4].Text}, {ID: "no"},
			{ID: "group", Text: "another", Group: "g"}, {ID: "other", Text: "a further one"}})
		must(t, err)
		f, err := s.foretelling(pool, [][]float32{pool[4], pool[9], pool[9]})
		must(t, err)
		return f.mean
	}
	before := mean(func(*Value) {})
	after := mean(func(v *Value) { v.Scores[4].Theta += 500 })
	if before[0] != after[0] || before[3] == after[3] || !math.IsNaN(before[1]) {
		t.Errorf("its own score moved %v to %v", before, after)
	}
	if after = mean(func(v *Value) { v.Scores[9].Theta += 500 }); before[2] != after[2] || before[3] == after[3] {
		t.Errorf("its group's score moved %v to %v", before, after)
	}
}

func TestPriorsOfScoresThatAreRefused(t *testing.T) {
	w := newWorld(33, 220, 1)
	path, in := w.exactly(t), w.answers(t, 1, 3)
	pool, own := w.vectors(t, path, 3, 3)
	good, few, nan := matrix(t, pool), matrix(t, own), slices.Clone(own)
	nan[1] = slices.Clone(nan[1])
	nan[1][2] = float32(math.NaN())
	short := [][]float32{own[0][:3], own[1][:3], own[2][:3]}
	for _, c := range []struct {
		reason string
		change func(*ScoreJob)
		kind   fault.Kind
		want   string
	}{
		{"means are shrunk", func(j *ScoreJob) { j.Options.Estimate = EstimateMLE }, fault.Invalid, "posterior"},
		{"one of two", func(j *ScoreJob) { j.ResponseVectors = "" }, fault.Invalid, "go together"},
		{"two values", func(j *ScoreJob) { j.Values = []string{care, "mft/fairness-cheating"} }, fault.Invalid, "2 values"},
		{"the files mixed up", func(j *ScoreJob) { j.PriorVectors = few }, fault.Mismatch, "3 vectors for a pool of 220"},
		{"of other responses", func(j *ScoreJob) { j.ResponseVectors = good }, fault.Mismatch, "220 vectors for 3 responses"},
		{"of another model", func(j *ScoreJob) { j.ResponseVectors = matrix(t, short) }, fault.Mismatch, "from one model"},
		{"not finite", func(j *ScoreJob) { j.ResponseVectors = matrix(t, nan) }, fault.Corrupt, "vector 1 "},
		{"no file", func(j *ScoreJob) { j.PriorVectors = "none.npy" }, fault.NotFound, "none.npy"},
	} {
		j := w.scoreJob(t, "http://127.0.0.1:1", path, in)
		j.Options.Estimate, j.PriorVectors, j.ResponseVectors = EstimatePosterior, good, few
		c.change(&j)
		_, err := ScoreResponses(context.Background(), j)
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

// Without vectors the columns are there and empty, in every format.
func TestPriorColumnsAreNull(t *testing.T) {
	raw, err := json.Marshal(ResponseScore{})
	must(t, err)
	if !strings.Contains(string(raw), `"prior":null,"prior_sd":null`) {
		t.Errorf("%s", raw)
	}
}
