package opinion

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hives/data/survey"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/cli"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
	"hives/vidb"
)

const madeUp = "../../data/survey/testdata/madeup"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is the made-up survey with a writer, a judge and a respondent of whom all is known.
type world struct {
	Values []string
	Claims map[string]struct {
		Value string
		Says  []float64
	}
	Leans map[string][]float64

	definition []string
	rankers    []scripted.Ranker
	vidb       string
	survey     *survey.Survey
	statement  map[string]statement
	calls      atomic.Int64
	stopAt     int64
	spoil      func(question string) bool // statements that cannot be used
	hears      bool                       // the respondent answers by its profile
}

type statement struct {
	value int
	says  float64
}

func stated(question, option string) string {
	return fmt.Sprintf("Asked “%s” I say: %s.", question, option)
}

// newWorld reads the truth, and makes a database of anchors for each value whose scores are exact.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{statement: map[string]statement{}}
	raw, err := os.ReadFile(filepath.Join(madeUp, "truth.json"))
	must(t, err)
	must(t, json.Unmarshal(raw, w))
	w.survey, err = survey.Read(madeUp)
	must(t, err)
	dir := t.TempDir()
	for v, id := range w.Values {
		d, err := theories.Builtin().Define(id)
		must(t, err)
		w.definition = append(w.definition, d.Text)
		theta := map[string]float64{}
		var file bytes.Buffer
		out := csv.NewWriter(&file)
		must(t, out.Write([]string{"text", "final_rating"}))
		for n := range 41 {
			text, score := fmt.Sprintf("Text %d about %s.", n, id), float64(n)/2-10
			must(t, out.Write([]string{text, fmt.Sprint(score)}))
			theta[text] = score
		}
		out.Flush()
		name, _, _ := strings.Cut(strings.TrimPrefix(id, "mft/"), "-")
		full := map[string]string{"care": "care-harm", "fairness": "fairness-cheating", "loyalty": "loyalty-betrayal",
			"authority": "authority-subversion"}[name]
		must(t, os.WriteFile(filepath.Join(dir, full+"_mft_flag_aggregated.csv"), file.Bytes(), 0o600))
		for _, q := range w.survey.Questions {
			claim := w.Claims[q.Text]
			for o, option := range q.Options {
				if says := stated(q.Text, option); claim.Value == id {
					theta[says] = claim.Says[o]
					w.statement[says] = statement{v, claim.Says[o]}
				} else {
					theta[says] = 0
				}
			}
		}
		w.rankers = append(w.rankers, scripted.Ranker{Theta: theta,
			Judge: map[string]scripted.Character{"m-judge": {Beta: 1, Firm: true}}})
	}
	w.vidb = filepath.Join(t.TempDir(), "vidb.db")
	_, err = vidb.ImportAuthors(dir, w.vidb, theories.Builtin())
	must(t, err)
	return w
}

func hashed(words ...string) float64 {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(words, "|")))
	return float64(h.Sum64()%1_000_003) / 1_000_003
}

// answer plays all three.
func (w *world) answer(c scripted.Call) scripted.Reply {
	if n := w.calls.Add(1); w.stopAt > 0 && n >= w.stopAt {
		return scripted.Reply{Status: 503}
	}
	switch c.Model {
	case "m-writer":
		var list []string
		line := c.User[strings.Index(c.User, "["):]
		if err := json.NewDecoder(strings.NewReader(line)).Decode(&list); err != nil {
			return scripted.Reply{Status: 400}
		}
		var out []string
		for _, option := range list[1:] {
			out = append(out, stated(list[0], option))
		}
		if w.spoil != nil && w.spoil(list[0]) {
			out = out[1:]
		}
		raw, _ := json.Marshal(map[string]any{"statements": out})
		return scripted.Reply{Content: "Here they are: " + string(raw), Usage: [2]int{100, 60}}
	case "m-judge":
		for v, definition := range w.definition {
			if strings.Contains(c.System+c.User, strings.TrimSuffix(definition, ".")) {
				return w.rankers[v].Answer(c)
			}
		}
		return scripted.Reply{Status: 400}
	}
	return scripted.Reply{Content: w.respond(c.User), Usage: [2]int{80, 1}}
}

