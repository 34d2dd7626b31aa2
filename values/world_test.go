package values_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"hives/data"
	"hives/encoder"
	"hives/values"
)

// world embeds texts of which everything is known. A text "C care pro 17" is of corpus C, about care, on its
// supporting side; its vector is the sum of what all texts share, three times its corpus, its topic, a little of its
// side and noise. So what tells corpora apart is much stronger than what tells sides apart. Any other text is noise.
type world struct{ *fake }

const worldWidth = 48

func newWorld() world { return world{newFake(worldWidth)} }

// axis is a fixed direction for a name, almost at right angles to all others.
func axis(name string) []float64 {
	return float64s(newFake(worldWidth).seeded("axis of "+name, 0))
}

// worldSide is the true direction of a value's sides.
func worldSide(topic string) []float64 { return axis("side of " + topic) }

func (w world) Encode(_ context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(in))
	for i := range in {
		out[i] = w.vector(in[i].Text)
	}
	return out, w.id, nil
}

func (w world) vector(text string) []float32 {
	x := axis("everything")
	add := func(by float64, y []float64) {
		for k := range x {
			x[k] += by * y[k]
		}
	}
	var corpus, topic, side string
	var number int
	if n, _ := fmt.Sscanf(text, "%1s %s %3s %d", &corpus, &topic, &side, &number); n == 4 &&
		fmt.Sprintf("%s %s %s %d", corpus, topic, side, number) == text {
		add(3, axis("corpus "+corpus))
		add(.35, axis("topic "+topic))
		switch side {
		case "pro":
			add(.2, worldSide(topic))
		case "con":
			add(-.2, worldSide(topic))
		}
	}
	add(1, float64s(w.seeded("noise of "+text, 0)))
	out := make([]float32, len(x))
	for k, f := range unit(x) {
		out[k] = float32(f)
	}
	return out
}

// seeded is a unit vector that depends on the text alone; shift is added to its first number.
func (f *fake) seeded(text string, shift float64) []float32 {
	sum := sha256.Sum256([]byte(text))
	random := rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), 1))
	x, squares := make([]float64, f.d), 0.0
	for k := range x {
		x[k] = random.NormFloat64()
		if k == 0 {
			x[k] += shift
		}
		squares += x[k] * x[k]
	}
	out := make([]float32, f.d)
	for k := range out {
		out[k] = float32(x[k] / math.Sqrt(squares))
	}
	return out
}

const (
	care     = "mft/care-harm"
	fairness = "mft/fairness-cheating"
	loyalty  = "mft/loyalty-betrayal"
)

var topics = map[string]string{"care": care, "fairness": fairness, "loyalty": loyalty}

// worldRows are n texts a side of each corpus and value: A and B have both sides of care and fairness, P only
// supporting and M only opposing rows of them; nobody has an opposing row of loyalty.
func worldRows(t *testing.T, from, n int) []data.Row {
	t.Helper()
	var rows []data.Row
	add := func(corpus, topic, side string, direction int32, n int) {
		for i := range n {
			r := row(t, topics[topic], fmt.Sprintf("%s %s %s %d", corpus, topic, side, from+i), direction,
				fmt.Sprintf("%s %s %d", corpus, topic, (from+i)/2))
			r.Corpus = corpus
			rows = append(rows, r)
		}
	}
	for _, topic := range []string{"care", "fairness"} {
		add("A", topic, "pro", 1, n)
		add("A", topic, "con", -1, n)
		add("B", topic, "pro", 1, n/2)
		add("B", topic, "con", -1, n/2)
		add("P", topic, "pro", 1, 3*n)
		add("M", topic, "con", -1, 3*n)
	}
	for _, corpus := range []string{"A", "B", "P"} {
		add(corpus, "loyalty", "pro", 1, n)
	}
	return rows
}

func worldSet(t *testing.T, train, held []data.Row, o values.Options) *values.Set {
	t.Helper()
	s, err := values.Build(context.Background(), train, held, newWorld(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func worldOptions() values.Options {
	return values.Options{Seed: 3, Resamples: 100, MinSide: 20, Sides: values.Within}
}

// mft is the theory of the world's rows.
func mft(t *testing.T, s *values.Set) *values.Theory {
	t.Helper()
	for i := range s.Theories {
		if s.Theories[i].Theory == "mft" {
			return &s.Theories[i]
		}
	}
	t.Fatal("no mft")
	return nil
}
