package profiles_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/internal/sqlitefile"
	"hives/profiles"
)

// line is a fit of which all numbers are round.
func line() *profiles.ManyFit {
	return &profiles.ManyFit{Texts: 400, Mean: 1, Predicted: .5, Slope: .25, Spread: 4, Other: 3, Choice: 6, Factor: 1.2}
}

// TestManyIsTheFormula computes both readings by hand, for predicted and judged texts and for more than were measured.
func TestManyIsTheFormula(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	f, rules := line(), profiles.TextDefaults()
	for _, n := range []int{30, 80, 300} {
		var told []profiles.Told
		var near, far, nearSquares, farSquares, predicted, ahead float64
		for i := range n {
			one := profiles.Told{ID: string(rune('A' + i)), Value: 2 * random.NormFloat64()}
			if i%3 == 0 {
				one.Judged, one.Off = true, 1+random.Float64()
				near, far = near+one.Value, far+one.Value
				nearSquares, farSquares = nearSquares+one.Off*one.Off, farSquares+one.Off*one.Off
			} else {
				stretched := 1 + (one.Value-.5)/.25
				near, far, predicted, ahead = near+one.Value, far+stretched, predicted+1, ahead+stretched-1
				nearSquares, farSquares = nearSquares+9, farSquares+36
			}
			told = append(told, one)
		}
		size := float64(n)
		near, far, ahead, predicted = near/size, far/size, ahead/size, predicted/size
		as := math.Min(size, 80)
		nearOff := math.Sqrt(nearSquares/size/as + 9*predicted*predicted/400)
		farOff := math.Sqrt(farSquares/size/as + 36*predicted*predicted/400 + 36*ahead*ahead/16/400)
		wide := 1.959963984540054 * 1.2
		got, why := f.Pool(rules, told)
		goldentest.Same(t, "score", got.Score, near, 1e-12)
		goldentest.Same(t, "lo", got.Lo, max(-10, min(near-wide*nearOff, far-wide*farOff)), 1e-9)
		goldentest.Same(t, "hi", got.Hi, min(10, max(near+wide*nearOff, far+wide*farOff)), 1e-9)
		if why != "" || got.N != n || got.Effective != size {
			t.Errorf("%q, %+v", why, got)
		}
		// The order of texts changes nothing, to the last bit; another text does.
		slices.Reverse(told)
		if again, _ := f.Pool(rules, told); again.Score != got.Score || again.Lo != got.Lo || again.Hi != got.Hi {
			t.Errorf("in another order: %+v, %+v", again, got)
		}
		told[0].Value++
		if other, _ := f.Pool(rules, told); other.Score == got.Score {
			t.Error("control: another text changes nothing")
		}
		pull, sum := func(p profiles.Told) float64 { return math.Abs(p.Value - .5) }, 0.
		for _, p := range told {
			sum += pull(p)
		}
		most := slices.MaxFunc(told, func(a, b profiles.Told) int { return int(math.Copysign(1, pull(a)-pull(b))) })
		moved, _ := f.Pool(rules, told)
		if moved.Most[0].ID != most.ID || math.Abs(moved.Most[0].Share-pull(most)/sum) > 1e-9 {
			t.Errorf("evidence %+v, %+v moves the score most", moved.Most, most)
		}
	}
}

// TestManySaysWhyThereIsNoScore: too few texts, too much chance with a number that would do, and no number that would.
func TestManySaysWhyThereIsNoScore(t *testing.T) {
	rules := profiles.TextDefaults()
	of := func(f *profiles.ManyFit, n int) (profiles.TextScore, string) {
		return f.Pool(rules, make([]profiles.Told, n))
	}
	f := line()
	if s, why := of(f, 2); !strings.Contains(why, "3 are needed") || !math.IsNaN(s.Score) {
		t.Errorf("two texts: %v, %q", s.Score, why)
	}
	_, why := of(f, 20)
	if !strings.Contains(why, "about 24 texts") {
		t.Errorf("twenty texts: %q", why)
	}
	if s, why := of(f, 23); why == "" || !math.IsNaN(s.Lo) {
		t.Errorf("23 texts have a score: %+v", s)
	}
	if s, why := of(f, 24); why != "" || math.IsNaN(s.Score) {
		t.Errorf("24 texts have none: %q", why)
	}
	f.Choice = 60
	if _, why := of(f, 100000); !strings.Contains(why, "no number of texts is enough") {
		t.Errorf("a line that tells nothing: %q", why)
	}
}

