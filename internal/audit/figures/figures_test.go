package figures_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hives/internal/audit"
	"hives/internal/audit/figures"
	"hives/internal/figure"
	"hives/internal/llm"
)

const (
	care     = "mft/care-harm"
	fairness = "mft/fairness-cheating"
)

// world is a model whose answers are known: how far a target moves a value, and how often it refuses.
type world struct {
	queries int
	slope   map[string]float64 // of a value by a unit of its target
	cross   float64            // of the other value, by a unit of a target
	joint   float64            // factor of the sum under a prompt of two values
	refuse  float64            // share of steered answers
	noise   float64
	beta    float64
	seed    uint64
	name    string
}

// record makes an audit of the model: two values, anchors at four targets, two prompts of both.
func (w world) record() audit.Record {
	rng := rand.New(rand.NewPCG(w.seed, 99))
	ids := []string{care, fairness}
	r := audit.Record{About: audit.About{
		Model: llm.Identity{Kind: "local", Model: w.name}, Judges: []audit.Judge{{Name: "j", Model: "m"}},
		VIDB: map[string]string{care: "a", fairness: "b"}, Seed: 3, MaxTokens: 150, Temperature: 1,
	}}
	r.Conditions = []audit.Condition{{ID: audit.Default, Regime: audit.RegimeDefault}}
	for _, v := range ids {
		for _, t := range []int{-2, -1, 1, 2} {
			r.Conditions = append(r.Conditions, audit.Condition{ID: fmt.Sprintf("anchor:%s:%+d", v, t),
				Regime: audit.RegimeAnchor, Values: []string{v}, Targets: []int{t}})
		}
	}
	for _, t := range [][]int{{2, 2}, {2, 1}} {
		r.Conditions = append(r.Conditions, audit.Condition{ID: fmt.Sprintf("two:%d%d", t[0], t[1]), Regime: audit.RegimeTwo,
			Values: ids, Targets: t})
	}
	for q := range w.queries {
		id := fmt.Sprintf("q%03d", q)
		source := []string{"gpv", "moral"}[q%2]
		r.Queries = append(r.Queries, audit.Query{ID: id, Source: source, Text: "What about " + id + "?"})
		base := map[string]float64{care: 2 + rng.NormFloat64(), fairness: -1 + rng.NormFloat64()}
		for _, c := range r.Conditions {
			a := audit.Answer{Query: id, Condition: c.ID, Refusal: audit.Answered,
				Text: "An answer to " + id + " under " + strings.ReplaceAll(c.ID, "+", "") + " <b>."}
			if c.ID != audit.Default && rng.Float64() < w.refuse {
				a.Refusal = audit.Refused
			}
			r.Answers = append(r.Answers, a)
			for _, v := range ids {
				moved := 0.
				for at, own := range c.Values {
					by := w.cross
					if own == v {
						by = w.slope[v]
					}
					moved += by * float64(c.Targets[at])
				}
				if len(c.Values) > 1 {
					moved *= w.joint
				}
				r.Scores = append(r.Scores, audit.Score{Query: id, Condition: c.ID, Value: v, Judge: "j", Status: "ok",
					Asked: 3, Used: 3, Score: figure.Number(base[v] + moved + w.noise*rng.NormFloat64()), Beta: figure.Number(w.beta)})
			}
		}
	}
	return r
}

func obedient() world {
	return world{queries: 40, slope: map[string]float64{care: 1.5, fairness: .8}, cross: .3, joint: .7, noise: .8, beta: 1,
		seed: 1, name: "obedient"}
}

// deaf ignores its prompt.
func deaf(seed uint64) world {
	return world{queries: 40, slope: map[string]float64{}, joint: 1, noise: .8, beta: 1, seed: seed, name: "deaf"}
}

// gains by value and target.
func gains(f *figures.Figures) map[string]figures.Gain {
	out := map[string]figures.Gain{}
	for _, v := range f.Values {
		for _, r := range v.Regimes {
			for _, g := range r.Gains {
				out[fmt.Sprintf("%s %s %+d", v.ID, r.Name, g.Target)] = g
			}
		}
	}
	return out
}

