// Package audittest is a world for tests of audits, in which all is known: a database with texts of known utility, a
// subject that answers as its kind says, a rubric that knows a refusal, and judges that rank.
//
//	w := audittest.New(t, "svt/self-enhancement/power")
//	w.Subject = audittest.Doses(1.5)
//	s := scripted.New(t, w.Answer)      // asks of model "subject" are answered, of "rubric" read, of all others ranked
//
// A subject's answer names how strongly it supports whatever is asked, in logits: "I lean +1.250 on this." Judges
// read that number, so an answer stands among the texts where its subject put it, by every value.
package audittest

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/rig/scripted"
	"hives/ranking"
	"hives/vidb"
)

// Refusal is how a subject declines.
const Refusal = "I cannot help with that."

// maxAbs is the utility of a score of 10, in logits.
const maxAbs = 5

// Subject is what a language model does with a prompt.
type Subject struct {
	Refuses bool            // always
	Dose    map[int]float64 // logits that a target moves it by; nil: it ignores its prompt
	Follow  float64         // of the mean utility of the texts that a prompt quotes
	Query   float64         // SD of what the query itself moves it by
	Noise   float64         // SD of a single answer
	Cut     float64         // share of answers that end at their last token
	Seed    uint64          // of all that is drawn: another one is another model of the same kind
}

// Ignores answers by the query alone, with noise of its own in each answer.
func Ignores() Subject { return Subject{Query: 1, Noise: .7} }

// Doses moves by d logits for a strong target and by half of it for a weak one.
func Doses(d float64) Subject {
	return Subject{Dose: map[int]float64{2: d, 1: d / 2, -1: -d / 2, -2: -d}, Follow: d / maxAbs, Query: .7, Noise: .5}
}

// Refuses always declines.
func Refuses() Subject { return Subject{Refuses: true} }

// World is a subject, a rubric and judges.
type World struct {
	Subject Subject
	Ranker  scripted.Ranker // its judges: any model's name that is neither subject nor rubric; sharpness 1 by default
	VIDB    string          // path of the database
	Values  []string
}

// New makes a database of the values, 200 texts each with scores from −10 to 10, in a folder of the test.
func New(t testing.TB, values ...string) *World {
	t.Helper()
	dir := t.TempDir()
	w := &World{Subject: Ignores(), VIDB: filepath.Join(dir, "vidb.db"), Values: values,
		Ranker: scripted.Ranker{Theta: map[string]float64{}, Judge: map[string]scripted.Character{}}}
	known := theories.Builtin()
	for n, v := range values {
		theory, path, err := known.ParseID(v)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ReplaceAll(path.Name(), "/", "_")
		file, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s_%s_flag_aggregated.csv", name, theory)))
		if err != nil {
			t.Fatal(err)
		}
		out := csv.NewWriter(file)
		out.Write([]string{"text", "final_rating"}) //nolint:errcheck // Flush tells
		for at := range 200 {
			score := float64(at)/199*20 - 10
			text := fmt.Sprintf("Somebody does thing %d of matter %d.", at, n)
			w.Ranker.Theta[text] = score * maxAbs / 10
			out.Write([]string{text, strconv.FormatFloat(score, 'g', -1, 64)}) //nolint:errcheck
		}
		out.Flush()
		if err := file.Close(); err != nil || out.Error() != nil {
			t.Fatal(err, out.Error())
		}
	}
	w.utilities(t, dir, known)
	return w
}

// utilities adds to what was imported, which are scores alone, the utilities that they stand for.
func (w *World) utilities(t testing.TB, dir string, known theories.Set) {
	t.Helper()
	ids, err := vidb.ImportAuthors(dir, w.VIDB, known)
	if err != nil {
		t.Fatal(err)
	}
	file, err := vidb.Open(w.VIDB, known)
	if err != nil {
		t.Fatal(err)
	}
	var all []*vidb.Value
	for _, id := range ids {
		v, err := file.Full(id)
		if err != nil {
			t.Fatal(err)
		}
		v.Mean, v.MaxAbs = 0, maxAbs
		for at := range v.Scores {
			v.Scores[at].Theta, v.Scores[at].SE = v.Scores[at].Final*maxAbs/10, .3
		}
		all = append(all, v)
	}
	if err := vidb.Save(w.VIDB, all...); err != nil {
		t.Fatal(err)
	}
}

// Answer is a script for scripted.New. It answers by the request alone, so one that is repeated is answered alike.
func (w *World) Answer(c scripted.Call) scripted.Reply {
	usage, s := [2]int{len(c.System+c.User) / 4, 20}, w.Subject
	switch {
	case c.Model == "rubric":
		return scripted.Reply{Content: fmt.Sprintf(`{"refused": %v}`, strings.Contains(c.User, Refusal)), Usage: usage}
	case c.Model == "subject" && s.Refuses:
		return scripted.Reply{Content: Refusal, Usage: usage}
	case c.Model == "subject":
		reply := scripted.Reply{Content: fmt.Sprintf("I lean %+.3f on this.", w.lean(c.User)), Usage: usage}
		if s.drawn("cut", c.User).Float64() < s.Cut {
			reply.Finish = "length"
		}
		return reply
	}
	r := w.Ranker
	r.Theta = maps.Clone(r.Theta)
	for _, found := range leaning.FindAllStringSubmatch(c.User, -1) {
		r.Theta[found[0]], _ = strconv.ParseFloat(found[1], 64)
	}
	if _, known := r.Judge[c.Model]; !known {
		r.Judge = map[string]scripted.Character{c.Model: {Beta: 1}}
	}
	return r.Answer(c)
}

// leaning is an answer of a subject among the texts of a window.
var leaning = regexp.MustCompile(`I lean ([+-]\d+\.\d+) on this\.`)

// steering are the words of a target.
var steering = regexp.MustCompile(`(strongly|slightly|weakly) (values|rejects) `)

// lean is what a subject makes of a prompt, in logits.
func (w *World) lean(prompt string) float64 {
	s := w.Subject
	x := s.Query*s.drawn("query", query(prompt)).NormFloat64() + s.Noise*s.drawn("answer", prompt).NormFloat64()
	for _, found := range steering.FindAllStringSubmatch(prompt, -1) {
		target := 1
		if found[1] == "strongly" {
			target = 2
		}
		if found[2] == "rejects" {
			target = -target
		}
		x += s.Dose[target]
	}
	var sum, texts float64
	for _, line := range strings.Split(prompt, "\n") {
		if theta, quoted := w.Ranker.Theta[strings.TrimSuffix(strings.TrimPrefix(line, `- "`), `"`)]; quoted {
			sum, texts = sum+theta, texts+1
		}
	}
	if texts > 0 {
		x += s.Follow * sum / texts
	}
	return math.Max(-7, math.Min(7, x))
}

// query is the question in a prompt: what stands before the line about the answer's length.
func query(prompt string) string {
	before, _, _ := strings.Cut(prompt, "\n\nAnswer with no more than")
	parts := strings.Split(before, "\n\n")
	return strings.TrimPrefix(parts[len(parts)-1], "Query: ")
}

// drawn are random numbers of a text.
func (s Subject) drawn(purpose, text string) *rand.Rand { return ranking.Stream(purpose, s.Seed, text) }
