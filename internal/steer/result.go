package steer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"hives/internal/fsutil"
	web "hives/internal/page"
	"hives/internal/report"
)

// The names of pushes.
const (
	vectorName   = "vector"
	shuffledName = "shuffled sides"
	randomName   = "random"
	promptName   = "instruction"
)

// Sweep is sweep.json. It holds what every figure of the page and of the table is drawn from, controls one by one, and
// the settings that would make it again.
type Sweep struct {
	Format    string            `json:"format"`
	ValueID   string            `json:"value_id"`
	About     map[string]string `json:"about"` // model, weights, settings
	Unit      string            `json:"unit"`
	MaxCost   float64           `json:"max_cost"`
	Pairs     [2]int            `json:"pairs"` // to choose on, to report on
	Questions [2]int            `json:"questions"`
	Grid      []Point           `json:"grid"`
	Chosen    Point             `json:"chosen"`
	OverCost  bool              `json:"over_cost"` // no point cost as little as asked for
	Effects   []Effect          `json:"effects"`
	Outside   bool              `json:"outside_all_random"`
	Turns     bool              `json:"changes_sign"`
	Texts     []Texts           `json:"texts"`
}

// Point is a layer and a coefficient, measured on the half to choose on. Both forms of the coefficient and its ratio
// stand side by side: who uses the vector needs the applied one, who compares models the ratio.
type Point struct {
	Layer       int      `json:"layer"`
	Coefficient float64  `json:"coefficient"` // in the unit
	Applied     float64  `json:"applied"`     // times the vector as it is
	Ratio       float64  `json:"ratio"`       // c·|v| of the mean length of the states
	Odd         Estimate `json:"odd"`
	Cost        float64  `json:"cost"`

	key string
}

// save writes sweep.json and its page.
func (r *Sweep) save(dir string) error {
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return fsutil.WriteFiles(
		fsutil.File{Path: filepath.Join(dir, "sweep.json"), Write: func(w io.Writer) error {
			_, err := w.Write(append(raw, '\n'))
			return err
		}},
		fsutil.File{Path: filepath.Join(dir, "sweep.html"), Write: r.page},
	)
}

// result is what is known before the report.
func (s *sweep) result(grid []Point, best Point) *Sweep {
	about, err := s.about()
	if err != nil {
		panic(err) // it was made before
	}
	return &Sweep{
		Format: "hives.steer.sweep/1", ValueID: s.trait.ValueID, About: about, Unit: s.Unit, MaxCost: s.MaxCost,
		Pairs: [2]int{len(s.choose), len(s.report)}, Questions: [2]int{questionsOf(s.choose), questionsOf(s.report)},
		Grid: grid, Chosen: best, OverCost: !(best.Cost <= s.MaxCost),
	}
}

// questionsOf counts the questions that pairs are over.
func questionsOf(pairs []Pair) int {
	seen := map[string]bool{}
	for _, p := range pairs {
		seen[p.Question] = true
	}
	return len(seen)
}

// judge says whether the effect counts: its interval lies outside those of all random vectors of equal length, and the
// log-odds change to both sides.
// The rule is fixed before the figures are seen, and printed with either outcome.
func (r *Sweep) judge() {
	var random []Effect
	for _, e := range r.Effects {
		if strings.HasPrefix(e.Name, randomName) {
			random = append(random, e)
		}
	}
	r.Outside, r.Turns = r.Effects[0].outside(random), r.Effects[0].turns()
}

// verdict is the result in a sentence. Four sentences for four outcomes; the third is a finding too: the vector works,
// and its sign is not what the answers said.
func (r *Sweep) verdict() string {
	switch {
	case r.Outside && r.Turns && r.Effects[0].Odd.Mean > 0:
		return "The effect counts: it lies outside all random vectors, and the log-odds rise with + and fall with −."
	case r.Outside && r.Effects[0].Odd.Mean > 0:
		return "The effect lies outside all random vectors, but the log-odds do not both rise with + and fall with −."
	case r.Outside:
		return "The effect lies outside all random vectors, to the wrong side: + moves away from the value."
	}
	return "No effect counts: its interval meets that of a random vector of equal length."
}

