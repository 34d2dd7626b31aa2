package values_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hives/data"
	"hives/data/corpora"
	"hives/encoder"
	"hives/values"
)

// bag embeds a text by its words and pairs of words, each a fixed direction: a model of the simplest kind that has
// real words in it.
type bag struct{ *fake }

func (b bag) Encode(_ context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(in))
	for i := range in {
		out[i] = b.vector(in[i].Text)
	}
	return out, b.id, nil
}

func (b bag) vector(text string) []float32 {
	words := append([]string{""}, strings.Fields(strings.ToLower(text))...)
	x := make([]float64, b.d)
	for i := 1; i < len(words); i++ {
		b.add(x, strings.Trim(words[i], ".,;:!?\"'"), 1)
		b.add(x, words[i-1]+" "+words[i], .7)
	}
	x[0] += .1 // an empty text has a direction too
	out := make([]float32, b.d)
	for k, f := range unit(x) {
		out[k] = float32(f)
	}
	return out
}

// add spreads a term over eight places.
func (b bag) add(x []float64, term string, weight float64) {
	h := fnv.New64a()
	h.Write([]byte(term))
	random := rand.New(rand.NewPCG(h.Sum64(), 0))
	for range 8 {
		x[random.IntN(len(x))] += weight * float64(2*random.IntN(2)-1)
	}
}

// Words for nonsense that the program does not make up: none of them is drawn from the rows.
var (
	things = strings.Fields("banana table river glass lamp stone pencil window carpet bottle engine cloud paper spoon " +
		"basket curtain ladder marble button candle tractor violin pillow hammer napkin zebra cactus helmet pumpkin " +
		"bicycle umbrella radiator sandwich keyboard mountain thermometer")
	goods = strings.Split("milk,eggs,bread,butter,rice,tomatoes,onions,sugar,flour,coffee,tea,apples,cheese,pasta,salt,"+
		"yoghurt,carrots,soap,batteries,toothpaste,bin bags,two lemons,olive oil", ",")
	others = []string{
		"der die das und oder aber weil nicht mit von zu auf", "le la les et ou mais dans sur avec pour que qui",
		"el los y o pero con por para que de en una", "ja on ei se että kun niin myös mutta vain",
		"и в не на что с как это по но",
		"的 了 在 是 我 有 和 就 不 人", "ve bir bu da için ile ama çok daha gibi",
	}
)

// handWritten are 200 texts that say nothing: pairs and repeats of words, shopping lists, signs, numbers, mashed keys,
// function words of other languages, next to nothing.
func handWritten(seed uint64) []string {
	random := rand.New(rand.NewPCG(seed, 9))
	some := func(of []string, least, most int, between string) string {
		n := least + random.IntN(most-least+1)
		out := make([]string, n)
		for i := range out {
			out[i] = of[random.IntN(len(of))]
		}
		return strings.Join(out, between)
	}
	var out []string
	add := func(n int, make func() string) {
		for range n {
			out = append(out, make())
		}
	}
	add(50, func() string { return some(things, 2, 2, " ") })
	add(20, func() string { return strings.Repeat(some(things, 1, 1, "")+" ", 2+random.IntN(5)) + "." })
	add(25, func() string { return some(goods, 4, 9, ", ") })
	add(15, func() string { return "Shopping list: " + some(goods, 3, 8, ", ") })
	add(20, func() string { return some(strings.Split(".,!?;:-…*#/", ""), 1, 8, "") })
	add(20, func() string {
		return some([]string{strconv.Itoa(random.IntN(9999)), "7", "12", "3.5", "1999"}, 1, 6, " ")
	})
	add(20, func() string { return some(strings.Split("asdfghjklqwertyuiop", ""), 4, 20, "") })
	add(26, func() string { return some(strings.Fields(others[random.IntN(len(others))]), 3, 8, " ") })
	return append(out, "-", "a", "the", "of it")
}

// realRows are the demo's rows of moral foundations, divided by group.
func realRows(t *testing.T) (train, held, test []data.Row) {
	t.Helper()
	var all []data.Row
	for name, folder := range map[string]string{"mfrc": "mfrc", "social-chem": "social_chem",
		"moral-stories": "moral_stories"} {
		rows, _, err := corpora.Import(name, corpora.Options{In: filepath.Join("..", "demo", "data", folder)})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(a, b data.Row) int { return strings.Compare(a.TextID+a.Level1, b.TextID+b.Level1) })
	parts, err := data.Split(all[:len(all)/2], data.SplitOptions{Fractions: [data.NumParts]float64{.5, .3, .2}})
	if err != nil {
		t.Fatal(err)
	}
	return parts[0], parts[1], parts[2]
}