// respond answers a question as somebody who reads the profile above it, or throws dice. It says "I think a lot" now
// and then, which names no letter.
func (w *world) respond(user string) string {
	if hashed("odd", user) < .03 {
		return "I think a lot of people"
	}
	_, rest, _ := strings.Cut(user, "Question: ")
	text, options, _ := strings.Cut(rest, "\nOptions: ")
	claim := w.Claims[text]
	wants := 0.
	if w.hears {
		value := slices.Index(w.Values, claim.Value)
		phrase := Value{Definition: w.definition[value]}.Phrase()
		for level, begin := range map[float64]string{2: "You highly prioritize ", 1: "You prioritize ",
			-1: "You place low priority on ", -2: "You place very low priority on "} {
			if strings.Contains(user, begin+phrase) {
				wants = level
			}
		}
	}
	best, letter := math.Inf(-1), "A"
	for i, option := range []string{"Agree a lot", "Agree a little", "Disagree a little", "Disagree a lot"} {
		at := strings.Index(options, ". "+option)
		if liking := wants*claim.Says[i]/4 + hashed("liking", text, option); at > 0 && liking > best {
			best, letter = liking, options[at-1:at]
		}
	}
	return []string{letter, "Answer: " + letter, letter + ") so it is"}[int(3*hashed("form", user))]
}

// vectors are an encoder: a text about a value lies near it.
type vectors struct{ w *world }

func (e vectors) Encode(_ context.Context, in []encoder.Input) (out [][]float32, id encoder.Identity, err error) {
	for _, x := range in {
		random := rand.New(rand.NewPCG(uint64(1e9*hashed(x.Text)), 1))
		v := make([]float64, 12)
		for i := range v {
			v[i] = .2 * random.NormFloat64()
		}
		if s, known := e.w.statement[x.Text]; known {
			v[s.value]++
		}
		for at, id := range e.w.Values {
			if x.Text == e.w.definition[at] || strings.Contains(id, strings.ReplaceAll(x.Text, "/", "-")) {
				v[at]++
			}
		}
		sum, row := 0., []float32(nil)
		for _, n := range v {
			sum += n * n
		}
		for _, n := range v {
			row = append(row, float32(n/math.Sqrt(sum)))
		}
		out = append(out, row)
	}
	return out, encoder.Identity{Name: "by hand", Dimension: 12}, nil
}

func (w *world) config(url string, voters ...string) judge.Config {
	c := vidb.Defaults().Config
	c.Parallel = 4
	c.Endpoints = []llm.Endpoint{{Name: "e", BaseURL: url, Parallel: 8, MaxTries: 1,
		MaxWait: cli.Duration(time.Millisecond), Timeout: cli.Duration(time.Minute)}}
	for _, name := range voters {
		c.Voters = append(c.Voters, judge.Voter{Name: name, Endpoint: "e", Model: llm.Model{Name: "m-" + name}})
	}
	return c
}

func (w *world) build(url, out string) Build {
	b := DefaultBuild()
	b.Survey, b.Share, b.Seed, b.VIDB, b.Known, b.Out, b.Yes = madeUp, .6, 2, w.vidb, theories.Builtin(), out, true
	b.Config.Config = w.config(url, Writer, "judge")
	b.Score.Utility, b.Score.M = vidb.UtilityScore, 2
	b.Embed = func(context.Context) (encoder.Encoder, func(), error) { return vectors{w}, func() {}, nil }
	return b
}

func (w *world) ask(url, out, profiles string) Ask {
	a := DefaultAsk()
	a.Survey, a.Profiles, a.Out, a.Yes, a.Sentences, a.Draws = madeUp, profiles, out, true, 4, 300
	a.Config = w.config(url, "respondent")
	return a
}
