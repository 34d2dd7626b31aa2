package vidb

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"hives/data"
	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
)

// world is n texts of known utility, and judges of unlike sharpness and place bias.
type world struct {
	scripted.Ranker
	texts []string
}

func newWorld(seed uint64, n, judges int) world {
	random := rand.New(rand.NewPCG(seed, 5))
	w := world{Ranker: scripted.Ranker{Theta: map[string]float64{}, Judge: map[string]scripted.Character{}}}
	for i := range n {
		text := fmt.Sprintf("A deed of number %d in this world.", i)
		w.texts = append(w.texts, text)
		w.Theta[text] = 1.6 * random.NormFloat64()
	}
	for j := range judges {
		w.Judge[fmt.Sprint("m", j)] = scripted.Character{
			Beta: math.Exp(.35 * random.NormFloat64()), Places: []float64{.6 * random.NormFloat64()},
		}
	}
	return w
}

// pool is the world's texts in a database.
func (w world) pool(t *testing.T) string {
	t.Helper()
	var rows []data.Row
	for _, text := range w.texts {
		direction := int32(1)
		if w.Theta[text] < 0 {
			direction = -1
		}
		rows = append(rows, row(text, care, direction, nil))
	}
	path := filepath.Join(t.TempDir(), "vidb.db")
	_, err := Pools(path, options(rowsFile(t, rows)), []string{care}, false)
	must(t, err)
	return path
}

// job asks the world's judges, n at once.
func (w world) job(t *testing.T, url, path string, atOnce int) BuildJob {
	t.Helper()
	cfg := Defaults()
	cfg.Parallel = atOnce
	cfg.Endpoints = []llm.Endpoint{{
		Name: "e", BaseURL: url, Parallel: atOnce, MaxTries: 1, MaxWait: cli.Duration(time.Millisecond),
		Timeout: cli.Duration(time.Minute),
	}}
	for j := range len(w.Judge) {
		cfg.Voters = append(cfg.Voters, judge.Voter{
			Name: fmt.Sprint("j", j), Endpoint: "e", Model: llm.Model{Name: fmt.Sprint("m", j), PriceIn: 1, PriceOut: 1},
		})
	}
	return BuildJob{
		Path: path, Design: DefaultDesign(), Fit: DefaultFit(), Config: cfg, Votes: filepath.Join(t.TempDir(), "votes.db"),
		Format: FormatBinary, Wording: WordingOurs, Yes: true, Out: io.Discard,
	}
}

// result is the value that a job has written.
func result(t *testing.T, path string) *Value {
	t.Helper()
	f, err := Open(path, theories.Builtin())
	must(t, err)
	v, err := f.Full(care)
	must(t, err)
	return v
}

// quality is the error of scores matched affinely to the truth, in units of 20, and how many pairs that lie more than a
// unit apart stand in their order.
func (w world) quality(v *Value) (rmse, order float64) {
	var truth, got []float64
	most := 0.
	for _, text := range w.texts {
		most = max(most, math.Abs(w.Theta[text]))
	}
	for i, s := range v.Scores {
		truth, got = append(truth, 10*w.Theta[v.Texts[i].Text]/most), append(got, s.Score)
	}
	offset, slope := stat.LinearRegression(got, truth, nil, false)
	right, pairs := 0, 0
	for i := range truth {
		miss := truth[i] - offset - slope*got[i]
		rmse += miss * miss / float64(len(truth))
		for j := range i {
			if math.Abs(truth[i]-truth[j]) > 1 {
				pairs++
				if (truth[i] > truth[j]) == (got[i] > got[j]) {
					right++
				}
			}
		}
	}
	return math.Sqrt(rmse), float64(right) / float64(pairs)
}

// The whole way from a pool to scores, by five judges of unlike sharpness and bias: the scores are the truth's.
// Control: the answers of a world whose texts were dealt out anew know nothing of it.
func TestKnownTruthThroughTheBuild(t *testing.T) {
	w := newWorld(1, 200, 5)
	path := w.pool(t)
	s := scripted.New(t, w.Answer)
	_, err := Build(context.Background(), w.job(t, s.URL, path, 8))
	must(t, err)
	v := result(t, path)
	rmse, order := w.quality(v)
	t.Logf("error %.2f units, order %.3f, %d calls", rmse, order, len(s.Calls()))
	if rmse > 1.15 || order < .965 {
		t.Errorf("error %.2f units, order right %.3f", rmse, order)
	}
	shuffled := world{Ranker: scripted.Ranker{Theta: map[string]float64{}}, texts: w.texts}
	for i, to := range rand.New(rand.NewPCG(9, 9)).Perm(len(w.texts)) {
		shuffled.Theta[w.texts[i]] = w.Theta[w.texts[to]]
	}
	if rmse, _ := shuffled.quality(v); rmse < 2.5 {
		t.Errorf("control: texts dealt out anew are %.2f units off", rmse)
	}
	for _, f := range v.Jurors {
		who := w.Judge["m"+f.Judge[1:]]
		if math.Abs(f.Bias[0]-who.Places[0]) > .35 || f.Unusable != 0 || !(f.Agreement > .5) || !(f.Consistency > .5) {
			t.Errorf("%s: bias %.2f, truth %.2f; %+v", f.Judge, f.Bias[0], who.Places[0], f)
		}
	}
	balancedPlaces(t, v)
}

