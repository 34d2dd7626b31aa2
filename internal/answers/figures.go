package answers

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"

	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/strictjson"
	"hives/ranking"
	"hives/vcai"
)

// Quality is what judge and people found of a build's answers.
type Quality struct {
	Format int    `json:"format"`
	Gate   string `json:"gate"` // whether the judge was checked; stands in the first line of every output
	Run    string `json:"run"`
	Judge  string `json:"judge"` // identity, JSON; "" where only people were counted
	Rows   string `json:"rows"`  // SHA-256 of the answers' file
	Seed   uint64 `json:"seed"`

	Absolute Absolute `json:"absolute"`
	Found    []Found  `json:"found"`
	Relative Relative `json:"relative"`
	People   *People  `json:"people,omitempty"`
}

// Absolute is how often the level was found that was asked for. By chance it is .2.
type Absolute struct {
	Answers  int    `json:"answers"` // with a usable judgement
	Unusable int    `json:"unusable"`
	Rate     Number `json:"pass_rate"`
	Low      Number `json:"low"` // 95 %, bootstrap over groups
	High     Number `json:"high"`
}

// Found is what the judge made of the answers of one level.
type Found struct {
	Level    Level `json:"level"`
	As       []int `json:"as"` // answers found at −2 … 2
	Unusable int   `json:"unusable"`
}

// Relative is how the answers to one question were put into order. With five answers p is .017 for the perfect order
// and .083 after one swap, so that MeanP is no probability of anything; P is.
type Relative struct {
	Questions int    `json:"questions"` // with a usable order
	LeftOut   int    `json:"left_out"`  // that lack a level
	Unusable  int    `json:"unusable"`
	Tau       Number `json:"tau"` // mean τ-b
	Low       Number `json:"low"`
	High      Number `json:"high"`
	Perfect   Number `json:"perfect"` // share in perfect order
	Below     Number `json:"p_below_05"`
	MeanP     Number `json:"mean_p"`
	P         Number `json:"p"` // one for all questions: of a mean τ as far from 0, with levels dealt out anew
	Draws     int    `json:"draws"`
}

// People is the same as people see it, each decision by itself.
type People struct {
	Reviewers int      `json:"reviewers"`
	Absolute  Absolute `json:"absolute"`
	Relative  Relative `json:"relative"`
	Both      int      `json:"both"`  // decisions on answers whose level the judge has found too
	Kappa     Number   `json:"kappa"` // Cohen's, of people and judge
}

const (
	resamples    = 2000
	permutations = 9999
	leastGroups  = 3   // with fewer an interval says nothing
	gateAnswers  = 100 // a judge is checked by so many decisions of people,
	gateKappa    = .6  // by this agreement with them,
	gateShare    = .5  // and by no option that has more of its answers
)

// graded is one judgement of a level, of an answer in a group.
type graded struct {
	group string
	asked Level
	found Level
}

// result computes all figures from what was said. It asks nobody.
func (g *grader) result(run judge.Run, people *said) *Quality {
	q := &Quality{Format: 1, Run: run.ID, Rows: g.rows, Seed: g.job.Seed}
	if len(g.cfg.Voters) > 0 {
		q.Judge = compact(g.cfg.Identities()[0])
	}
	var levels []graded
	var orders []ordered
	unusable, lost := 0, 0
	for _, l := range Levels {
		q.Found = append(q.Found, Found{Level: l, As: make([]int, len(Levels))})
	}
	for i := range g.sets {
		s := &g.sets[i]
		for k, r := range s.rows {
			f := &q.Found[r.Level+2]
			if s.found[k] == nil {
				f.Unusable, unusable = f.Unusable+1, unusable+1
				continue
			}
			f.As[*s.found[k]+2]++
			levels = append(levels, graded{r.Group, Level(r.Level), *s.found[k]})
		}
		switch o, err := s.ordered(s.order); {
		case s.shown == nil:
		case err != nil:
			lost++
		default:
			orders = append(orders, ordered{s.rows[0].Group, o})
		}
	}
	q.Absolute = absoluteOf(levels, unusable, g.job.Seed)
	q.Relative = relativeOf(orders, len(g.sets)-g.complete(), lost, g.job.Seed)
	if people != nil {
		q.People = &People{Reviewers: people.reviewers, Absolute: absoluteOf(people.levels, 0, g.job.Seed),
			Relative: relativeOf(people.orders, 0, 0, g.job.Seed), Both: len(people.pairs), Kappa: kappa(people.pairs)}
	}
	q.Gate = q.gate()
	return q
}