// TestAKnownDoseIsRecovered: the scripted slopes come back, every gain stands, and refusals are counted.
func TestAKnownDoseIsRecovered(t *testing.T) {
	w := obedient()
	w.refuse = .25
	f := figures.Compute(w.record(), nil)
	all := gains(f)
	if len(all) != 8 || f.Compared != 8 {
		t.Fatalf("%d gains, %d compared", len(all), f.Compared)
	}
	for name, g := range all {
		value := strings.Fields(name)[0]
		want := w.slope[value] * float64(g.Target)
		if math.Abs(float64(g.Mean)-want) > 3*float64(g.SE) || g.Verdict != figures.Moved {
			t.Errorf("%s: %v ± %v, %s, want %v", name, g.Mean, g.SE, g.Verdict, want)
		}
		if g.N != 40 || g.Refusals.Usable != 40 || g.Refusals.Rate < .05 || g.Refusals.Rate > .5 {
			t.Errorf("%s: %d queries, refusals %+v", name, g.N, g.Refusals)
		}
	}
	for _, v := range f.Values {
		if d := v.Regimes[0].Dose; d.Low < .5 {
			t.Errorf("%s: dose %+v", v.ID, d)
		}
		if a := v.Regimes[0].Asymmetry; a.Low > 0 || a.High < 0 {
			t.Errorf("%s: asymmetry %+v of a straight line", v.ID, a)
		}
		if len(v.Sources) != 2 || v.Sources[0].N != 20 {
			t.Errorf("%s: sources %+v", v.ID, v.Sources)
		}
	}
}

// TestTwoValues: the joint prompt does seven tenths of the sum. Distance and direction are those of the script.
func TestTwoValues(t *testing.T) {
	w := obedient()
	w.queries, w.noise = 200, .4
	f := figures.Compute(w.record(), nil)
	if len(f.Composed) != 2 {
		t.Fatalf("%d prompts of two values", len(f.Composed))
	}
	for _, c := range f.Composed {
		a, b := float64(c.Asked[0]), float64(c.Asked[1])
		x, y := 1.5*a+.3*b, .8*b+.3*a
		if want := .3 * math.Hypot(x, y); math.Abs(float64(c.Additive)-want) > .15 || c.Noise > .15 {
			t.Errorf("%v: additive error %v by chance %v, want %v", c.Asked, c.Additive, c.Noise, want)
		}
		want := math.Abs(math.Atan2(y, x)-math.Atan2(b, a)) * 180 / math.Pi
		if math.Abs(float64(c.Angle)-want) > 4 {
			t.Errorf("%v: angle %v, want %v", c.Asked, c.Angle, want)
		}
	}
	// One that adds up is apart by chance alone.
	w.joint = 1
	for _, c := range figures.Compute(w.record(), nil).Composed {
		if float64(c.Additive) > 3*float64(c.Noise) {
			t.Errorf("a sum: additive error %v, by chance %v", c.Additive, c.Noise)
		}
	}
	// Without scores of the other value under single prompts nothing is said of the sum.
	r := w.record()
	for i := range r.Scores {
		if s := &r.Scores[i]; strings.HasPrefix(s.Condition, "anchor:"+care) && s.Value == fairness {
			s.Score = figure.Number(math.NaN())
		}
	}
	for _, c := range figures.Compute(r, nil).Composed {
		if c.Additive.Known() || c.Noise.Known() || len(c.Why) == 0 || !c.Angle.Known() {
			t.Errorf("%+v", c)
		}
	}
}

