package vidb

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/ranking"
)

// Ways to pair texts, to order a window, and to share windows among judges.
const (
	PairUniform  = "uniform"  // m windows for each text, opponents at random: the paper's
	PairMatching = "matching" // rounds in which every text stands once
	PairActive   = "active"   // rounds of the pairs that teach most; k = 2

	OrderBalanced = "balanced" // a text stands at each place alike often
	OrderRandom   = "random"   // the paper's words

	Rotate    = "rotate" // a window goes to one judge
	AllJudges = "all"    // every judge gets every window: J times the calls
)

// DesignOptions say which windows are shown to whom.
type DesignOptions struct {
	K, M     int
	Pairing  string
	Order    string
	Rotation string
	Overlap  float64
	Seed     uint64
}

// DefaultDesign is the paper's, balanced.
func DefaultDesign() DesignOptions {
	return DesignOptions{K: 2, M: 30, Pairing: PairUniform, Order: OrderBalanced, Rotation: Rotate, Overlap: .05}
}

// validate refuses a choice that there is not.
func (o DesignOptions) validate() error {
	for _, c := range []struct {
		flag, value string
		choices     []string
	}{
		{"--pairing", o.Pairing, []string{PairUniform, PairMatching, PairActive}},
		{"--order", o.Order, []string{OrderBalanced, OrderRandom}},
		{"--judges", o.Rotation, []string{Rotate, AllJudges}},
	} {
		if !slices.Contains(c.choices, c.value) {
			return invalid("%s %q: want one of %v", c.flag, c.value, c.choices)
		}
	}
	switch {
	case o.Pairing == PairActive && o.K != 2:
		return invalid("--pairing active with windows of %d: pairs alone have a gain", o.K)
	case !(o.Overlap >= 0 && o.Overlap <= 1): // people's grades have no overlap, and a wrong one is refused all the same
		return invalid("--overlap %v: want a share from 0 to 1", o.Overlap)
	}
	return nil
}

// invalid is a mistake of the command line: exit code 2.
func invalid(format string, args ...any) error {
	return fault.Usage(fault.New(fault.Invalid, "vidb: "+format, args...))
}

// purpose names a draw of one value.
func (v *Value) purpose(what string) string { return "vidb " + what + " " + v.ValueID }

// fixed is the windows of a value in the order shown, without judges that answer. m calls a text whatever the
// pairing: a matching of all texts is N/k windows, so m calls are m·k rounds.
//
//	10 texts, k 2, m 3     uniform: 30 windows, each text focal in 3, and in 6 on average
//	                       matching: 6 rounds of 5 windows, each text in 6 exactly
func (v *Value) fixed(o DesignOptions, judges int) ([]ranking.Shown, error) {
	d := v.design(o, judges)
	if err := d.Validate(); err != nil {
		return nil, fault.Usage(err)
	}
	var shown []ranking.Shown
	var err error
	switch o.Pairing {
	case PairUniform:
		shown, err = d.Uniform() // deals the overlap, too
	default: // the first rounds of active pairing are a matching too
		shown, err = d.Matching(o.rounds())
		v.overlap(shown, o)
	}
	if o.Order == OrderRandom {
		v.shuffle(shown, o.Seed)
	}
	return shown, err
}

// design is what ranking draws from. Where all judges get every window, nobody takes turns.
func (v *Value) design(o DesignOptions, judges int) ranking.Design {
	d := ranking.Design{
		Purpose: v.purpose("windows"), Seed: o.Seed, IDs: ids(v.Texts), K: o.K, M: o.M, Judges: judges, Overlap: o.Overlap,
	}
	if o.Rotation == AllJudges {
		d.Judges = 1
	}
	return d
}

// ids are the texts' names.
func ids(texts []Text) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = t.ID
	}
	return out
}

// rounds of a matching: all of them, or those before utilities tell which pairs teach something.
func (o DesignOptions) rounds() int {
	if o.Pairing == PairActive {
		return min(o.M, activeStart) * o.K
	}
	return o.M * o.K
}

// activeStart is how many calls a text get before pairs are chosen by what they teach.
const activeStart = 2

// overlap deals windows of a matching to all judges, as Design.Uniform does with its own.
//
// A window's draw is its own, by focal text and round: another share of overlap leaves those that were in it in it.
func (v *Value) overlap(shown []ranking.Shown, o DesignOptions) {
	for at := range shown {
		w := &shown[at]
		if v.stream("overlap", o.Seed, w).Float64() < o.Overlap {
			w.Judge = ranking.AllJudges
		}
	}
}

// shuffle puts every window into an order of its own: the paper's words. Balanced order is the same on the whole with
// less variance, since a text cannot stand first in twenty of thirty windows by chance.
func (v *Value) shuffle(shown []ranking.Shown, seed uint64) {
	for at := range shown {
		w := &shown[at]
		w.Items = slices.Clone(w.Items)
		v.stream("order", seed, w).Shuffle(len(w.Items), func(i, j int) { w.Items[i], w.Items[j] = w.Items[j], w.Items[i] })
	}
}

// stream is the random numbers of one window for one purpose.
func (v *Value) stream(what string, seed uint64, w *ranking.Shown) *rand.Rand {
	return ranking.Stream(v.purpose(what), seed, v.Texts[w.Focal].ID, fmt.Sprint(w.Repeat))
}

// A design speaks of windows; the file has a row for each answer that is wanted.
//
//	3 judges, pair 4 7     rotate          b 4 7
//	                       all             a 4 7, b 4 7, c 4 7
//	                       the overlap     a 4 7, a 7 4, b 4 7, b 7 4, c 4 7, c 7 4

// spread makes a row for each judge and order of a window: one of a plain window, and of the overlap one a judge in the
// order shown and one in the reverse.
func (v *Value) spread(shown []ranking.Shown, o DesignOptions, jurors []Juror) []Window {
	var out []Window
	add := func(w ranking.Shown, judge int, items []int, overlap bool) {
		out = append(out, v.window(w, jurors[judge].Name, items, overlap))
	}
	for _, w := range shown {
		switch {
		case w.Judge == ranking.AllJudges:
			back := slices.Clone(w.Items)
			slices.Reverse(back)
			for j := range jurors {
				add(w, j, w.Items, true)
				add(w, j, back, true)
			}
		case o.Rotation == AllJudges:
			for j := range jurors {
				add(w, j, w.Items, false)
			}
		default:
			add(w, w.Judge, w.Items, false)
		}
	}
	return out
}

// window names what it holds: the id is a hash of the value, the judge and the texts in their order, and of which draw
// it was, since a pair may be drawn twice.
func (v *Value) window(w ranking.Shown, judgeName string, items []int, overlap bool) Window {
	id := judge.Hash(asJSON([]any{v.ValueID, v.PoolHash, v.Texts[w.Focal].ID, w.Repeat, judgeName, v.ids(items)}))
	return Window{ID: id[:16], Focal: w.Focal, Rep: w.Repeat, Judge: judgeName, Shown: items, Overlap: overlap}
}