// gate says whether the judge's figures are worth anything beyond the judge. Its sentence stands before all of them, so
// that no rate is read without it.
//
//	no decisions of people                 judge not checked: people have said the level of 0 of its answers, …
//	105 decisions, κ .83                   judge checked: κ 0.83 with people over 105 decisions
//	105 decisions, κ .02                   judge failed its check: …
//	κ .83, three answers of four at +1     judge failed its check: agreement may come of people's favourite too
func (q *Quality) gate() string {
	if q.Judge == "" {
		return "judge not asked"
	}
	most := 0
	for _, l := range Levels {
		n := 0
		for _, f := range q.Found {
			n += f.As[l+2]
		}
		most = max(most, n)
	}
	share := float64(most) / float64(q.Absolute.Answers)
	switch p := q.People; {
	case p == nil || p.Both < gateAnswers:
		n := 0
		if p != nil {
			n = p.Both
		}
		return fmt.Sprintf("judge not checked: people have said the level of %d of its answers, %d are wanted", n,
			gateAnswers)
	case !(float64(p.Kappa) >= gateKappa):
		return fmt.Sprintf("judge failed its check: κ %s with people over %d decisions, %v is wanted", two(p.Kappa), p.Both,
			gateKappa)
	case share > gateShare:
		return fmt.Sprintf("judge failed its check: one level has %s of its answers", percent(share))
	default:
		return fmt.Sprintf("judge checked: κ %s with people over %d decisions", two(p.Kappa), p.Both)
	}
}

// absoluteOf takes the pass rate. Unusable judgements are counted beside it and are in no denominator: they are the
// judge's failure and say nothing of the answers.
//
//	asked +2 +2 0 −1, found +2 +1 0 unusable     2 of 3 pass, 1 unusable
func absoluteOf(all []graded, unusable int, seed uint64) Absolute {
	by := map[string][]float64{}
	var total mean
	for _, g := range all {
		pass := 0.
		if g.asked == g.found {
			pass = 1
		}
		total.add(pass)
		by[g.group] = append(by[g.group], pass)
	}
	a := Absolute{Answers: len(all), Unusable: unusable, Rate: total.of()}
	a.Low, a.High = interval(by, "vcai pass", seed)
	return a
}

// ordered is one order, of a question in a group.
type ordered struct {
	group string
	vcai.Ordered
}

// relativeOf takes the means over questions, and the one probability of all of them. What it was computed from stays in
// the votes file, so another number of draws asks nobody.
func relativeOf(all []ordered, leftOut, unusable int, seed uint64) Relative {
	by := map[string][]float64{}
	var list []vcai.Ordered
	for _, o := range all {
		by[o.group] = append(by[o.group], o.Tau)
		list = append(list, o.Ordered)
	}
	s := vcai.Summarise(list)
	r := Relative{Questions: len(all), LeftOut: leftOut, Unusable: unusable, Tau: Number(s.Tau), MeanP: Number(s.P),
		Below: Number(s.Below), Perfect: Number(s.Perfect), P: Number(vcai.Chance(list, permutations, seed)),
		Draws: permutations}
	r.Low, r.High = interval(by, "vcai order", seed)
	return r
}

// interval is that of a mean, by drawing groups with replacement: answers of one group hang together, and drawing them
// one by one would make the interval too narrow. Groups are drawn in the order of their names, since a map has none.
//
//	groups a: 1 1 0, b: 1, c: 0 0     one draw: b b a, mean 4/5; of 2,000 such means the 2.5th and the 97.5th percentile
func interval(by map[string][]float64, purpose string, seed uint64) (low, high Number) {
	none := Number(math.NaN())
	if len(by) < leastGroups {
		return none, none
	}
	var groups []string
	for name := range by {
		groups = append(groups, name)
	}
	slices.Sort(groups)
	rng := ranking.Stream(purpose, seed)
	drawn := make([]float64, resamples)
	for i := range drawn {
		var m mean
		for range groups {
			for _, x := range by[groups[rng.IntN(len(groups))]] {
				m.add(x)
			}
		}
		drawn[i] = float64(m.of())
	}
	slices.Sort(drawn)
	return Number(drawn[resamples*25/1000]), Number(drawn[resamples*975/1000])
}

