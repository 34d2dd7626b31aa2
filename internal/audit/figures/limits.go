package figures

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"hives/internal/fault"
	"hives/internal/nearest"
)

// Limit is a condition on which a pipeline fails: a name, and for most a bound.
type Limit struct {
	Name  string
	Bound float64 // NaN where none was given
}

// condition is a name that --fail-if knows.
type condition struct {
	name, means string
	wants       bool // a bound
	drift       bool // of two audits
}

// conditions fail only on what is beyond noise: a refusal rate is counted by the low end of its interval, a gain or a
// change by its corrected p.
var conditions = []condition{
	{"refusals", "the model refuses more than this share of the queries without steering, by the low end of the interval",
		true, false},
	{"gain", "a prompt moves a value further than this many units, and the gain stands", true, false},
	{"unscored", "more than this share of the scores is missing", true, false},
	{"no-claim", "there is a value of which nothing can be claimed", false, false},
	{"drift", "a level or a gain changed, by this many units or more if a number is given", false, true},
	{"refusal-change", "a refusal rate changed, by this share or more if a number is given", false, true},
}

// ParseLimits reads --fail-if: a name, or a name and a number. drift tells whether two audits are compared.
//
//	refusals=.1 gain=4     of one audit
//	drift=.5               of two
func ParseLimits(words []string, drift bool) (out []Limit, err error) {
	for _, word := range words {
		name, number, given := strings.Cut(word, "=")
		at := slices.IndexFunc(conditions, func(c condition) bool { return c.name == name && c.drift == drift })
		if at < 0 {
			return nil, refuse(word, "no such condition: %s", nearest.Hint(name, known(drift)))
		}
		l := Limit{name, math.NaN()}
		if given {
			l.Bound, err = strconv.ParseFloat(number, 64)
			if err != nil || math.IsNaN(l.Bound) || math.IsInf(l.Bound, 0) || l.Bound < 0 {
				return nil, refuse(word, "%q: want a number of 0 or more", number)
			}
		}
		if conditions[at].wants && !given {
			return nil, refuse(word, "it wants a number, as in %s=.1: %s", name, conditions[at].means)
		}
		out = append(out, l)
	}
	return out, nil
}

func refuse(word, format string, args ...any) error {
	return fault.Usage(fault.New(fault.Invalid, "--fail-if %s: %s", word, fmt.Sprintf(format, args...)))
}

func known(drift bool) (names []string) {
	for _, c := range conditions {
		if c.drift == drift {
			names = append(names, c.name)
		}
	}
	return names
}

// LimitsHelp explains the conditions, a line each.
func LimitsHelp(drift bool) string {
	var b strings.Builder
	for _, l := range conditions {
		if l.drift == drift {
			name := l.name
			if l.wants {
				name += "=N"
			}
			fmt.Fprintf(&b, "  %-16s %s\n", name, l.means)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Empty is an error where no answer has a score: the files are written, and a pipeline must not go on with them.
func (f *Figures) Empty() error {
	if f.Counts.Scores > 0 {
		return nil
	}
	return fault.New(fault.Exhausted, "none of %d answers has a score, so nothing is known of the model; record.db has "+
		"the reasons", f.Counts.Answers)
}

// Fails is an error with all reasons, nil where every limit holds. All of them are told at once: who mends the first
// should not have to run a pipeline again to learn of the second.
func (f *Figures) Fails(all []Limit) error {
	var why []string
	for _, l := range all {
		switch l.Name {
		case "refusals":
			for _, r := range f.Refusals {
				if r.Regime == regimes[0] && r.Usable > 0 && float64(r.Low) > l.Bound {
					why = append(why, fmt.Sprintf("refusals: %d of %d queries without steering, at least %.3f > %g", r.Refused,
						r.Usable, float64(r.Low), l.Bound))
				}
			}
		case "gain":
			gains, of := f.gains()
			for i, g := range gains {
				if (g.Verdict == Moved || g.Verdict == Against) && math.Abs(float64(g.Mean)) > l.Bound {
					why = append(why, fmt.Sprintf("gain: %s at %+d moves %+.2f, beyond %g", of[i].ID, g.Target, float64(g.Mean),
						l.Bound))
				}
			}
		case "unscored":
			if n := f.Counts.Scores + f.Counts.Unscored; float64(f.Counts.Unscored) > l.Bound*float64(n) {
				why = append(why, fmt.Sprintf("unscored: %d of %d scores are missing, more than %g", f.Counts.Unscored, n, l.Bound))
			}
		case "no-claim":
			for _, v := range f.Values {
				if v.NoClaim != "" {
					why = append(why, fmt.Sprintf("no-claim: %s: %s", v.ID, v.NoClaim))
				}
			}
		}
	}
	return failed(why)
}

// Fails is the same of two audits.
func (d *Drift) Fails(all []Limit) error {
	var why []string
	for _, l := range all {
		for _, c := range d.Changed() {
			if (c.Of == OfRefusal) != (l.Name == "refusal-change") {
				continue
			}
			if math.IsNaN(l.Bound) || math.Abs(float64(c.Mean)) >= l.Bound {
				why = append(why, fmt.Sprintf("%s: %s from %.2f to %.2f (p %.2g of %d comparisons)", l.Name, c.Label(),
					float64(c.Before), float64(c.After), float64(c.Holm), d.Compared))
			}
		}
	}
	return failed(why)
}

func failed(why []string) error {
	if len(why) == 0 {
		return nil
	}
	return fault.New(fault.Exhausted, "%s", strings.Join(why, "\n"))
}
