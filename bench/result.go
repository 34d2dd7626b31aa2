package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// idle is how many cores others may take for the clock to count. Beyond it figures are of processor seconds.
const idle = .2

// Verdicts on a goal.
const (
	reached   = "reached"
	missed    = "missed"
	undecided = "undecided" // a goal of the clock, and the machine was too busy to tell
)

// result is a line of bench/results.json. What was not measured is null, with the reason in why.
type result struct {
	Name      string      `json:"name"`
	Work      string      `json:"work"`
	Unit      string      `json:"unit"`
	Ours      *float64    `json:"ours"`
	Peer      *float64    `json:"peer"`
	PeerName  string      `json:"peer_name,omitempty"`
	Ratio     *float64    `json:"ratio"`            // how many times better ours is: the median of the rounds
	Spread    *[2]float64 `json:"spread,omitempty"` // least and largest of the rounds' ratios, else of our own figure
	Basis     string      `json:"basis,omitempty"`  // what seconds are of: wall or processor
	Wall      [2]float64  `json:"wall_seconds"`     // medians of a round, ours and the peer's
	Processor [2]float64  `json:"processor_seconds"`
	Others    float64     `json:"others_cores"` // cores that other programs had: the median of the rounds
	Rounds    int         `json:"rounds"`
	Threads   int         `json:"threads"` // 0: all cores
	Goal      string      `json:"goal,omitempty"`
	Verdict   string      `json:"verdict,omitempty"`
	Agreement string      `json:"agreement,omitempty"` // of the outputs
	Curve     []point     `json:"curve,omitempty"`
	Power     *float64    `json:"power,omitempty"` // the curve's exponent
	Versions  []string    `json:"versions,omitempty"`
	Machine   string      `json:"machine,omitempty"`
	Commit    string      `json:"commit,omitempty"`
	Command   string      `json:"command"`
	Date      string      `json:"date"`
	Why       string      `json:"why,omitempty"`
}

// point is a growth curve's: processor seconds and MiB at a size.
type point struct {
	Size    int     `json:"size"`
	Seconds float64 `json:"seconds"`
	Peak    float64 `json:"peak"`
}

func compare(a, b float64) int { return cmp.Compare(a, b) }

// median is the mean of the two in the middle where there are two. It is NaN of nothing.
func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// each picks a number out of every turn.
func each(turns []turn, pick func(turn) float64) []float64 {
	out := make([]float64, len(turns))
	for i, t := range turns {
		out[i] = pick(t)
	}
	return out
}

// medians of ours and the peer's; 0 where there is no peer.
func medians(turns []turn, pick func(cost) float64) (out [2]float64) {
	out[0] = median(each(turns, func(t turn) float64 { return pick(t.Ours) }))
	if turns[0].Peer != nil {
		out[1] = median(each(turns, func(t turn) float64 { return pick(*t.Peer) }))
	}
	return out
}

// in turns a round's seconds into the row's unit.
func (r row) in(seconds, amount float64) float64 {
	if amount == 0 {
		amount = 1
	}
	switch r.unit {
	case "s":
		return seconds / amount
	case "ms":
		return 1e3 * seconds / amount
	default:
		return amount / seconds
	}
}

// empty are the row's lines without figures.
func (r row) empty(why string) []result {
	out := []result{{Name: r.name, Work: r.work, Unit: r.unit, PeerName: r.peer.name, Threads: r.threads,
		Goal: r.goal.text(r.unit), Command: r.command(), Date: today(), Why: why}}
	for _, m := range []struct {
		goal         *goal
		suffix, work string
	}{{r.peak, "-peak", "its peak memory"}, {r.resident, "-resident", "its memory after the start"}} {
		if m.goal == nil {
			continue
		}
		x := out[0]
		x.Name, x.Work, x.Unit, x.Goal = r.name+m.suffix, m.work, "MiB", m.goal.text("MiB")
		out = append(out, x)
	}
	return out
}

// goals are those of the row's lines, in their order.
func (r row) goals() []goal {
	out := []goal{r.goal}
	for _, g := range []*goal{r.peak, r.resident} {
		if g != nil {
			out = append(out, *g)
		}
	}
	return out
}

func (r row) command() string {
	if r.script != "" {
		return r.script
	}
	return "go run ./bench --rows " + r.name
}

func today() string { return time.Now().UTC().Format("2006-01-02 15:04") }

// results sums up a row's turns: one line for time and one for each kind of memory.
func (r row) results(m measured, machine string) []result {
	out := r.empty("")
	beside := m.Turns[0].Peer != nil
	for i := range out {
		x := &out[i]
		x.Rounds, x.Agreement, x.Machine = len(m.Turns), m.Agreement, machine
		x.Others = median(each(m.Turns, func(t turn) float64 { return t.Others }))
		for _, v := range m.Versions {
			if v != "" {
				x.Versions = append(x.Versions, v)
			}
		}
		if !beside {
			x.PeerName = ""
		}
		switch {
		case strings.HasSuffix(x.Name, "-peak"):
			x.set(m.Turns, func(c cost) float64 { return c.Peak }, func(y float64) float64 { return y })
		case strings.HasSuffix(x.Name, "-resident"):
			x.set(m.Turns, func(c cost) float64 { return c.Resident }, func(y float64) float64 { return y })
		default:
			x.time(r, m)
		}
		x.judge(r.goals()[i])
	}
	return out
}

