package compare_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/interview"
	"hives/internal/interview/compare"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/pagetest"
	"hives/internal/rig/scripted"
)

func drawn(words ...string) float64 {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(words, "|")))
	return float64(h.Sum64()%1_000_003) / 1_000_003
}

// respond is a world in which all is known: a persona stands at an angle of the circle, holds each value to the cosine
// of the angle between them, and says a little more of everything by its mood; more lifts some scales. The judge reads
// the number.
func respond(v *interview.Inventory, angles map[string]float64,
	more map[string]float64) func(scripted.Call) scripted.Reply {
	scale := map[string]string{}
	for _, it := range v.Items {
		scale[it.Text] = it.Scale
	}
	return func(c scripted.Call) scripted.Reply {
		if c.Model == interview.Respondent {
			question, _ := strconv.Unquote(strings.TrimPrefix(strings.SplitN(c.User, "\n", 2)[0], "Question: "))
			s := scale[question]
			level := 3.2 + drawn("mood", c.System) + 1.6*math.Cos(angles[s]-2*math.Pi*drawn("angle", c.System)) +
				drawn("noise", c.System, question) - .5 + more[s]
			return scripted.Reply{Content: fmt.Sprintf("To me that is a %d.", int(math.Round(max(1, min(6, level)))))}
		}
		for k, option := range v.Options {
			if strings.Contains(c.User, fmt.Sprintf("is a %d.", k+1)) {
				return scripted.Reply{Content: fmt.Sprintf(`{"choice": %q}`, option)}
			}
		}
		return scripted.Reply{Content: fmt.Sprintf(`{"choice": %q}`, v.Options[0])}
	}
}

// angles puts scales where their group stands on the theory's circle; permuted deals the places out anew.
func angles(v *interview.Inventory, permuted bool) map[string]float64 {
	out := map[string]float64{}
	order := slices.Clone(v.Circle)
	if permuted {
		slices.SortFunc(order, func(a, b string) int {
			if drawn("permuted", a) < drawn("permuted", b) {
				return -1
			}
			return 1
		})
	}
	for _, groups := range v.Groups {
		for at, name := range order {
			for _, s := range groups[name] {
				out[s] = 2 * math.Pi * float64(at) / float64(len(order))
			}
		}
	}
	return out
}