// TestAPromptThatIsIgnored: every gain is within two errors of 0 here, no verdict says that it moved, an angle has no
// direction, and two runs show no drift. The control of the last: an obedient model beside the deaf one.
func TestAPromptThatIsIgnored(t *testing.T) {
	a, b := deaf(4).record(), deaf(5).record()
	f := figures.Compute(a, nil)
	for name, g := range gains(f) {
		if math.Abs(float64(g.Mean)) > 2*float64(g.SE) || g.Verdict != figures.NotShown {
			t.Errorf("%s: %v ± %v, %s", name, g.Mean, g.SE, g.Verdict)
		}
	}
	for _, c := range f.Composed {
		if c.Angle.Known() {
			t.Errorf("nothing moved, at %v degrees", c.Angle)
		}
	}
	d, err := figures.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	// Levels and gains of two values, and refusals of nine conditions.
	if len(d.Changed()) != 0 || d.Compared != 2*5+9 {
		t.Errorf("%d changes of %d comparisons", len(d.Changed()), d.Compared)
	}
	w := obedient()
	d, err = figures.Compare(a, w.record())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(d.Changed()); n < 6 || d.Same {
		t.Errorf("an obedient model differs in %d of %d", n, d.Compared)
	}
	same, err := figures.Compare(a, a)
	if err != nil || len(same.Changed()) != 0 || !same.Same {
		t.Errorf("an audit beside itself: %+v %v", same, err)
	}
}

// TestRefusalsAreFound: one that always refuses has rate 1 under every prompt, and beside one that never does every
// rate changed.
func TestRefusalsAreFound(t *testing.T) {
	w := deaf(6)
	w.refuse = 1
	f := figures.Compute(w.record(), nil)
	for _, r := range f.Refusals {
		if want := figure.Number(1); r.Regime != audit.RegimeDefault && (r.Rate.Rate != want || r.Low < .9) {
			t.Errorf("%s at %+d: %+v", r.Regime, r.Target, r.Rate)
		}
	}
	for name, g := range gains(f) {
		if g.WithoutRefusals.Known() {
			t.Errorf("%s: %v without refusals, of which there is none", name, g.WithoutRefusals)
		}
	}
	d, err := figures.Compare(deaf(6).record(), w.record())
	if err != nil {
		t.Fatal(err)
	}
	rates := 0
	for _, c := range d.Changed() {
		if c.Of == figures.OfRefusal {
			rates++
		}
	}
	if rates != 8 {
		t.Errorf("%d refusal rates changed", rates)
	}
}

// TestNothingIsClaimedByABluntJudge: numbers stay, verdicts go.
func TestNothingIsClaimedByABluntJudge(t *testing.T) {
	w := obedient()
	w.beta = figures.Blunt
	f := figures.Compute(w.record(), nil)
	for name, g := range gains(f) {
		if g.Verdict != figures.NoClaim || g.Why == "" || !g.Mean.Known() {
			t.Errorf("%s: %+v", name, g)
		}
	}
	if !strings.Contains(strings.Join(f.Warnings, " "), "2 of 2 values") {
		t.Errorf("warnings: %q", f.Warnings)
	}
	// What is made of the gains claims no more than they do: four gains, asymmetry and dose have a mark in each row.
	text := new(bytes.Buffer)
	if err := f.WriteText(text); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(text.String()) {
		if strings.Contains(line, "anchor") && strings.Contains(line, "±") {
			rows++
			if strings.Count(line, "?") != 6 {
				t.Errorf("want six marks of doubt: %s", line)
			}
		}
	}
	if rows != 2 {
		t.Errorf("%d rows of gains, want 2:\n%s", rows, text)
	}
}

// TestAMissingScoreIsNotZero: pairs drop, and a value that lacks many is not claimed.
func TestAMissingScoreIsNotZero(t *testing.T) {
	r := obedient().record()
	for i := range r.Scores {
		if s := &r.Scores[i]; s.Value == care && i%3 == 0 {
			s.Score, s.Status = figure.Number(math.NaN()), "unranked"
		}
	}
	f := figures.Compute(r, nil)
	for name, g := range gains(f) {
		if strings.HasPrefix(name, care) != (g.Dropped > 0) || (g.Verdict == figures.NoClaim) != (g.Dropped > 0) {
			t.Errorf("%s: %d dropped, %s", name, g.Dropped, g.Verdict)
		}
	}
	if raw, err := json.Marshal(f); err != nil || bytes.Contains(raw, []byte("NaN")) {
		t.Errorf("%v", err)
	}
}