// balancedPlaces holds the design to its word: a text is shown first as often as second when it is focal, within one,
// and the judges get it alike often.
func balancedPlaces(t *testing.T, v *Value) {
	t.Helper()
	first, by := make([]int, len(v.Texts)), make([]map[string]int, len(v.Texts))
	for _, w := range v.Windows {
		if w.Shown[0] == w.Shown[1] || !slices.Contains(w.Shown, w.Focal) {
			t.Fatalf("window %+v", w)
		}
		if w.Overlap {
			continue
		}
		if by[w.Focal] == nil {
			by[w.Focal] = map[string]int{}
		}
		by[w.Focal][w.Judge]++
	}
	seen := map[[2]int]bool{}
	for _, w := range v.Windows {
		if key := [2]int{w.Focal, w.Rep}; !seen[key] { // of the overlap the order that was drawn comes first
			seen[key] = true
			if w.Shown[0] == w.Focal {
				first[w.Focal]++
			}
		}
	}
	for text, n := range first {
		if n != v.M/2 {
			t.Errorf("text %d is first in %d of %d windows", text, n, v.M)
		}
		low, high := math.MaxInt, 0
		for _, j := range v.Judges {
			low, high = min(low, by[text][j.Name]), max(high, by[text][j.Name])
		}
		if high-low > 1 {
			t.Errorf("text %d: judges got it %v times", text, by[text])
		}
	}
}

// A run that is stopped at any of its calls and taken up again ends with the bytes of an unbroken one, and asks nothing
// twice but what was under way.
func TestStoppedBuildsEndWithTheSameBytes(t *testing.T) {
	for _, pairing := range []string{PairUniform, PairActive} {
		w := newWorld(2, 24, 3)
		w.Judge["m1"] = scripted.Character{Beta: 1, Spoilt: .1, Ties: .1}
		stop := 0
		ctx, cancel := context.WithCancel(context.Background())
		s := scripted.New(t, func(c scripted.Call) scripted.Reply {
			if c.N == stop {
				cancel()
			}
			return w.Answer(c)
		})
		build := func(stops []int) (file []byte, calls int) {
			before := len(s.Calls())
			path := w.pool(t)
			j := w.job(t, s.URL, path, 2)
			j.Design.M, j.Design.Pairing = 6, pairing
			for _, at := range append(stops, 0) {
				ctx, cancel = context.WithCancel(context.Background())
				if stop = at; stop > 0 {
					stop += len(s.Calls())
				}
				_, err := Build(ctx, j)
				cancel()
				if at > 0 && fault.Of(err) != fault.Canceled && err != nil {
					t.Fatalf("stopped at call %d: %v", at, err)
				} else if at == 0 {
					must(t, err)
				}
			}
			file, err := os.ReadFile(path)
			must(t, err)
			return file, len(s.Calls()) - before
		}
		whole, calls := build(nil)
		random := rand.New(rand.NewPCG(4, 4))
		var stops []int
		for range 20 {
			stops = append(stops, 1+random.IntN(max(1, calls/20)))
		}
		again, more := build(stops)
		if !bytes.Equal(whole, again) {
			t.Errorf("%s: other bytes after 20 stops", pairing)
		}
		if more > calls+20*2*2 { // two under way, each perhaps at its second attempt
			t.Errorf("%s: %d calls with 20 stops, %d without", pairing, more, calls)
		}
	}
}

// The number of answers under way, another judge and another value move no window.
func TestWindowsDependOnTheirOwnValueAlone(t *testing.T) {
	v := built(t, 30, care)
	draw := func(judges, m int, seed uint64, pairing string) (out []string) {
		o := DefaultDesign()
		o.M, o.Seed, o.Pairing = m, seed, pairing
		shown, err := v.fixed(o, judges)
		must(t, err)
		for _, w := range shown {
			out = append(out, fmt.Sprint(w.Focal, w.Repeat, w.Items))
		}
		return out
	}
	for _, pairing := range []string{PairUniform, PairMatching} {
		want := draw(3, 6, 1, pairing)
		if got := draw(4, 6, 1, pairing); !slices.Equal(got, want) {
			t.Errorf("%s: a further judge moved a window", pairing)
		}
		if got := draw(3, 6, 2, pairing); slices.Equal(got, want) {
			t.Errorf("%s: another seed draws the same windows", pairing)
		}
	}
}

// Windows of more than two texts, with the worked example, by judges that are biased to places.
func TestWindowsOfFour(t *testing.T) {
	for _, format := range []string{FormatDefault, FormatOneShot} {
		w := newWorld(3, 60, 2)
		path := w.pool(t)
		s := scripted.New(t, w.Answer)
		j := w.job(t, s.URL, path, 8)
		j.Design.K, j.Design.M, j.Format = 4, 10, format
		_, err := Build(context.Background(), j)
		must(t, err)
		v := result(t, path)
		rmse, order := w.quality(v)
		if rmse > 1.6 || order < .93 || len(v.Jurors[0].Bias) != 4 {
			t.Errorf("%s: error %.2f, order %.3f, bias %v", format, rmse, order, v.Jurors[0].Bias)
		}
	}
}
