package answers

import (
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/figure"
	"hives/vcai"
)

// Number is a figure that may be undefined.
type Number = figure.Number

// Stats are the counts of a run.
type Stats struct {
	Format int `json:"format"`

	Answers int            `json:"answers"`
	Failed  int            `json:"failed"` // answers, or questions, that there are none of
	Why     map[string]int `json:"why"`    // failed attempts by reason
	// RefusedShare is that of attempts by which the writer declined. They are no neutral answers.
	RefusedShare Number `json:"refused_share"`

	// Missing is the share of judgements, of the answers kept, that could not be used. They are in no mean.
	Missing Number `json:"missing_share"`

	Values []Cells  `json:"values"`
	Levels []Cell   `json:"levels"` // over all values
	Terms  []Source `json:"sources"`
}

// Cells is one value at each level.
type Cells struct {
	ValueID   string `json:"value_id"`
	Questions int    `json:"questions"`
	Levels    []Cell `json:"levels"`
}

// Cell is one level, of a value or of all.
type Cell struct {
	Level    Level  `json:"level"`
	Answers  int    `json:"answers"`
	Accepted int    `json:"accepted"` // near enough; the others are the nearest of an exhausted search
	Failed   int    `json:"failed"`
	Degree   Number `json:"d_prime"`         // mean
	Touched  Number `json:"d_prime_touched"` // mean, of those that have one
	Gap      Number `json:"gap"`             // mean
	Attempts Number `json:"attempts"`        // mean
}

// Source counts answers by what their questions were made from.
type Source struct {
	Corpus  string `json:"corpus"`
	Licence string `json:"licence"`
	Answers int    `json:"answers"`
}

// statsOf counts. Values come in the order of rows, levels in theirs.
func statsOf(rows []Row, failed []Failure) *Stats {
	s := &Stats{Format: 1, Answers: len(rows), Failed: len(failed), Why: map[string]int{}}
	declined, attempts := 0, 0
	var missing mean
	for _, f := range failed {
		for why, n := range f.Why {
			s.Why[why] += n
		}
		declined, attempts = declined+f.Why[refused], attempts+f.Attempts
	}
	for _, r := range rows {
		declined, attempts = declined+int(r.Refused), attempts+int(r.Attempts)
		missing.sum += float64(strings.Count(r.Judgements, "null"))
		missing.n += float64(len(r.Roles) * len(r.Parts))
	}
	s.RefusedShare, s.Missing = Number(float64(declined)/float64(attempts)), missing.of()
	var ids []string
	for _, r := range rows {
		if !slices.Contains(ids, r.ValueID) {
			ids = append(ids, r.ValueID)
		}
	}
	for _, f := range failed {
		if !slices.Contains(ids, f.ValueID) {
			ids = append(ids, f.ValueID)
		}
	}
	for _, id := range ids {
		asked := map[string]bool{}
		for _, r := range rows {
			if r.ValueID == id {
				asked[r.QuestionID] = true
			}
		}
		s.Values = append(s.Values, Cells{id, len(asked), cellsOf(rows, failed, id)})
	}
	s.Levels = cellsOf(rows, failed, "")
	s.Terms = sourcesOf(rows)
	return s
}

// cellsOf are the five levels of a value, "" of all. A level that nobody asked for has no line.
func cellsOf(rows []Row, failed []Failure, id string) (out []Cell) {
	for _, l := range Levels {
		c := Cell{Level: l}
		var degree, touched, gap, attempts mean
		for _, r := range rows {
			if Level(r.Level) != l || id != "" && r.ValueID != id {
				continue
			}
			c.Answers++
			if r.Stop == vcai.Accepted {
				c.Accepted++
			}
			degree.add(r.Degree)
			gap.add(r.Gap)
			attempts.add(float64(r.Attempts))
			if r.Touched != nil {
				touched.add(*r.Touched)
			}
		}
		for _, f := range failed {
			if f.Level != nil && *f.Level == l && (id == "" || f.ValueID == id) {
				c.Failed++
			}
		}
		c.Degree, c.Touched, c.Gap, c.Attempts = degree.of(), touched.of(), gap.of(), attempts.of()
		if c.Answers+c.Failed > 0 {
			out = append(out, c)
		}
	}
	return out
}

