package profiles_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/rig/scripted"
	"hives/internal/rig/vidbtest"
	"hives/profiles"
	"hives/vidb"
)

// dim is an encoder that sees what texts are about, and only dimly how strongly they support it.
type dim struct {
	made
	theta map[string]float64
}

func (d *dim) Encode(_ context.Context, in []encoder.Input) (out [][]float32, id encoder.Identity, _ error) {
	for _, i := range in {
		x := vectorOf(i.Text)
		if theta, known := d.theta[i.Text]; known {
			random := rand.New(rand.NewPCG(uint64(len(i.Text)), uint64(1e6*math.Abs(theta))))
			x[0], x[1] = float32(.25*theta+.2*random.NormFloat64()), .8
		}
		out = append(out, x)
	}
	return out, d.Identity(), nil
}

// TestJudgesScoreWhatVectorsLeaveOpen: unsure texts become answers, near the truth; a second run asks nothing; answers
// that vectors gave stay. Judges of another database than the fit's are refused.
func TestJudgesScoreWhatVectorsLeaveOpen(t *testing.T) {
	w := vidbtest.New(t, 3, 400)
	w.Judge["m"] = scripted.Character{Beta: 1}
	s := scripted.New(t, w.Answer)
	var rows []data.Row
	file, err := vidb.Open(w.Path, theories.Builtin())
	must(t, err)
	v, err := file.Value(vidbtest.Value)
	must(t, err)
	for i, text := range v.Texts {
		rows = append(rows, data.Row{Text: text.Text, Theory: "mft", Level1: "care/harm", Direction: 1, TextID: text.ID,
			DirectionSource: data.SourceAnnotated, IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
			Group: text.Group, Corpus: "c", Licence: "free"})
		other := fmt.Sprintf("an unfair deed, number %d, of fairness", i)
		rows = append(rows, data.Row{Text: other, Theory: "mft", Level1: "fairness/cheating", Direction: 1,
			DirectionSource: data.SourceAnnotated, IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
			TextID: data.TextID(other), Group: other, Corpus: "c", Licence: "free"})
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	must(t, data.Write(path, rows))
	enc := &dim{theta: w.Theta}
	m, err := profiles.FitTextModel(context.Background(), fitJob(w.Path, path), enc)
	must(t, err)
	if v := m.Values[0]; v.Why != "" || v.Held.Model.R2 > .9 {
		t.Fatalf("%s, R² %v", v.Why, v.Held.Model.R2)
	}
	var posts []post
	for _, r := range w.Responses(4, 40) {
		posts = append(posts, post{"anna", r.ID, r.Text})
	}
	in := profiles.TextFile{Path: jsonl(t, posts)}
	one := func(j *profiles.TextJudge) (out profiles.ValueProfile) {
		job := profiles.ReadJob{In: in, Model: m, Judge: j,
			Each: func(p profiles.TextProfile) error { out = p.Values[0]; return nil }}
		_, err := profiles.Read(context.Background(), job, enc)
		must(t, err)
		return out
	}
	base, err := vidb.OpenBase(w.Path, theories.Builtin())
	must(t, err)
	evaluator, err := vidb.OpenEvaluator(context.Background(), w.Config(s.URL), filepath.Join(t.TempDir(), "votes.db"))
	must(t, err)
	t.Cleanup(evaluator.Close)
	calls := 0
	judge := &profiles.TextJudge{Which: profiles.JudgeUnsure, Base: base, Evaluator: evaluator,
		Options: vidb.DefaultScore(), Agree: func(n int, tokens int64) error { calls = n; return nil }}
	must(t, m.Count(profiles.CountSure))
	silent, told := one(nil), one(judge)
	if silent.Unsure < 5 || calls != 3*silent.Unsure || told.Judged < silent.Unsure/2 ||
		told.Unsure != silent.Unsure-told.Judged || told.N != silent.N+told.Judged || told.Beside != silent.Beside {
		t.Errorf("without judges %+v, with them %+v, %d calls", silent, told, calls)
	}
	// Where unsure texts count, a judge's word takes the place of the prediction: as many count as before.
	must(t, m.Count(profiles.CountAll))
	every, heard := one(nil), one(judge)
	if every.N != silent.N+silent.Unsure || heard.N != every.N || heard.Judged != told.Judged ||
		heard.Score == every.Score {
		t.Errorf("of all texts: without judges %+v, with them %+v", every, heard)
	}
	must(t, m.Count(profiles.CountSure))
	asked := len(s.Calls())
	if again := one(judge); len(s.Calls()) != asked || again.Score != told.Score || again.Lo != told.Lo {
		t.Errorf("a second run asked %d times and found %+v, the first %+v", len(s.Calls())-asked, again, told)
	}
	judge.Which = profiles.JudgeAll
	if all := one(judge); all.Beside > silent.Beside || all.Judged < told.Judged {
		t.Errorf("all abstentions: %+v", all)
	}
	no := errors.New("too dear")
	judge.Agree = func(int, int64) error { return no }
	job := profiles.ReadJob{In: in, Model: m, Judge: judge}
	if _, err := profiles.Read(context.Background(), job, enc); !errors.Is(err, no) {
		t.Errorf("an estimate that nobody agreed to: %v", err)
	}
	w.Shift(t, 1)
	if judge.Base, err = vidb.OpenBase(w.Path, theories.Builtin()); err != nil {
		t.Fatal(err)
	}
	if err := judge.Validate(m); fault.Of(err) != fault.Mismatch {
		t.Errorf("another database: %v", err)
	}
}
