package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// says is a side that answers every line with the same JSON.
func says(json string) side {
	script := "echo noise; echo ready v1; while read -r l; do echo '" + json + "'; done"
	return side{name: "side", command: []string{"sh", "-c", script}}
}

// testBench has a folder of its own in place of the checkout.
func testBench(t *testing.T) *bench {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"bench/peers", "docs"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	page := "# Benchmarks\n\nbefore\n\n" + begin + "\nold\n" + end + "\n\nafter\n"
	if err := os.WriteFile(filepath.Join(root, "docs/BENCHMARKS.md"), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(root, "log.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return &bench{root: root, work: root, cache: root, self: "bench", rounds: 3, cores: 2, log: log}
}

// clocks makes turns of wall seconds, ours and the peer's, with twice as much of the processor.
func clocks(others float64, pairs ...[2]float64) (m measured) {
	for _, p := range pairs {
		peer := cost{Wall: p[1], Processor: 2 * p[1], Peak: 300}
		m.Turns = append(m.Turns, turn{Ours: cost{Wall: p[0], Processor: 2 * p[0], Peak: 100}, Peer: &peer, Others: others})
	}
	return m
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) || math.IsNaN(got) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestMedian(t *testing.T) {
	near(t, "of three", median([]float64{9, 1, 2}), 2)
	near(t, "of four", median([]float64{9, 1, 2, 4}), 3)
	if !math.IsNaN(median(nil)) {
		t.Error("nothing has a median")
	}
}

// The ratio is the median of the rounds' ratios, 3 2 4, and not that of the medians, 8 / 3.
func TestRatio(t *testing.T) {
	r := row{name: "x", unit: "tokens/s", goal: goal{ratio: 3}, peak: &goal{ratio: 4}}
	m := clocks(0, [2]float64{1, 3}, [2]float64{4, 8}, [2]float64{3, 12})
	m.Amount = 60
	got := r.results(m, "")
	near(t, "ours", *got[0].Ours, 20)
	near(t, "peer", *got[0].Peer, 7.5)
	near(t, "ratio", *got[0].Ratio, 3)
	near(t, "least", got[0].Spread[0], 2)
	near(t, "largest", got[0].Spread[1], 4)
	if got[0].Basis != "wall" || got[0].Verdict != reached {
		t.Errorf("on an idle machine: by %s, %s", got[0].Basis, got[0].Verdict)
	}
	near(t, "ratio of memory", *got[1].Ratio, 3)
	if got[1].Verdict != missed {
		t.Errorf("a third of the memory, a quarter wanted: %s", got[1].Verdict)
	}
}

func TestBusyMachineCountsProcessorSeconds(t *testing.T) {
	x := row{unit: "ms"}.results(clocks(idle+.01, [2]float64{1, 3}), "")[0]
	near(t, "ours", *x.Ours, 2000)
	if x.Basis != "processor" {
		t.Errorf("by %s", x.Basis)
	}
}

// One turn of 10 s by the clock and 20 of the processor.
func TestVerdicts(t *testing.T) {
	weights := filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(weights, make([]byte, 50<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name   string
		others float64
		goal   goal
		want   string
	}{
		{"no goal", 0, goal{}, ""},
		{"ratio reached", 0, goal{ratio: 2}, reached},
		{"ratio missed", 0, goal{ratio: 2.1}, missed},
		{"seconds reached", 0, goal{atMost: 10}, reached},
		{"seconds missed", 0, goal{atMost: 9.9}, missed},
		{"one of two missed", 0, goal{ratio: 2, atMost: 9}, missed},
		{"of the clock, idle", 0, goal{atMost: 10, cores: 2}, reached},
		{"of the clock, reached although busy", 1, goal{atMost: 10, cores: 2}, reached},
		{"of the clock, busy, more than all cores can", 1, goal{atMost: 4, cores: 4}, missed},
		{"of the clock, busy, who knows", 1, goal{atMost: 6, cores: 4}, undecided},
	} {
		got := row{unit: "s", goal: x.goal}.results(clocks(x.others, [2]float64{10, 20}), "")[0]
		if got.Verdict != x.want {
			t.Errorf("%s: %q, want %q", x.name, got.Verdict, x.want)
		}
	}
	for times, want := range map[float64]string{2: reached, 1.9: missed} { // 100 MiB, weights of 50
		got := row{unit: "s", peak: &goal{atMost: times, weights: weights}}.results(clocks(0, [2]float64{1, 1}), "")[1]
		if got.Verdict != want {
			t.Errorf("%v times the weights: %q, want %q", times, got.Verdict, want)
		}
		if got.judge(goal{atMost: times, weights: weights + "-gone"}); got.Verdict != want {
			t.Errorf("without the weights: %q, want still %q", got.Verdict, want)
		}
	}
}

func TestPower(t *testing.T) {
	square := []point{{10, 3 * 100, 0}, {100, 3 * 1e4, 0}, {1000, 3 * 1e6, 0}}
	near(t, "power", power(square), 2)
	x := row{unit: "s", goal: goal{power: 1.9}}.curve(square, measured{Turns: make([]turn, 3)}, "")[0]
	if x.Verdict != missed {
		t.Errorf("a square, 1.9 wanted: %s", x.Verdict)
	}
}

func TestAgreement(t *testing.T) {
	half := []float64{1, 0, 0, 2}
	for _, x := range []struct {
		name       string
		agree      agreement
		ours, peer []float64
		ok         bool
	}{
		{"same direction", agreement{cosine: .9999, width: 2}, half, []float64{3, 0, 0, 1}, true},
		{"one of two vectors turned", agreement{cosine: .9999, width: 2}, half, []float64{3, 0, 1, 1}, false},
		{"nothing has no direction", agreement{cosine: .1, width: 2}, half, []float64{3, 0, 0, 0}, false},
		{"near", agreement{apart: within(.5)}, half, []float64{1, .5, 0, 2}, true},
		{"far", agreement{apart: within(.4)}, half, []float64{1, .5, 0, 2}, false},
		{"no number", agreement{apart: within(.4)}, half, []float64{1, math.NaN(), 0, 2}, false},
		{"three of four", agreement{same: .75}, half, []float64{1, 1, 0, 2}, true},
		{"not all", agreement{same: .76}, half, []float64{1, 1, 0, 2}, false},
		{"fewer", agreement{same: .1}, half, []float64{1, 0}, false},
		{"none", agreement{same: .1}, nil, nil, false},
		{"no way to compare", agreement{}, half, half, false},
	} {
		if _, err := x.agree.check(x.ours, x.peer); (err == nil) != x.ok {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

// Both sides run, and say the same or not.
func TestMeasure(t *testing.T) {
	b := testBench(t)
	r := row{name: "x", unit: "s", ours: says(`{"output":[1,2],"amount":2}`), peer: says(`{"output":[1,2]}`),
		agree: agreement{same: 1}}
	got, err := b.measure(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if x := got[0]; x.Rounds != 3 || x.Ratio == nil || len(x.Versions) != 2 || x.Wall[0] <= 0 || x.Peer == nil {
		t.Errorf("%+v", x)
	}
	r.peer = says(`{"output":[1,3]}`)
	got, err = b.measure(t.Context(), r)
	if err == nil || got != nil || !strings.Contains(err.Error(), "outputs differ") {
		t.Errorf("sides that differ were measured: %v, %v", got, err)
	}
	r.peer.needs = []need{{filepath.Join(b.root, "nothing"), "bring.sh"}}
	if got, err = b.measure(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	x := got[0]
	if x.Ours == nil || x.Peer != nil || x.Ratio != nil || !strings.Contains(x.Why, "skipped, needs bring.sh") {
		t.Errorf("without its peer: %+v", x)
	}
	gone := r
	gone.ours.needs = r.peer.needs
	if _, err := b.measure(t.Context(), gone); !errors.Is(err, errSkipped) {
		t.Errorf("a row that lacks our side: %v", err)
	}
	r.ours = side{name: "gone", command: []string{"sh", "-c", "exit 3"}}
	if _, err := b.measure(t.Context(), r); err == nil {
		t.Error("a side that ended was measured")
	}
}

// What is shown is compared, and not what is asked in the turns.
func TestShow(t *testing.T) {
	b := testBench(t)
	tells := func(asked string) side {
		script := `echo ready; while read -r l; do
			if [ "$l" = show ]; then echo '{"ids":[[1]]}'; else echo '` + asked + `'; fi; done`
		return side{name: "side", command: []string{"sh", "-c", script}}
	}
	r := row{name: "x", unit: "s", ask: "go", show: "show", agree: agreement{same: 1},
		ours: tells(`{"ids":[[2]]}`), peer: tells(`{"ids":[[3]]}`)}
	if _, err := b.measure(t.Context(), r); err != nil {
		t.Error(err)
	}
	r.show = ""
	if _, err := b.measure(t.Context(), r); err == nil {
		t.Error("unlike answers were taken")
	}
}

// A process from start to end: its processor time has those that it waited for, and its last line is the answer.
func TestWholeProcess(t *testing.T) {
	b := testBench(t)
	s := side{name: "whole", whole: true, command: []string{"sh", "-c",
		`sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done'; echo '{"output":[7],"resident":5}'`}}
	answer, c, err := b.once(t.Context(), s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Output) != 1 || answer.Output[0] != 7 || c.Resident != 5 {
		t.Errorf("answer %+v, %+v", answer, c)
	}
	if c.Peak <= 0 || c.Processor <= 0 || c.Wall <= 0 {
		t.Errorf("%+v, %+v", answer, c)
	}
}

// Rows that are measured again take the place of the old ones, the others stay, and the page around the table too.
func TestRecord(t *testing.T) {
	b := testBench(t)
	for _, second := range []string{"2", "4"} {
		turns := `{"turns":[{"ours":{"processor":` + second + `,"peak":10},"peer":{"processor":8,"peak":20}}],
			"agreement":"same losses"}`
		if err := b.record(b.rows(), "sft", strings.NewReader(turns)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := b.read()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, x := range all {
		switch {
		case x.Name == "sft":
			found++
			near(t, "ratio", *x.Ratio, 2)
		case x.Ours == nil && (x.Verdict != "" || x.Why != notYet):
			t.Errorf("a row that nobody measured: %+v", x)
		}
	}
	if found != 1 {
		t.Errorf("%d lines of the row", found)
	}
	page, err := os.ReadFile(filepath.Join(b.root, "docs/BENCHMARKS.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if !strings.HasPrefix(text, "# Benchmarks\n\nbefore\n") || !strings.HasSuffix(text, end+"\n\nafter\n") ||
		strings.Contains(text, "old") || !strings.Contains(text, "PyTorch + PEFT 8 | 2 (2–2)") {
		t.Error(text)
	}
	for name, bad := range map[string]string{"no turns": `{"agreement":"x"}`, "nothing compared": `{"turns":[{}]}`,
		"an unknown key": `{"turn":[]}`} {
		if err := b.record(b.rows(), "sft", strings.NewReader(bad)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestRowsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range testBench(t).rows() {
		for _, x := range r.empty("") {
			if seen[x.Name] || x.Name == "" || x.Work == "" {
				t.Errorf("row %q: %+v", r.name, x)
			}
			seen[x.Name] = true
		}
		if r.script == "" && workers[r.ours.command[2]] == nil {
			t.Errorf("row %s has no side of ours: %q", r.name, r.ours.command)
		}
		if r.peer.name != "" && r.script == "" && r.agree == (agreement{}) {
			t.Errorf("row %s compares no outputs", r.name)
		}
	}
	if _, err := choose(testBench(t).rows(), "search,nothing", false); err == nil {
		t.Error("an unknown row was chosen")
	}
}

func TestFigure(t *testing.T) {
	for x, want := range map[float64]string{0: "0", .01234: ".0123", 1.5: "1.5", 2: "2", 12.34: "12.3", 123.4: "123",
		12345.6: "12,346", 1e6: "1,000,000", 99.96: "100"} {
		if got := figure(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}
