// Package vidbtest makes value-intensity databases whose truth is known, and judges that know it: scores can be held to
// what they should be.
//
//	w := vidbtest.New(t, 1, 200)                   // 200 texts of mft/care-harm, utilities of SD 1.6 logits
//	w.Judge["m"] = scripted.Character{Beta: 1}     // a fair judge
//	s := scripted.New(t, w.Answer)
//	cfg := w.Config(s.URL)                         // settings with one voter for each judge
//	responses := w.Responses(2, 30)                // texts of known utility that the database does not hold
package vidbtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hives/data"
	"hives/data/theories"
	"hives/intensity"
	"hives/internal/cli"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
	"hives/vidb"
)

// Value is what the database is about.
const Value = "mft/care-harm"

// World is a database, the truth of its texts and of the responses, and judges.
type World struct {
	scripted.Ranker
	Path string
}

// New makes a database of n texts in a folder of the test. Each text has its true utility, as if judges without end had
// ordered it.
func New(t testing.TB, seed uint64, n int) *World {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 5))
	w := &World{Ranker: scripted.Ranker{Theta: map[string]float64{}, Judge: map[string]scripted.Character{}}}
	var rows []data.Row
	for i := range n {
		text := fmt.Sprintf("A deed of number %d in this world.", i)
		w.Theta[text] = 1.6 * random.NormFloat64()
		rows = append(rows, row(text, w.Theta[text]))
	}
	folder := t.TempDir()
	from := filepath.Join(folder, "rows.csv")
	w.Path = filepath.Join(folder, "vidb.db")
	must(t, data.Write(from, rows))
	o := vidb.PoolOptions{Rows: []string{from}, Value: Value, Size: n, MaxChars: vidb.DefaultMaxChars}
	_, err := vidb.Pools(w.Path, o, []string{Value}, false)
	must(t, err)
	w.settle(t)
	return w
}

func row(text string, theta float64) data.Row {
	direction := int32(1)
	if theta < 0 {
		direction = -1
	}
	return data.Row{Text: text, Theory: "mft", Level1: "care/harm", Direction: direction,
		DirectionSource: data.SourceAnnotated, IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
		TextID: data.TextID(text), Group: "g " + text, Corpus: "c", Licence: "free"}
}

// settle writes the truth into the database.
func (w *World) settle(t testing.TB) {
	t.Helper()
	v := w.value(t)
	var theta []float64
	for _, text := range v.Texts {
		theta = append(theta, w.Theta[text.Text])
	}
	c, scores, err := intensity.Calibrate(intensity.ZScore, theta)
	must(t, err)
	v.Calibration, v.Mean, v.MaxAbs = c.Method, c.Mean, c.MaxAbs
	for i := range v.Scores {
		v.Scores[i] = vidb.Score{Theta: theta[i], SE: .3, Score: scores[i], Final: scores[i], HumanMean: math.NaN(),
			Status: vidb.Accepted}
	}
	must(t, vidb.Save(w.Path, v))
}

func (w *World) value(t testing.TB) *vidb.Value {
	t.Helper()
	f, err := vidb.Open(w.Path, theories.Builtin())
	must(t, err)
	v, err := f.Full(Value)
	must(t, err)
	return v
}

// Shift adds to the utilities of all texts of one side, so that the database is another one with other scores.
func (w *World) Shift(t testing.TB, by float64) {
	t.Helper()
	for text, theta := range w.Theta {
		if theta > 0 {
			w.Theta[text] += by
		}
	}
	w.settle(t)
}

// Responses adds n texts of known utility to the world.
func (w *World) Responses(seed uint64, n int) []vidb.Response {
	random := rand.New(rand.NewPCG(seed, 6))
	var out []vidb.Response
	for i := range n {
		text := fmt.Sprintf("I would do number %d.", i)
		w.Theta[text] = 1.6 * random.NormFloat64()
		out = append(out, vidb.Response{ID: fmt.Sprint("r", i), Text: text})
	}
	return out
}

// Truth is a text's score if its utility were known.
func (w *World) Truth(t testing.TB, text string) float64 {
	t.Helper()
	c, err := w.value(t).Map()
	must(t, err)
	return c.Score(w.Theta[text])
}

// Config is settings with one voter for each judge, all behind the endpoint at url, and a budget of ten million tokens.
func (w *World) Config(url string) vidb.Config {
	cfg := vidb.Defaults()
	cfg.Budget = llm.Limits{Tokens: 1e7}
	cfg.Endpoints = []llm.Endpoint{{Name: "e", BaseURL: url, Parallel: 8, MaxTries: 1,
		MaxWait: cli.Duration(time.Millisecond),
		Timeout: cli.Duration(time.Minute)}}
	for _, name := range w.judges() {
		cfg.Voters = append(cfg.Voters, judge.Voter{Name: "judge-" + name, Endpoint: "e",
			Model: llm.Model{Name: name, PriceIn: 1, PriceOut: 1}})
	}
	return cfg
}

// TOML is Config as a settings file.
func (w *World) TOML(t testing.TB, url string) (path string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "[budget]\ntokens = 10000000\n[[endpoints]]\nname = \"e\"\nbase_url = %q\nmax_tries = 1\n", url)
	for _, name := range w.judges() {
		fmt.Fprintf(&b, "[[voters]]\nname = \"judge-%s\"\nendpoint = \"e\"\nmodel = %q\n", name, name)
	}
	path = filepath.Join(t.TempDir(), "judges.toml")
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// judges are the names of the world's, in order.
func (w *World) judges() (names []string) {
	for name := range w.Judge {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