// time fills in a line that is about seconds.
func (x *result) time(r row, m measured) {
	wall, processor := func(c cost) float64 { return c.Wall }, func(c cost) float64 { return c.Processor }
	x.Wall, x.Processor = medians(m.Turns, wall), medians(m.Turns, processor)
	pick := processor
	x.Basis = "processor"
	if x.Others <= idle && x.Wall[0] > 0 {
		pick, x.Basis = wall, "wall"
	}
	x.set(m.Turns, pick, func(y float64) float64 { return r.in(y, m.Amount) })
}

// set takes medians of both sides, and of the rounds' ratios. Less is better of seconds and memory alike.
func (x *result) set(turns []turn, pick func(cost) float64, show func(float64) float64) {
	ours := each(turns, func(t turn) float64 { return pick(t.Ours) })
	x.Ours = number(show(median(ours)))
	low, high := show(slices.Min(ours)), show(slices.Max(ours))
	x.Spread = &[2]float64{min(low, high), max(low, high)}
	if turns[0].Peer == nil {
		return
	}
	x.Peer = number(show(median(each(turns, func(t turn) float64 { return pick(*t.Peer) }))))
	ratios := each(turns, func(t turn) float64 { return pick(*t.Peer) / pick(t.Ours) })
	if x.Ratio = number(median(ratios)); x.Ratio != nil {
		x.Spread = &[2]float64{slices.Min(ratios), slices.Max(ratios)}
	}
}

// number is nil for what JSON has no word for.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// judge says whether a goal was reached. A goal of the clock that a busy machine did not reach is missed only where
// even all of its cores, each busy all the time, would have taken longer.
func (x *result) judge(g goal) {
	if math.IsNaN(g.most()) { // weights that are not here: what was judged where they were stands
		return
	}
	x.Goal, x.Verdict = g.text(x.Unit), ""
	if x.Ours == nil {
		return
	}
	var verdicts []string
	add := func(known *float64, ok func(float64) bool) {
		switch {
		case known == nil:
		case ok(*known):
			verdicts = append(verdicts, reached)
		default:
			verdicts = append(verdicts, missed)
		}
	}
	if g.ratio != 0 {
		add(x.Ratio, func(y float64) bool { return y >= g.ratio })
	}
	if g.power != 0 {
		add(x.Power, func(y float64) bool { return y <= g.power })
	}
	switch most := g.most(); {
	case g.atMost == 0:
	case g.cores == 0 || x.Basis == "wall":
		add(x.Ours, func(y float64) bool { return y <= most })
	case x.Wall[0] <= most:
		verdicts = append(verdicts, reached)
	case x.Processor[0]/float64(g.cores) > most:
		verdicts = append(verdicts, missed)
	default:
		verdicts = append(verdicts, undecided)
	}
	for _, v := range []string{reached, undecided, missed} { // the worst counts
		if slices.Contains(verdicts, v) {
			x.Verdict = v
		}
	}
}

// curve is the one line of a growth row.
func (r row) curve(points []point, m measured, machine string) []result {
	x := &r.empty("")[0]
	x.Rounds, x.Machine, x.Basis, x.Versions = len(m.Turns), machine, "processor", nil
	if m.Versions[0] != "" {
		x.Versions = []string{m.Versions[0]}
	}
	x.Others = median(each(m.Turns, func(t turn) float64 { return t.Others }))
	last := points[len(points)-1]
	x.Curve, x.Power, x.Ours = points, number(power(points)), number(last.Seconds)
	x.Wall[0], x.Processor[0] = m.Turns[len(m.Turns)-1].Ours.Wall, last.Seconds
	x.judge(r.goal)
	return []result{*x}
}

// power is the slope of the least-squares line through the logarithms: twice the work takes 2^power times as long.
func power(points []point) float64 {
	var n, sx, sy, sxx, sxy float64
	for _, p := range points {
		x, y := math.Log(float64(p.Size)), math.Log(p.Seconds)
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// machine says what the figures are of: processor and cores.
func (b *bench) machine() string {
	model := "unknown processor"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(raw)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores", model, b.cores)
}

// describe is this checkout's commit, with a word where files differ from it. The two that this program writes may.
func (b *bench) describe() string {
	out, err := exec.Command("git", "-C", b.root, "rev-parse", "--short=10", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	commit := strings.TrimSpace(string(out))
	changed := exec.Command("git", "-C", b.root, "diff", "--quiet", "HEAD", "--", ".", ":!bench/results.json",
		":!docs/BENCHMARKS.md")
	if changed.Run() != nil {
		commit += "-dirty"
	}
	return commit
}

// minutes is about how long the turns took that made this line, loading left out; "" where it has none.
func (x result) minutes(rounds int) string {
	turn, turns := x.Wall[0]+x.Wall[1], 1+rounds // the first is not counted
	if x.Curve != nil {
		turn, turns = 0, min(rounds, 3)
		for _, p := range x.Curve {
			turn += p.Seconds
		}
	}
	if turn == 0 {
		return ""
	}
	return time.Duration(turn * float64(turns) * float64(time.Second)).Round(time.Second).String()
}

// figure writes three digits, and no zero before the point; thousands keep all of theirs.
func figure(x float64) string {
	digits := 0
	if a := math.Abs(x); a > 0 && a < 100 {
		digits = 2 - int(math.Floor(math.Log10(a)))
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if rest, ok := strings.CutPrefix(s, "0."); ok {
		return "." + rest
	}
	whole, fraction, _ := strings.Cut(s, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole
}

// line is the result for a terminal.
func (x result) line() string {
	c := x.cells()
	text := fmt.Sprintf("%-18s ours %s, peer %s, ratio %s, goal %s", x.Name, c[1], c[2], c[3], c[4])
	for _, more := range []string{c[5], x.Why} {
		if more != "" {
			text += "; " + more
		}
	}
	return text
}