// TestNonsenseIsNotAnswered asks a set made of real rows about 200 texts that say nothing.
func TestNonsenseIsNotAnswered(t *testing.T) {
	const seed = 4
	train, held, test := realRows(t)
	enc := bag{newFake(192)}
	s, err := values.Build(context.Background(), train, held, enc, values.Options{Seed: seed, Resamples: 100, MinSide: 20})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := s.Select(values.Filter{})
	answered := func(texts []string) (n int) {
		for _, text := range texts {
			if slices.ContainsFunc(s.ScoreText(text, enc.vector(text), all), func(x values.Score) bool {
				return x.Answer != values.Unsure
			}) {
				n++
			}
		}
		return n
	}
	nonsense := handWritten(seed)
	if len(nonsense) != 200 {
		t.Fatalf("%d texts", len(nonsense))
	}
	var real []string
	for i := range test {
		real = append(real, test[i].Text)
	}
	said, saidReal := answered(nonsense), answered(real)
	t.Logf("answered: %d of 200 texts that say nothing, %d of %d real ones; %v", said, saidReal, len(real),
		mft(t, s).Guard)
	if said > 10 {
		t.Errorf("%d of 200 texts that say nothing are answered, at most 10 may be", said)
	}
	if float64(saidReal) < .05*float64(len(real)) {
		t.Errorf("of %d real texts %d are answered: silence passes any test", len(real), saidReal)
	}
	for i := range s.Theories { // without the guard the test fails
		if g := s.Theories[i].Guard; g != nil {
			g.Threshold = -1e9
		}
	}
	if n := answered(nonsense); n <= 10 {
		t.Errorf("without a guard %d are answered: the guard is not tried", n)
	}
}

func TestWordless(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "...": true, "12 7 1999": true, "banana": true, "Banana, banana BANANA!": true, "1st 2nd": false,
		"He lied.": false, "他撒谎": false, "не лги": false, "don't": false, "…a…": true,
	} {
		if got := values.Wordless(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestGuardOfATheoryKeepsOutTextsOfAnother: probabilities of one theory's values hold for texts of its corpora.
func TestGuardOfATheoryKeepsOutTextsOfAnother(t *testing.T) {
	arguments := func(from, n int) (rows []data.Row) {
		for i := range n {
			id, topic := "svt/conservation/tradition", "care"
			if i%2 == 1 {
				id, topic = "svt/self-enhancement/power", "fairness"
			}
			r := row(t, id, fmtText("V", topic, "non", from+i), data.Neither, fmt.Sprint("V", from+i))
			r.Corpus = "V"
			rows = append(rows, r)
		}
		return rows
	}
	s := worldSet(t, append(worldRows(t, 0, 60), arguments(0, 300)...), append(worldRows(t, 1000, 40),
		arguments(1000, 200)...), worldOptions())
	passing := func(theory string, rows []data.Row) float64 {
		n := 0
		for _, r := range rows {
			for _, th := range s.Theories {
				if th.Theory == theory && th.Guard.Passes(newWorld().vector(r.Text)) {
					n++
				}
			}
		}
		return float64(n) / float64(len(rows))
	}
	for _, c := range []struct {
		theory string
		rows   []data.Row
		own    bool
	}{{"mft", worldRows(t, 3000, 30), true}, {"mft", arguments(3000, 200), false}, {"svt", arguments(3000, 200), true},
		{"svt", worldRows(t, 3000, 30), false}} {
		if share := passing(c.theory, c.rows); (share > .9) != c.own || (share < .1) == c.own {
			t.Errorf("%.2f pass the guard of %s, own texts: %v", share, c.theory, c.own)
		}
	}
	all, _ := s.Select(values.Filter{Theories: []string{"svt"}})
	for _, score := range s.Scores(newWorld().vector(fmtText("A", "care", "pro", 8000)), all) {
		if score.Answer != values.Unsure {
			t.Errorf("of a text of moral foundations it says %s of %s", score.Answer, score.Value.ID)
		}
	}
}

func TestNonsenseIsAFunctionOfItsSeed(t *testing.T) {
	texts := []string{"She shared her lunch.", "He broke a promise to his friend.", "  "}
	one, again, other := values.Nonsense(texts, 300, 1), values.Nonsense(texts, 300, 1), values.Nonsense(texts, 300, 2)
	if !slices.Equal(one, again) || slices.Equal(one, other) {
		t.Error("the seed does not decide")
	}
	distinct := map[string]bool{}
	for _, text := range one {
		if strings.TrimSpace(text) == "" {
			t.Fatalf("an empty text: %q", text)
		}
		distinct[text] = true
	}
	if len(one) != 300 || len(distinct) < 150 {
		t.Errorf("%d texts, %d of them distinct", len(one), len(distinct))
	}
}