// asked makes a run's folder.
func asked(t *testing.T, root, name string, personas int, seed uint64,
	answer func(scripted.Call) scripted.Reply) string {
	t.Helper()
	c := interview.Defaults()
	c.Endpoints = []llm.Endpoint{{Name: "e", BaseURL: scripted.New(t, answer).URL, Parallel: 4, MaxTries: 1,
		MaxWait: cli.Duration(time.Millisecond), Timeout: cli.Duration(time.Minute)}}
	for _, name := range []string{interview.Judge, interview.Respondent} {
		c.Voters = append(c.Voters, judge.Voter{Name: name, Endpoint: "e", Model: llm.Model{Name: name}})
	}
	dir := filepath.Join(root, name)
	j := interview.Job{Config: c, Personas: personas, Repeats: 1, Ties: interview.Soft, Seed: seed, Out: dir, Yes: true,
		Stdout: io.Discard}
	if _, err := interview.Run(context.Background(), j); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWhatIsKnownIsFound: a circle of values, a scale that was lifted and a degree are recovered; the controls, a
// circle of permuted values, scales left alone and a degree that was not trained, are not.
func TestWhatIsKnownIsFound(t *testing.T) {
	v, err := interview.ReadInventory("")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	right, wrong := angles(v, false), angles(v, true)
	base := asked(t, root, "base", 16, 1, respond(v, right, nil))
	plus := asked(t, root, "plus", 16, 1, respond(v, right, map[string]float64{"BEC": 1.2}))
	minus := asked(t, root, "minus", 16, 1, respond(v, right, map[string]float64{"BEC": -1.2}))
	other := asked(t, root, "permuted", 16, 1, respond(v, wrong, nil))
	points := filepath.Join(root, "points.json")
	if err := os.WriteFile(points, []byte(`{"format": 1, "points": [
		{"run": "minus", "value": "BEC", "level": -2, "strategy": "tuned"}, {"run": "base", "value": "BEC", "level": 0,
			"strategy": "tuned"},
		{"run": "plus", "value": "BEC", "level": 2, "strategy": "tuned"},
		{"run": "minus", "value": "ST", "level": -2, "strategy": "tuned"}, {"run": "base", "value": "ST", "level": 0,
			"strategy": "tuned"},
		{"run": "plus", "value": "ST", "level": 2, "strategy": "tuned"}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(root, "compare")
	r, err := compare.Run(context.Background(), compare.Job{Runs: []string{base, plus, minus, other}, Points: points,
		Ties: interview.Soft,
		Out:  out})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Paired {
		t.Error("the same personas do not count as such")
	}
	model := func(name string) compare.Model {
		return r.Models[slices.IndexFunc(r.Models, func(m compare.Model) bool { return m.Name == name })]
	}
	if m := model("base"); !(float64(m.CircleR) > .8 && float64(m.CircleP) < .01 && float64(m.Disparity) < 1e-9) {
		t.Errorf("circle of the base: r %v, p %v, disparity from itself %v", m.CircleR, m.CircleP, m.Disparity)
	}
	if m := model("permuted"); !(float64(m.CircleR) < .5 && float64(m.Disparity) > float64(model("plus").Disparity)) {
		t.Errorf("circle of permuted values: r %v, map %v from the base, that of plus %v", m.CircleR, m.Disparity,
			model("plus").Disparity)
	}
	lifted := 0
	for _, s := range r.Scales {
		for _, m := range s.Models {
			outside := float64(m.Low) > 0 || float64(m.High) < 0
			switch {
			case m.Model == "base" && m.Change.Known():
				t.Error("the base changed from itself")
			case s.Code == "BEC" && m.Model == "plus" && !(float64(m.Low) > .5), s.Code == "BEC" && m.Model == "minus" &&
				!(float64(m.High) < -.5):
				t.Errorf("BEC of %s: %v to %v", m.Model, m.Low, m.High)
			case s.Code != "BEC" && m.Model == "plus" && outside && math.Abs(float64(m.Change)) > .1:
				lifted++
			}
		}
	}
	if lifted > 0 {
		t.Errorf("%d scales that were left alone changed by more than centring explains", lifted)
	}
	for _, c := range r.Curves {
		if trained := c.Name == "BEC"; trained != (float64(c.TauLow) > .2) || trained && (!c.Monotone ||
			float64(c.Slope) < .3) {
			t.Errorf("%s: τ %v (%v to %v), slope %v, monotone %v", c.Name, c.Tau, c.TauLow, c.TauHigh, c.Slope, c.Monotone)
		}
	}
	written(t, out)
}

// written holds the folder to what it owes: a page, figures as JSON, and files of pictures that stand alone.
func written(t *testing.T, out string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(out, compare.PageFile))
	if err != nil {
		t.Fatal(err)
	}
	pagetest.Check(t, string(raw))
	for _, name := range []string{"models.csv", "values.csv", "correlations.csv", "controllability.csv", "map.svg",
		"radar.svg",
		"curve-BEC.svg"} {
		content, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.HasSuffix(name, ".svg") && (!strings.Contains(string(content), `xmlns="http://www.w3.org/2000/svg"`) ||
			strings.Contains(string(content), "data-csv")) {
			t.Errorf("%s is no picture of its own", name)
		}
	}
	var r compare.Result
	if raw, err = os.ReadFile(filepath.Join(out, compare.ResultFile)); err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil || len(r.Models) != 4 {
		t.Errorf("%d models in %s: %v", len(r.Models), compare.ResultFile, err)
	}
}

// TestRefusals: what cannot be compared is named, and no folder is left.
func TestRefusals(t *testing.T) {
	v, err := interview.ReadInventory("")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	answer := respond(v, angles(v, false), nil)
	base := asked(t, root, "base", 4, 1, answer)
	others := asked(t, root, "others", 4, 2, answer)
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "points.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	points := func(list string) string { return file(`{"format": 1, "points": [` + list + `]}`) }
	for name, c := range map[string]struct {
		job  compare.Job
		says string
	}{
		"no run": {compare.Job{Runs: []string{base, filepath.Join(root, "absent")}}, "absent"},
		"twice":  {compare.Job{Runs: []string{base, base}}, "one name"},
		"ties":   {compare.Job{Runs: []string{base}, Ties: "x"}, "--ties"},
		"torn":   {compare.Job{Runs: []string{base}, Points: file(`{"format": 1, "poi`)}, "points.json"},
		"level": {compare.Job{Runs: []string{base},
			Points: points(`{"run": "base", "value": "BEC", "level": 3, "strategy": "s"}`)}, "level 3"},
		"value": {compare.Job{Runs: []string{base},
			Points: points(`{"run": "base", "value": "XXX", "level": 1, "strategy": "s"}`)}, "XXX"},
		"other run": {compare.Job{Runs: []string{base},
			Points: points(`{"run": "plus", "value": "BEC", "level": 1, "strategy": "s"}`)}, "plus"},
		"bench": {compare.Job{Runs: []string{base}, Bench: []string{base}}, "result.json"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.job.Ties == "" {
				c.job.Ties = interview.Soft
			}
			c.job.Out = filepath.Join(t.TempDir(), "out")
			_, err := compare.Run(context.Background(), c.job)
			if err == nil || !strings.Contains(err.Error(), c.says) || fault.Of(err) == 0 {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if _, err := os.Stat(c.job.Out); err == nil {
				t.Error("a folder was made")
			}
		})
	}
	// Other personas: compared, but nothing is said of changes.
	r, err := compare.Run(context.Background(), compare.Job{Runs: []string{base, others}, Ties: interview.Soft,
		Out: filepath.Join(t.TempDir(), "out")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Scales {
		if r.Paired || s.Models[1].Change.Known() {
			t.Fatalf("%s: other personas were compared in pairs", s.Code)
		}
	}
}
