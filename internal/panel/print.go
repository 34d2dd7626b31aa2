package panel

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"hives/internal/columns"
)

// print writes what the run came to: first what became of the texts and where it lies, then what it cost, then
// whether the panel deserves trust, which is κ, each voter's share with the most, and known labels beside the
// commonest one.
func (s *Summary) print(out io.Writer, j Job) error {
	w := columns.NewTable(out)
	fmt.Fprintf(w, "texts\t%d\n", s.Texts)
	fmt.Fprintf(w, "labelled\t%d\t→ %s\n", s.Labelled, j.Out)
	fmt.Fprintf(w, "decided in review\t%d\t→ %s\n", s.Reviewed, j.Out)
	fmt.Fprintf(w, "no value of %s\t%d\n", s.TheoryName, s.NoValue)
	fmt.Fprintf(w, "open\t%d\t→ the queue in %s\n", s.Open, j.DB)
	for _, r := range s.Reasons {
		fmt.Fprintf(w, "  %s\t%d\n", r.Name, r.Count)
	}
	fmt.Fprintf(w, "tokens\t%d\n", s.Tokens)
	fmt.Fprintf(w, "%s\t%.4f\n", cmp.Or(s.Currency, "money"), float64(s.Micro)/1e6)
	for _, r := range s.Rounds {
		fmt.Fprintf(w, "κ, %s\t%s\t%d texts\n", r.Name, number(r.Kappa), r.Texts)
	}
	s.printVoters(w)
	s.printTruth(w)
	s.printWays(w)
	if j.Report != "" {
		fmt.Fprintf(w, "report\t%s\n", j.Report)
	}
	return w.Flush()
}

// printVoters counts answers, not questions: those that were asked again are in it, and in the cost.
func (s *Summary) printVoters(w io.Writer) {
	fmt.Fprintf(w, "voter\tanswers\tunusable\twith the most\tmean latency\n")
	for _, v := range s.Voters {
		with, latency := ratio(v.WithMost, v.Rounds), v.Latency.Round(time.Millisecond)
		fmt.Fprintf(w, "  %s\t%d\t%d\t%s\t%v\n", v.Name, v.Answers, v.Unusable, with, latency)
	}
}

// printTruth shows beside each share what a constant and a guess would get: a panel below them has learned the
// labels' frequencies at best. Voters are judged by their first answer at level 1 alone, before any of them could
// have been asked with neutral.
func (s *Summary) printTruth(w io.Writer) {
	t := s.Truth
	if t == nil {
		return
	}
	fmt.Fprintf(w, "known labels\t%d texts\t%d without a value, %d open\n", t.Texts, t.NoValue, t.Open)
	for _, l := range t.Levels {
		fmt.Fprintf(w, "  right at level %d\t%s\tthe commonest label alone %.2f, by chance %.2f\n",
			l.Level, ratio(l.Right, l.Judged), l.Constant, l.Chance)
	}
	fmt.Fprintf(w, "  direction right\t%s\n", ratio(t.Direction.Right, t.Direction.Judged))
	for _, v := range s.Voters {
		fmt.Fprintf(w, "  %s, first answer at level 1\t%s\n", v.Name, ratio(v.TruthRight, v.TruthAnswers))
	}
}

// ratio writes a share with its counts, or says that there is none. It never shows a share without what it is a share
// of: 1.00 of two answers is no figure.
func ratio(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f (%d/%d)", float64(part)/float64(whole), part, whole)
}

// number writes a figure that may not exist: κ of one text, or of voters that always say the same.
func number(x *float64) string {
	if x == nil {
		return "undefined"
	}
	return fmt.Sprintf("%.3f", *x)
}