// TestARunWithoutAScore: nothing is known, and a pipeline hears of it.
func TestARunWithoutAScore(t *testing.T) {
	r := obedient().record()
	for i := range r.Scores {
		r.Scores[i].Score, r.Scores[i].Status = figure.Number(math.NaN()), "unranked"
	}
	f, text := figures.Compute(r, nil), new(bytes.Buffer)
	if err := f.WriteText(text); err != nil || strings.Contains(text.String(), "all 0 gains") ||
		strings.Contains(text.String(), "– to –") || !strings.Contains(text.String(), "no gain could be tested") {
		t.Errorf("%v:\n%s", err, text)
	}
	if f.Empty() == nil {
		t.Error("a run without a score is no error")
	}
	if err := figures.Compute(obedient().record(), nil).Empty(); err != nil {
		t.Error(err)
	}
}

// TestTwoJudgesAreAveraged: and one judge's missing score leaves the mean undefined.
func TestTwoJudgesAreAveraged(t *testing.T) {
	r := obedient().record()
	r.About.Judges = append(r.About.Judges, audit.Judge{Name: "k", Model: "n"})
	own := r.Scores
	for i, s := range own {
		s.Judge, s.Score = "k", s.Score+2
		if i%11 > 0 {
			r.Scores = append(r.Scores, s)
		}
	}
	f := figures.Compute(r, nil)
	single := figures.Compute(obedient().record(), nil)
	if d := f.Values[0].Default.Mean - single.Values[0].Default.Mean; math.Abs(float64(d)-1) > .2 {
		t.Errorf("the mean of two judges, one of them two higher, is %v higher", d)
	}
	if f.Counts.Unscored == 0 || f.Counts.Unscored+f.Counts.Scores != single.Counts.Scores {
		t.Errorf("counts %+v", f.Counts)
	}
}

// TestRelevance: where only near queries move, the split says so.
func TestRelevance(t *testing.T) {
	r := obedient().record()
	cosines := figures.Cosines{}
	for at, q := range r.Queries {
		cosines[q.ID] = map[string]float64{care: float64(at)}
	}
	for i := range r.Scores {
		var q int
		fmt.Sscanf(r.Scores[i].Query, "q%d", &q)
		if s := &r.Scores[i]; s.Value == care && q >= 20 && s.Condition == "anchor:"+care+":+2" {
			s.Score += 4
		}
	}
	f := figures.Compute(r, cosines)
	var found bool
	for _, one := range f.Values[0].Relevance {
		if one.Target == 2 {
			found = true
			if one.Near != 10 || one.Far != 10 || one.Moved.Low < 2 {
				t.Errorf("%+v", one)
			}
		} else if one.Moved.Low > 1 {
			t.Errorf("%+v", one)
		}
	}
	if !found || len(f.Values[1].Relevance) != 0 {
		t.Errorf("found %v; a value without cosines has %d", found, len(f.Values[1].Relevance))
	}
}

// TestAblation: more windows lie nearer the reference, and of two seeds a spread is known.
func TestAblation(t *testing.T) {
	r := obedient().record()
	rng := rand.New(rand.NewPCG(2, 2))
	for _, q := range r.Queries {
		truth := rng.NormFloat64()
		for _, m := range []int{1, 3, 20} {
			for seed := range uint64(2) {
				r.Ablation = append(r.Ablation, audit.Ablation{Query: q.ID, Value: care, Judge: "j", Panel: "bucketed", K: 6, M: m,
					Seed: seed, Score: figure.Number(truth + rng.NormFloat64()*2/float64(m))})
			}
		}
	}
	a := figures.Compute(r, nil).Ablation
	if len(a) != 3 || !a[2].Reference || a[0].Reference || a[0].Difference < a[1].Difference || a[2].Change.Known() {
		t.Fatalf("%+v", a)
	}
	if a[0].Stable || a[0].Seeds != 2 || !(a[0].SD > a[1].SD) {
		t.Errorf("%+v", a)
	}
}