// kappa is Cohen's: the agreement beyond what the two would have by the shares of their answers alone. NaN where that
// is everything, or nothing was said.
//
//	people −2 −2 0 2, judge −2 0 0 2     agreement 3/4, by chance 2·1 + 1·2 + 1·1 of 16     κ = (12 − 5)/(16 − 5)
func kappa(pairs [][2]Level) Number {
	n := float64(len(pairs))
	same := 0.
	var a, b [5]float64
	for _, p := range pairs {
		if p[0] == p[1] {
			same++
		}
		a[p[0]+2]++
		b[p[1]+2]++
	}
	chance := 0.
	for i := range a {
		chance += a[i] / n * b[i] / n
	}
	if chance == 1 {
		return Number(math.NaN())
	}
	return Number((same/n - chance) / (1 - chance))
}

// write puts the figures and the page into the folder.
func (g *grader) write(q *Quality) (*Quality, error) {
	raw, err := json.MarshalIndent(q, "", " ")
	if err == nil {
		err = fsutil.WriteBytes(filepath.Join(g.job.In, QualityFile), append(raw, '\n'))
	}
	if err != nil {
		return nil, err
	}
	stats, err := ReadStats(g.job.In)
	if err != nil {
		return nil, err
	}
	return q, writePage(g.job.In, stats, q)
}

// Nothing is an error where a judge was asked and none of its judgements can be used: no figure stands on anything.
func (q *Quality) Nothing() error {
	if n := q.Absolute.Unusable; q.Judge != "" && q.Absolute.Answers == 0 && n > 0 {
		return fault.New(fault.Invalid, "none of %d judgements can be used: the judge names no level; votes.db has its "+
			"answers", n)
	}
	return nil
}

// readQuality is what was measured of a folder's answers as they stand, nil where nothing was.
func readQuality(dir string) *Quality {
	sum, err := fsutil.SHA256(filepath.Join(dir, RowsFile))
	if err != nil {
		return nil
	}
	raw, err := fsutil.ReadRegular(filepath.Join(dir, QualityFile))
	if err != nil {
		return nil
	}
	q := &Quality{}
	if strictjson.Decode(raw, q) != nil || q.Rows != sum {
		return nil
	}
	return q
}

// Write prints the figures, the judge's and people's.
func (q *Quality) Write(w io.Writer) error {
	fmt.Fprintln(w, q.Gate)
	t := columns.NewTable(w)
	fmt.Fprint(t, "who\tanswers\tunusable\tpass\t95 %\tby chance\n")
	line := func(who string, a Absolute) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t20 %%\n", who, a.Answers, a.Unusable, percent(float64(a.Rate)),
			columns.Span(percent(float64(a.Low)), percent(float64(a.High))))
	}
	line("judge", q.Absolute)
	if q.People != nil {
		line("people", q.People.Absolute)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = columns.NewTable(w)
	fmt.Fprint(t, "who\tquestions\tleft out\tunusable\tmean τ\t95 %\tperfect\tp < .05\tmean p\tp of all\n")
	order := func(who string, r Relative) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", who, r.Questions, r.LeftOut, r.Unusable, two(r.Tau),
			columns.Span(two(r.Low), two(r.High)), percent(float64(r.Perfect)), percent(float64(r.Below)), two(r.MeanP),
			four(r.P))
	}
	order("judge", q.Relative)
	if q.People != nil {
		order("people", q.People.Relative)
		fmt.Fprintf(t, "\nκ of judge and people: %s over %d decisions\n", two(q.People.Kappa), q.People.Both)
	}
	return t.Flush()
}

// four is a probability.
func four(n Number) string {
	if !n.Known() {
		return "–"
	}
	return fmt.Sprintf("%.4f", float64(n))
}
