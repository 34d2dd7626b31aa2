package vidb

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"hives/internal/columns"
)

// Listed is a text as the tables show it.
type Listed struct {
	TextID string   `json:"text_id"`
	Final  *float64 `json:"final"`
	Lo     *float64 `json:"lo"` // of the score's interval of 95 %, by its standard error
	Hi     *float64 `json:"hi"`
	People *float64 `json:"people"` // mean grade
	Status Status   `json:"status"`
	Text   string   `json:"text"`
}

// Figures are a value's for people and for JSON.
type Figures struct {
	ValueID     string          `json:"value_id"`
	Texts       int             `json:"texts"`
	Status      map[Status]int  `json:"status"`
	Neutral     *float64        `json:"neutral"` // score of the neutral point
	Licence     string          `json:"licence"`
	Prior       string          `json:"prior"`
	Solver      string          `json:"solver"`
	Calibration string          `json:"calibration"`
	Pool        *Drawn          `json:"pool,omitempty"`
	Fit         *Account        `json:"fit,omitempty"`
	Check       *Triage         `json:"check,omitempty"`
	Judges      []JudgeLine     `json:"judges"`
	Steadiest   string          `json:"steadiest_judge,omitempty"`
	People      []AgainstPeople `json:"people"`
	Highest     []Listed        `json:"highest"`
	Lowest      []Listed        `json:"lowest"`
	Doubtful    []Listed        `json:"doubtful"` // largest standard error, and those that voters doubt
}

// JudgeLine is a judge's figures with null where nothing tells.
type JudgeLine struct {
	Judge       string    `json:"judge"`
	Answers     int       `json:"answers"`
	Unusable    int       `json:"unusable"`
	Ties        int       `json:"ties"`
	FirstShare  *float64  `json:"first_share"`
	Lo          *float64  `json:"lo"`
	Hi          *float64  `json:"hi"`
	Consistency *float64  `json:"consistency"`
	Beta        *float64  `json:"beta"`
	Bias        []float64 `json:"bias"`
	Agreement   *float64  `json:"agreement"`
	P           *float64  `json:"p"` // of even places: binomial of pairs, else χ²
	FirstBoth   *float64  `json:"first_both"`
	SecondBoth  *float64  `json:"second_both"`
	Warning     string    `json:"warning,omitempty"`
}

// Summarise needs the windows (File.Full) for the judges' agreement with people; without them that part is empty. Of
// equal numbers the text of the lower id comes first.
func (v *Value) Summarise(top int) Figures {
	f := Figures{
		ValueID: v.ValueID, Texts: len(v.Texts), Status: map[Status]int{}, Licence: v.Licence, Prior: v.Prior,
		Solver: v.Solver, Calibration: string(v.Calibration), Pool: v.Report.Pool, Fit: v.Report.Fit, Check: v.Report.Check,
		Judges: []JudgeLine{}, People: v.AgainstPeople(),
	}
	var scored []int
	for i, s := range v.Scores {
		f.Status[s.Status]++
		if !math.IsNaN(s.Final) {
			scored = append(scored, i)
		}
	}
	f.Neutral = known(10 * (v.Neutral - v.Mean) / v.MaxAbs)
	for _, j := range v.Jurors {
		line := j.line(v.K)
		v.lean(j.Judge).tests(&line)
		f.Judges = append(f.Judges, line)
	}
	f.Steadiest = steadiest(f.Judges)
	// Stable, so that equal scores stand in the order of their ids: the same file prints the same tables.
	list := func(by func(i int) float64) []Listed {
		order := slices.Clone(scored)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(by(b), by(a)) })
		out := []Listed{}
		for _, i := range order[:min(top, len(order))] {
			out = append(out, v.listed(i))
		}
		return out
	}
	f.Highest = list(func(i int) float64 { return v.Scores[i].Final })
	f.Lowest = list(func(i int) float64 { return -v.Scores[i].Final })
	f.Doubtful = list(func(i int) float64 { return float64(v.Scores[i].Zeros)*hugest + v.Scores[i].SE })
	return f
}

// listed is one text. The interval is that of the score: a blended final may lie outside.
//
//	score 3.0, SE .4 logits, MaxAbs 4     half 1.96 · .4 · 10/4 = 1.96: 1.04 to 4.96
func (v *Value) listed(i int) Listed {
	s, t := v.Scores[i], v.Texts[i]
	// Logits into units. Not cut at ±10: the end of the scale is no bound of doubt.
	half := 1.96 * s.SE * 10 / v.MaxAbs
	return Listed{TextID: t.ID, Final: known(s.Final), Lo: known(s.Score - half), Hi: known(s.Score + half),
		People: known(t.People.Mean()), Status: s.Status, Text: t.Text}
}

// line warns of a judge that leans to the first place.
func (j JudgeFigures) line(k int) JudgeLine {
	l := JudgeLine{Judge: j.Judge, Answers: j.Answers, Unusable: j.Unusable, Ties: j.Ties, FirstShare: known(j.FirstShare),
		Lo: known(j.Lo), Hi: known(j.Hi), Consistency: known(j.Consistency), Beta: known(j.Beta), Bias: j.Bias,
		Agreement: known(j.Agreement)}
	if k == 2 && (j.Lo < .5-placeSlack || j.Hi > .5+placeSlack) {
		l.Warning = fmt.Sprintf("chooses the first text in %.0f %% of pairs", 100*j.FirstShare)
	}
	return l
}