// TestManyHoldsTheTruth: on sets of texts of unseen groups intervals hold the true mean of 95 %, of every kind of sets,
// the order is found and sides are right. Controls: vectors dealt out anew have no score at all; intervals of the rule
// for sure texts, which are of the draw of texts alone, hold far fewer.
func TestManyHoldsTheTruth(t *testing.T) {
	m := model(t)
	for _, id := range []string{care, fairness} {
		at, _ := m.Find(id)
		v := m.Values[at]
		if v.Many == nil || v.Many.Factor < 1 || v.Many.Factor > 2 || v.Many.Slope < .5 {
			t.Fatalf("%s: %+v, %s", id, v.Many, v.NotMany)
		}
		for _, h := range v.Held.Many {
			f := h.Kinds[0]
			switch h.Rule {
			case "all":
				if f.Coverage < .93 || h.Worst() < .88 || f.Answered < .9 || f.Order < .9 {
					t.Errorf("%s: %+v, worst %v", id, f, h.Worst())
				}
				if v.Neutral.Known() && (f.Right < .98 || f.Sided < .2) {
					t.Errorf("%s: sides %+v", id, f)
				}
			case "sure":
				if h.Worst() > .75 {
					t.Errorf("control: %s holds %v of each kind without its errors", id, h.Worst())
				}
			case "all, shuffled vectors":
				if f.Answered > 0 {
					t.Errorf("control: %s, shuffled: %+v", id, f)
				}
			}
		}
	}
	at, _ := m.Find(loyalty)
	if v := m.Values[at]; v.Many != nil || v.Held.Many[0].Kinds[0].Answered > 0 {
		t.Errorf("loyalty, of which vectors tell nothing: %+v", v.Held.Many[0].Kinds[0])
	}
}

// TestTextsFromElsewhereHaveNoScore: texts that are about a value and unlike all that was measured abstain, with the
// reason; judged ones do not count for that. Control: texts of the database's kind have a score.
func TestTextsFromElsewhereHaveNoScore(t *testing.T) {
	f, rules := line(), profiles.TextDefaults()
	f.Like = .4
	told := make([]profiles.Told, 60)
	for i := range told {
		told[i].ID, told[i].Like = string(rune('A'+i)), .39
	}
	if s, why := f.Pool(rules, told); !strings.Contains(why, "cosine 0.39") || !math.IsNaN(s.Score) || s.N != 60 {
		t.Errorf("unlike texts: %+v, %q", s, why)
	}
	for i := range 30 {
		told[i].Like = .42
	}
	if s, why := f.Pool(rules, told); why != "" || math.IsNaN(s.Score) {
		t.Errorf("like enough on average: %+v, %q", s, why)
	}
	for i := range 30 {
		told[i].Judged = true
	}
	if _, why := f.Pool(rules, told); why == "" {
		t.Error("judged texts make the others like")
	}
	m := model(t)
	at, _ := m.Find(care)
	of := func(bend func(x []float32)) profiles.ValueProfile {
		var texts []profiles.AuthorText
		var vectors [][]float32
		for i := range 60 {
			text := said(5000+i, "care", float64(i%7)/6-.5)
			x := vectorOf(text)
			bend(x)
			texts, vectors = append(texts, profiles.NewAuthorText(i+1, text)), append(vectors, x)
		}
		return m.Profile("", texts, vectors, false).Values[at]
	}
	if v := of(func([]float32) {}); !v.Score.Known() {
		t.Errorf("control: texts of the database's kind: %+v", v)
	}
	elsewhere := of(func(x []float32) { // about care, and of a topic that no text of the database has
		for d := 7; d < dimension; d++ {
			x[d] = 0
		}
		x[0], x[1], x[dimension-1] = 0, .6, .8
	})
	if elsewhere.Score.Known() || !strings.Contains(elsewhere.Why, "unlike the texts") || elsewhere.N < 50 {
		t.Errorf("texts from elsewhere: %+v", elsewhere)
	}
}

// TestOldFilesCountSureTexts: a file of version 1 knows nothing of many texts. It is read, scores as it did, and
// refuses to score otherwise.
func TestOldFilesCountSureTexts(t *testing.T) {
	m := model(t)
	old := *m
	old.Rules.Counted, old.Values = "", slices.Clone(m.Values)
	for i := range old.Values {
		old.Values[i].Many, old.Values[i].NotMany, old.Values[i].Held.Many = nil, "", nil
	}
	path := filepath.Join(t.TempDir(), "old.db")
	must(t, old.Write(path))
	db, err := sqlitefile.Open(path, nil)
	must(t, err)
	_, err = db.Exec("PRAGMA user_version = 1")
	must(t, err)
	must(t, db.Close())
	if raw, _ := os.ReadFile(path); strings.Contains(string(raw), "counted") {
		t.Error("the file has rules of version 2")
	}
	read, err := profiles.OpenTextModel(path)
	must(t, err)
	if err := read.Count(profiles.CountAll); fault.Of(err) != fault.Mismatch {
		t.Errorf("all texts of an old file: %v", err)
	}
	if err := read.Count("some"); fault.Of(err) != fault.Invalid {
		t.Errorf("no such rule: %v", err)
	}
	sure := *m
	must(t, sure.Count(profiles.CountSure))
	var texts []profiles.AuthorText
	var vectors [][]float32
	for i := range 60 {
		text := said(3000+i, "care", float64(i%7)/6-.5)
		texts, vectors = append(texts, profiles.NewAuthorText(i+1, text)), append(vectors, vectorOf(text))
	}
	at, _ := m.Find(care)
	of := func(m *profiles.TextModel) profiles.ValueProfile {
		return m.Profile("", texts, vectors, false).Values[at]
	}
	a, b, c := of(read), of(&sure), of(m)
	same(t, "an old file", a, b)
	if c.Score == a.Score || c.N != a.N+a.Unsure || !a.Score.Known() {
		t.Errorf("control: all texts score %v of %d, sure ones %v of %d", c.Score, c.N, a.Score, a.N)
	}
}