func sourcesOf(rows []Row) (out []Source) {
	n := map[Source]int{}
	for _, r := range rows {
		n[Source{Corpus: r.Corpus, Licence: r.Licence}]++
	}
	for _, s := range slices.SortedFunc(maps.Keys(n), func(a, b Source) int {
		return slices.Compare([]string{a.Corpus, a.Licence}, []string{b.Corpus, b.Licence})
	}) {
		s.Answers = n[s]
		out = append(out, s)
	}
	return out
}

// mean of what was added, NaN of nothing.
type mean struct{ sum, n float64 }

func (m *mean) add(x float64) { m.sum, m.n = m.sum+x, m.n+1 }
func (m mean) of() Number     { return Number(m.sum / m.n) }

// Nothing is an error where no answer was kept, which says why: the files are there, and a pipeline must not go on with
// them.
func (s *Stats) Nothing(dir string) error {
	if s.Answers > 0 {
		return nil
	}
	var why []string
	for _, reason := range slices.Sorted(maps.Keys(s.Why)) {
		why = append(why, fmt.Sprintf("%s: %d attempts", reason, s.Why[reason]))
	}
	return fault.New(fault.Invalid, "none of %d answers came (%s): %s lists them", s.Failed, strings.Join(why, ", "),
		filepath.Join(dir, FailedFile))
}

// ReadStats counts the answers of a folder or a file.
func ReadStats(path string) (*Stats, error) {
	rows, err := ReadRows(path)
	if err != nil {
		return nil, err
	}
	failed, err := readFailures(path)
	return statsOf(rows, failed), err
}

// Write prints the counts: a line a level over all values, then a line a value.
func (s *Stats) Write(w io.Writer) error {
	fmt.Fprintf(w, "%d answers, %d failed; the writer refused in %s of its attempts, %s of the judgements are missing\n",
		s.Answers, s.Failed, percent(float64(s.RefusedShare)), percent(float64(s.Missing)))
	for _, why := range slices.Sorted(maps.Keys(s.Why)) {
		fmt.Fprintf(w, "  %s: %d attempts\n", why, s.Why[why])
	}
	t := columns.NewRightTable(w)
	fmt.Fprint(t, "level\tanswers\taccepted\tattempts\tgap\tD′\tof touched\t\n")
	for _, c := range s.Levels {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", c.Level, c.Answers, percent(float64(c.Accepted)/float64(c.Answers)),
			two(c.Attempts), two(c.Gap), two(c.Degree), two(c.Touched))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = columns.NewRightTable(w)
	fmt.Fprint(t, "value\tquestions\tanswers\taccepted\tgap\tfailed\t\n")
	for _, v := range s.Values {
		var answers, accepted, failed int
		var gap mean
		for _, c := range v.Levels {
			answers, accepted, failed = answers+c.Answers, accepted+c.Accepted, failed+c.Failed
			if c.Answers > 0 {
				gap.sum, gap.n = gap.sum+float64(c.Gap)*float64(c.Answers), gap.n+float64(c.Answers)
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%d\t\n", v.ValueID, v.Questions, answers,
			percent(float64(accepted)/float64(answers)), two(gap.of()), failed)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, src := range s.Terms {
		fmt.Fprintf(w, "%d answers to questions from %s (%s)\n", src.Answers, src.Corpus, src.Licence)
	}
	return nil
}

// two is a number for people, percent a share; – of one that is undefined.
func two(n Number) string {
	if !n.Known() {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(n))
}

func percent(share float64) string {
	if math.IsNaN(share) {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// PageOf is where a run's page stands.
func PageOf(out string) string { return filepath.Join(out, PageFile) }