// describe prints the report.
// The order of rows is that of Effects: the vector, its controls, the instruction.
func (r *Sweep) describe(w io.Writer, dir string) {
	c := r.Chosen
	fmt.Fprintf(w, "%s: %d pairs over %d questions to choose on, %d over %d to report on\n",
		r.ValueID, r.Pairs[0], r.Questions[0], r.Pairs[1], r.Questions[1])
	if len(r.Grid) > 1 {
		fmt.Fprintf(w, "chosen of %d: %.2f nats a token\n", len(r.Grid), c.Cost)
	}
	fmt.Fprintf(w, "layer %d, c %.4g (%.3g %s): c·|v|/mean|state| %.3f\n", c.Layer, c.Applied, c.Coefficient, r.Unit,
		c.Ratio)
	if r.OverCost {
		fmt.Fprintf(w, "every layer and coefficient costs more than --max-cost %v: the cheapest was taken\n", r.MaxCost)
	}
	fmt.Fprintf(w, "\n%-44s %-26s %-9s %-9s %-9s %s\n", "log-odds for over against", "odd part [95 %]", "o(+)−o(0)",
		"o(−)−o(0)", "even", "cost")
	for _, e := range r.Effects {
		fmt.Fprintf(w, "%-44s %+-7.3f [%+.3f, %+.3f]   %+-9.3f %+-9.3f %+-9.3f %.3f\n", e.Name, e.Odd.Mean, e.Odd.Low,
			e.Odd.High,
			e.Up.Mean, e.Down.Mean, e.Even.Mean, e.Cost)
	}
	fmt.Fprintln(w, "\n"+r.verdict())
	fmt.Fprintf(w, "\n%-16s %-9s %-10s %-6s %-6s %s\n", "texts", "log p", "distinct-2", "empty", "cut", "projection")
	for _, t := range r.Texts {
		fmt.Fprintf(w, "%-16s %-9.3f %-10.3f %-6.2f %-6.2f %.3f\n", t.Name, t.LogProb, t.Distinct2, t.Empty, t.Cut,
			t.Projection)
	}
	fmt.Fprintf(w, "\n%s, sweep.html\n", filepath.Join(dir, "sweep.json"))
}

// page draws the report.
// The same figures as the file's, without another computation, so that the two cannot differ.
func (r *Sweep) page(w io.Writer) error {
	p := report.Steering{Title: "Steering towards " + r.ValueID, Lead: []string{r.verdict(), fmt.Sprintf(
		"Layer %d and c %.4g (c·|v| is %.3f of the mean length of the states) were chosen on %d pairs of answers and are "+
			"reported on %d "+
			"others, of other questions.", r.Chosen.Layer, r.Chosen.Applied, r.Chosen.Ratio, r.Pairs[0], r.Pairs[1])}}
	for _, e := range r.Effects {
		p.Rows = append(p.Rows, report.SteeringRow{Name: e.Name, Value: e.Odd.Mean, Low: e.Odd.Low, High: e.Odd.High,
			Main: e.Name == vectorName})
	}
	figure := func(x float64) string { return fmt.Sprintf("%.3f", x) }
	grid := report.RunsTable{Title: "Chosen from", Head: []string{"layer", "coefficient", "c·|v|/mean|state|",
		"odd part", "low", "high", "cost"}}
	for _, g := range r.Grid {
		grid.Rows = append(grid.Rows, []string{fmt.Sprint(g.Layer), figure(g.Coefficient), figure(g.Ratio),
			figure(g.Odd.Mean), figure(g.Odd.Low),
			figure(g.Odd.High), figure(g.Cost)})
	}
	texts := report.RunsTable{Title: "What it writes", Head: []string{"push", "log p of a token", "distinct-2", "empty",
		"cut", "projection", "example"}}
	for _, t := range r.Texts {
		texts.Rows = append(texts.Rows, []string{t.Name, figure(t.LogProb), figure(t.Distinct2), figure(t.Empty),
			figure(t.Cut), figure(t.Projection), t.Example})
	}
	p.Tables = []report.RunsTable{grid, texts}
	return report.WriteSteering(w, p, web.About{Facts: []web.Fact{{Name: "model", Value: r.About[modelKey]},
		{Name: "weights SHA-256", Value: r.About[weightsKey]},
		{Name: "settings", Value: r.About["settings"]}}})
}

// digest is the hex SHA-256 of a thing's JSON.
// Maps are written by sorted keys and floats in their shortest form, so that equal things have equal digests.
func digest(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers that were checked
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