// placeSlack is how far from ½ the interval of a judge's first choices may reach without a warning: with 200 answers it
// reaches .07 to both sides whatever the judge does, so few answers warn too.
const placeSlack = .05

// known is nil for what nothing tells, so that JSON has null.
func known(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// Write prints the figures for a terminal.
func (f Figures) Write(out io.Writer) error {
	fmt.Fprintf(out, "%s: %d texts", f.ValueID, f.Texts)
	for _, s := range []Status{Accepted, Waiting, Blended, Unseen} {
		if n := f.Status[s]; n > 0 {
			fmt.Fprintf(out, ", %d %s", n, s)
		}
	}
	fmt.Fprintln(out)
	if f.Fit != nil {
		f.Fit.write(out)
	}
	if f.Neutral != nil {
		fmt.Fprintf(out, "neutral stands at %+.2f\n", *f.Neutral)
	}
	if f.Check != nil {
		fmt.Fprintf(out, "checked: %d texts, %d doubted, %d with too few answers, %d decided by people\n", f.Check.Asked,
			f.Check.Doubted, f.Check.Thin, f.Check.Decided)
	}
	if err := f.writeJudges(out); err != nil {
		return err
	}
	for _, list := range []struct {
		title string
		texts []Listed
	}{{"highest", f.Highest}, {"lowest", f.Lowest}, {"most doubtful", f.Doubtful}} {
		if err := writeList(out, list.title, list.texts); err != nil {
			return err
		}
	}
	return nil
}

// write prints what the orders could tell.
func (a Account) write(out io.Writer) {
	fmt.Fprintf(out, "%d windows: %d orders, %d ties, %d unusable; mean standard error %.2f units\n", a.Windows,
		a.Usable, a.Ties,
		a.Unusable, a.MeanSE)
	fmt.Fprintf(out, "graph: %d part(s), %d strong; %d texts undefeated, %d winless, %d unseen\n", a.Weak, a.Strong,
		a.Undefeated,
		a.Winless, a.Unseen)
	if a.Pairs > 0 {
		fmt.Fprintf(out, "people's order: %.1f %% of %d pairs that people graded unlike\n", 100*a.Accuracy, a.Pairs)
	}
	if a.JudgeSD > 0 {
		fmt.Fprintf(out, "judges alone differ by %.2f units a text (SD)\n", a.JudgeSD)
	}
	if a.Thin {
		fmt.Fprintf(out, "thin: fewer than %.0f %% of the windows have an answer\n", 100*thinBelow)
	}
	if a.Judges != "" {
		fmt.Fprintf(out, "judges: %s\n", a.Judges)
	}
	if a.Neutral != "" {
		fmt.Fprintf(out, "neutral point: %s\n", a.Neutral)
	}
}

// writeJudges prints a line a judge. "agrees" is with other judges, "people" the share of pairs in people's order,
// "permuted" what that is with people's grades dealt out anew.
func (f Figures) writeJudges(out io.Writer) error {
	w := columns.NewTable(out)
	fmt.Fprintln(w, "\njudge\tanswers\tunusable\tties\tfirst\t95 %\tsame text in both orders\tagrees\tβ\tpeople\tpermuted")
	for at, j := range f.Judges {
		people := "–\t–"
		if at < len(f.People) && f.People[at].Pairs > 0 {
			p := f.People[at]
			people = fmt.Sprintf("%.3f of %d\t%s–%s", p.Agreed, p.Pairs, cell(p.PermutedLo), cell(p.PermutedHi))
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s–%s\t%s\t%s\t%s\t%s\n", j.Judge, j.Answers, j.Unusable, j.Ties,
			cell(j.FirstShare), cell(j.Lo), cell(j.Hi), cell(j.Consistency), cell(j.Agreement), cell(j.Beta), people)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if f.Steadiest != "" && len(f.Judges) > 1 {
		fmt.Fprintf(out, "steadiest judge: %s\n", f.Steadiest)
	}
	for _, j := range f.Judges {
		if j.Warning != "" {
			fmt.Fprintf(out, "warning: %s %s\n", j.Judge, j.Warning)
		}
	}
	return nil
}

// writeList prints texts as one line each; a text that is not plainly accepted says so before it.
func writeList(out io.Writer, title string, texts []Listed) error {
	w := columns.NewTable(out)
	fmt.Fprintf(w, "\n%s\t95 %%\tpeople\ttext\n", title)
	for _, l := range texts {
		status := ""
		if l.Status != Accepted {
			status = string(l.Status) + ": "
		}
		fmt.Fprintf(w, "%s\t%s – %s\t%s\t%s\n", score(l.Final), score(l.Lo), score(l.Hi), cell(l.People),
			status+columns.Cut(strings.Join(strings.Fields(l.Text), " "), shownText))
	}
	return w.Flush()
}

// shownText is how much of a text a table has room for.
const shownText = 90

// score has a sign and two decimals; a dash where there is none.
func score(x *float64) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprintf("%+.2f", *x)
}

// cell has three decimals; a dash where there is none.
func cell(x *float64) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprintf("%.3f", *x)
}
