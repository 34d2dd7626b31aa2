package answers

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"hives/internal/rig/scripted"
)

// truth is what an answer of the world holds of each part of its value.
func truth(r *Row) (out []float64) {
	for _, part := range r.Parts {
		switch {
		case strings.Contains(r.Answer, " "+part+" for;"):
			out = append(out, 1)
		case strings.Contains(r.Answer, " "+part+" against;"):
			out = append(out, -1)
		default:
			out = append(out, 0)
		}
	}
	return out
}

// heard is the mean and the variance of what a judge says of a part, who errs in a share of cases to one of the two
// wrong words, and afterwards says one better in another share.
func heard(stance, err, lenient float64) (mean, variance float64) {
	p := map[float64]float64{-1: err / 2, 0: err / 2, 1: err / 2}
	p[stance] = 1 - err
	p = map[float64]float64{-1: p[-1] * (1 - lenient), 0: p[0]*(1-lenient) + p[-1]*lenient, 1: p[1] + p[0]*lenient}
	for x, share := range p {
		mean += share * x
	}
	for x, share := range p {
		variance += share * (x - mean) * (x - mean)
	}
	return mean, variance
}

// off compares the degrees of a run with those that a judge of this error and leniency gives to what the answers truly
// hold: the mean distance in standard errors, and the share of rows within 1.96 of their own.
func off(rows []Row, err, lenient float64) (z, within float64) {
	sum, sums := 0., 0.
	for i := range rows {
		r := &rows[i]
		held := truth(r)
		k, n := float64(len(r.Roles)), float64(len(held))
		want, variance := 0., 0.
		for _, stance := range held {
			m, v := heard(stance, err, lenient)
			want, variance = want+2*m/n, variance+4*v/(n*n*k)
		}
		sum, sums = sum+r.Degree-want, sums+variance
		if math.Abs(r.Degree-want) <= 1.96*math.Sqrt(variance)+1e-9 {
			within += 1 / float64(len(rows))
		}
	}
	return sum / math.Max(1e-9, math.Sqrt(sums)), within
}

// TestKnownJudgesAreSeenThrough: with a judge of known error and leniency D′ is what it must be, within its noise, over
// 100 answers of which it is known what they hold. Controls: the same rows are not explained by a judge without the
// error, and those of a judge who does not read by no such judge.
func TestKnownJudgesAreSeenThrough(t *testing.T) {
	asked := questions(t, 10, "self-direction", "hedonism")
	run := func(change func(*world)) []Row {
		w := newWorld(t)
		w.finished = true
		change(w)
		j := job(scripted.New(t, w.answer).URL, t.TempDir(), asked)
		j.Roles, j.Rewrites, j.Near = 2, 0, 9
		build(t, j)
		rows, err := ReadRows(j.Out)
		must(t, err)
		if len(rows) != 2*10*5 {
			t.Fatalf("%d rows", len(rows))
		}
		return rows
	}
	for _, c := range []struct{ error, lenient float64 }{{0, 0}, {.25, 0}, {0, .3}, {.15, .2}} {
		rows := run(func(w *world) { w.error, w.lenient = c.error, c.lenient })
		z, within := off(rows, c.error, c.lenient)
		t.Logf("error %v, lenient %v: %.2f standard errors off, %.0f %% of the rows within 1.96 of their own", c.error,
			c.lenient, z, 100*within)
		// 3.5 standard errors are .0005; of 100 rows 85 or more are within theirs in .9999 of the cases.
		if math.Abs(z) > 3.5 || within < .85 {
			t.Errorf("error %v, lenient %v: %v standard errors off, %v of the rows are within theirs", c.error, c.lenient, z,
				within)
		}
		if c.error+c.lenient == 0 {
			continue
		}
		if _, within := off(rows, 0, 0); within > .5 {
			t.Errorf("error %v, lenient %v: a judge without either explains %v of the rows", c.error, c.lenient, within)
		}
	}
	deaf := run(func(w *world) { w.deaf = true })
	if _, within := off(deaf, 0, 0); within > .5 {
		t.Errorf("a judge who does not read is taken for one who does in %v of the rows", within)
	}
	if r := follows(deaf); math.Abs(r) > .35 { // .35 is 3.5 standard errors of a correlation of 0 over 100
		t.Errorf("degrees of a judge who does not read follow the answers: %v", r)
	}
}

// follows correlates degrees with what the answers hold.
func follows(rows []Row) float64 {
	var x, y, xx, yy, xy float64
	n := float64(len(rows))
	for i := range rows {
		a, b := rows[i].Degree, 0.
		for _, s := range truth(&rows[i]) {
			b += s
		}
		x, y, xx, yy, xy = x+a, y+b, xx+a*a, yy+b*b, xy+a*b
	}
	return (xy - x*y/n) / math.Sqrt((xx-x*x/n)*(yy-y*y/n))
}

// TestDecompose: a draft is a whole decomposition of a value of another theory, and an answer that is none is asked for
// again and never completed.
func TestDecompose(t *testing.T) {
	calls := 0
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if calls++; calls == 1 {
			return scripted.Reply{Content: `{"sub_values": [{"name": "kindness", "agrees": "is kind"}]}`}
		}
		return scripted.Reply{Content: `{"sub_values": [` +
			`{"name": "kindness", "agrees": "is kind", "disagrees": "is cruel"}, ` +
			`{"name": "help", "agrees": "helps", "disagrees": "leaves alone"}]}`}
	})
	j := DecomposeJob{Config: job(s.URL, "", "").Config, Known: builtin, Value: "mft/care-harm", Yes: true}
	if _, err := Decompose(t.Context(), j); err == nil || !strings.Contains(err.Error(), "kindness") {
		t.Errorf("a draft without an indicator is taken: %v", err)
	}
	j.Config.Attempts, calls = 2, 0
	d, err := Decompose(t.Context(), j)
	must(t, err)
	raw, err := json.Marshal(d)
	must(t, err)
	again, err := ReadDecomposition(file(t, "d.json", string(raw)), builtin)
	must(t, err)
	if v := again.Values[0]; len(v.Parts) != 2 || v.ID != "mft/care-harm" || v.Definition == "" {
		t.Errorf("%+v", again)
	}
	for value, says := range map[string]string{
		"nonesuch": `value "nonesuch": no theory has one`, "justice": "one of several", "mft/nonesuch": "no such node",
		"nonesuch/care": `theory "nonesuch" is unknown`,
	} {
		j.Value = value
		if _, err := Decompose(t.Context(), j); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", value, err, says)
		}
	}
}
