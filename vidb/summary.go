package vidb

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/gonum/stat"

	"hives/intensity"
	"hives/internal/columns"
	"hives/internal/judge"
	"hives/ranking"
)

// ScoreSummary is what one judge's scores of one value come to. The interval of the mean comes from the spread between
// responses. It holds both how unlike they are and how unsure each is; a single response's interval says the latter
// alone.
//
//	450 responses, SD 3.1     mean ± 1.96 · 3.1/√450 = ± .29, where one response has ± 3.5
type ScoreSummary struct {
	ValueID   string                   `json:"value_id"`
	Judge     string                   `json:"judge"`
	Responses int                      `json:"responses"`
	Scored    int                      `json:"scored"` // those that have a score
	Status    map[intensity.Status]int `json:"status"`
	Refused   int                      `json:"refused"`
	Mean      *float64                 `json:"mean"` // of the scored
	Lo        *float64                 `json:"lo"`   // of the mean, 95 %, by the spread between responses
	Hi        *float64                 `json:"hi"`
	SD        *float64                 `json:"sd"`
	Width     *float64                 `json:"interval_width"` // mean width of one response's interval
	Asked     int                      `json:"windows_asked"`
	Used      int                      `json:"windows_used"`
	Borrowed  int                      `json:"anchors_borrowed"` // places served from another part of the scale
	First     []int                    `json:"first_by_place"`   // how often the text at each place was ranked first
	PlaceP    *float64                 `json:"place_p"`          // χ² test that all places win alike often
	Length    *float64                 `json:"length_spearman"`  // of score and length
	Beta      float64                  `json:"beta"`
	BetaNote  string                   `json:"beta_note,omitempty"`
	Prior     *PriorTold               `json:"prior,omitempty"`
	Warnings  []string                 `json:"warnings,omitempty"`
}

const (
	lengthTold = .3   // |ρ| of score and length above which it warns
	placeTold  = .001 // P of the places below which it warns
)

// Only what has a number takes part in means. How many have none stands beside them, by status.
func (s *scoring) summarise(voter judge.Voter, rows []ResponseScore, windows []Window) ScoreSummary {
	f := ScoreSummary{ValueID: s.v.ValueID, Judge: voter.Name, Responses: len(rows), Status: map[intensity.Status]int{},
		Borrowed: s.borrowed, Asked: len(windows), First: make([]int, s.o.K)}
	var scores, lengths, widths []float64
	for at, r := range rows {
		f.Status[r.Status]++
		f.Used += r.WindowsUsed
		if r.Refused {
			f.Refused++
		}
		if r.Score != nil {
			scores = append(scores, *r.Score)
			lengths = append(lengths, float64(utf8.RuneCountInString(s.responses[at].Text)))
			widths = append(widths, *r.Hi-*r.Lo)
		}
	}
	f.Scored = len(scores)
	mean, sd := stat.MeanStdDev(scores, nil)
	half := 1.96 * sd / math.Sqrt(float64(len(scores)))
	f.Mean, f.SD, f.Lo, f.Hi = known(mean), known(sd), known(mean-half), known(mean+half)
	f.Width = known(stat.Mean(widths, nil))
	f.Length = known(intensity.Spearman(scores, lengths)) // ranks of the length are those of its logarithm
	for _, w := range windows {
		if w.Answer != nil && len(w.Answer.Ranking) > 0 {
			f.First[slices.Index(w.Shown, w.Answer.Ranking[0])]++
		}
	}
	// Responses and anchors were dealt to places at random, so all places should win alike often.
	if test, err := ranking.TestPlaces(f.First); err == nil {
		f.PlaceP = &test.P
	}
	f.warn()
	return f
}

// warn says what would mislead a reader of the mean.
// Each warning says what it means for the numbers above it, not only that something is off.
func (f *ScoreSummary) warn() {
	say := func(format string, args ...any) { f.Warnings = append(f.Warnings, fmt.Sprintf(format, args...)) }
	if f.Length != nil && math.Abs(*f.Length) > lengthTold {
		say("scores go with length (Spearman %+.2f): anchors of other lengths may give a response away", *f.Length)
	}
	if f.PlaceP != nil && *f.PlaceP < placeTold {
		say("places win unlike often: %v (P %.2g); responses stand at all of them, so means hold, intervals less", f.First,
			*f.PlaceP)
	}
	if f.Borrowed > 0 {
		say("%d anchors stand in for parts of the scale in which the database has no text", f.Borrowed)
	}
	if none := f.Status[intensity.Unranked]; none > 0 {
		say("%d responses have no usable answer and no score", none)
	}
	if f.Asked > 0 && float64(f.Used) < thinBelow*float64(f.Asked) {
		say("thin: %d of %d answers can be used", f.Used, f.Asked)
	}
}

// WriteSummaries prints a table and what to beware of.
// One response's interval stands in the table, so that nobody takes a mean's for it.
func WriteSummaries(out io.Writer, all []ScoreSummary) error {
	w := columns.NewTable(out)
	fmt.Fprintln(w, "value\tjudge\tscored\tmean\t95 % of the mean\tSD\tone text's interval\tβ\tstatus")
	for _, f := range all {
		width := "–"
		if f.Width != nil {
			width = fmt.Sprintf("%.1f units", *f.Width)
		}
		fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\t%s – %s\t%s\t%s\t%.2f\t%s\n", f.ValueID, f.Judge, f.Scored, f.Responses,
			score(f.Mean), score(f.Lo), score(f.Hi), cell(f.SD), width, f.Beta, f.statuses())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, f := range all {
		if f.BetaNote != "" {
			fmt.Fprintf(out, "%s, %s: β: %s\n", f.ValueID, f.Judge, f.BetaNote)
		}
		if p := f.Prior; p != nil {
			fmt.Fprintf(out, "%s: scores hold a prior: %s\n", f.ValueID, p)
		}
		for _, warning := range f.Warnings {
			fmt.Fprintf(out, "warning: %s, %s: %s\n", f.ValueID, f.Judge, warning)
		}
	}
	return nil
}

// statuses lists how many responses have each, the usual ones first.
func (f ScoreSummary) statuses() string {
	var out []string
	for _, s := range []intensity.Status{intensity.OK, intensity.Above, intensity.Below, intensity.Unranked, StatusEmpty} {
		if n := f.Status[s]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, s))
		}
	}
	if f.Refused > 0 {
		out = append(out, fmt.Sprintf("%d refused", f.Refused))
	}
	return strings.Join(out, ", ")
}
