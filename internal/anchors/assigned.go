package anchors

import (
	"fmt"
	"io"
	"slices"

	"hives/data"
	"hives/internal/columns"
)

// write copies the rows with their anchors and accounts for them. A row that is without now loses an anchor it had:
// its column would otherwise name two banks. Every other column passes through as it is.
func (a *assigner) write(in, out string, extra []string) (*Assigned, error) {
	sum := &Assigned{
		Bank: a.bank.Anchors[0].Bank, Texts: len(a.of), Anchors: len(a.bank.Anchors), Used: len(a.perAnchor),
		Limits: a.asked, Distance: quantiles(a.distances), Lead: quantiles(a.leads),
	}
	// The second time the rows stream by: each gets the answer of its text.
	rows, with := map[string]int{}, map[string]int{}
	err := data.WriteStream(out, extra, func(put func(*data.Row) error) error {
		_, err := data.Scan(in, data.ReadOptions{Theories: a.bank.Theories}, func(r *data.Row) error {
			before := r.TheoryAnchor
			r.TheoryAnchor = a.of[r.TextID]
			rows[r.Theory]++
			if r.TheoryAnchor != data.NoAnchor {
				with[r.Theory]++
			}
			if before != data.NoAnchor && before != r.TheoryAnchor {
				sum.Overwritten++
			}
			return put(r)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	// In the theories' order, and only those that occur.
	for _, theory := range a.bank.Theories.Names() {
		if rows[theory] > 0 {
			sum.ByTheory = append(sum.ByTheory, Share{theory, rows[theory], with[theory]})
			sum.Rows += rows[theory]
			sum.RowsWith += with[theory]
		}
	}
	var counts []float64
	for _, n := range a.perAnchor {
		sum.TextsWith += n
		counts = append(counts, float64(n))
	}
	sum.PerAnchor = quantiles(counts)
	return sum, nil
}

// quantileShares are those that every list of quantiles gives. Least and greatest are left out: one odd text decides
// them.
var quantileShares = []float64{.05, .25, .5, .75, .95}

// quantiles returns the values at quantileShares, each a value that occurs; none of none. Of 1 to 10 they are 1, 3,
// 6, 8, 10. No value is interpolated: of leads in spreads a number in between would be nobody's.
func quantiles(x []float64) []float64 {
	if len(x) == 0 {
		return []float64{}
	}
	sorted := slices.Sorted(slices.Values(x))
	out := make([]float64, len(quantileShares))
	for q, share := range quantileShares {
		out[q] = sorted[int(share*float64(len(sorted)-1)+.5)]
	}
	return out
}

// WriteTable prints the account:
//
//	rows with an anchor          18833 of 25661   73.4 %
//	anchors in use               …
//	rows of mft                  …
//	distance in spreads, 5 to 95 %   …
func (s *Assigned) WriteTable(w io.Writer) error {
	t := columns.NewTable(w)
	// Two kinds of lines: a share, and five quantiles.
	//
	// Of 0 rows the share is 0 and no division by it.
	line := func(name string, with, of int) {
		fmt.Fprintf(t, "%s\t%d of %d\t%.1f %%\n", name, with, of, 100*float64(with)/float64(max(of, 1)))
	}
	line("rows with an anchor", s.RowsWith, s.Rows)
	line("texts with an anchor", s.TextsWith, s.Texts)
	line("anchors in use", s.Used, s.Anchors)
	for _, x := range s.ByTheory {
		line("rows of "+x.Name, x.With, x.Rows)
	}
	spread := func(name string, q []float64, format string) {
		fmt.Fprintf(t, "%s, 5 to 95 %%\t", name)
		for _, x := range q {
			fmt.Fprintf(t, format+" ", x)
		}
		fmt.Fprintln(t)
	}
	spread("distance in spreads", s.Distance, "%.3f")
	spread("lead in spreads", s.Lead, "%.3f")
	spread("texts an anchor", s.PerAnchor, "%.0f")
	if s.Overwritten > 0 {
		fmt.Fprintf(t, "rows that had another anchor\t%d\n", s.Overwritten)
	}
	return t.Flush()
}
