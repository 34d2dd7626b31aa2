package vidb

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/ranking"
)

// PoolOptions say which texts a value is measured on.
type PoolOptions struct {
	Rows     []string // files
	Theories theories.Set
	Value    string // value_id
	Size     int    // texts wanted; fewer are used whole
	MaxChars int    // longer texts are left out: a judge reads several at once
	Exact    bool   // texts are one if their bytes are; else if their text_id is
	Seed     uint64
}

// The defaults of a pool.
const (
	DefaultPool     = 10000
	DefaultMaxChars = 1200
	minChars        = 3
	oneSided        = .05 // a direction with a smaller share of the pool is warned of
)

// Drawn counts how a pool came about.
type Drawn struct {
	Rows       int    `json:"rows"`
	Texts      int    `json:"texts"` // distinct, of a length that is read
	Short      int    `json:"short"`
	Long       int    `json:"long"`
	Targets    int    `json:"targets"`     // texts with a row of the value
	Pool       int    `json:"pool"`        // texts chosen
	PoolTarget int    `json:"pool_target"` // of them targets
	Sides      [3]int `json:"sides"`       // of the pool: opposing, neither, supporting
	TargetSide [3]int `json:"target_sides"`
	People     int    `json:"people"` // texts of the pool on which people said something
	Warning    string `json:"warning,omitempty"`
}

// candidate is a distinct text on its way into the pool.
type candidate struct {
	Text
	own, others [3]int // rows by direction: of the value, and of other values
	graded      grader
}

// Draw reads rows and chooses a value's pool: the texts that a row of the value names, and where they are fewer than
// wanted, others, so that supporting and opposing texts are as equal as what is at hand allows.
//
//	wanted 10, targets +4 −1, others +9 −9     all 5 targets, 1 supporting and 4 opposing others: +5 −5
//	wanted 10, targets +20 −3                  3 opposing, 7 supporting targets, no others
//
// Draws depend on the seed, the value and the texts, not on the order of files and rows. Of a text that is spelled in
// several ways the first stands.
func Draw(o PoolOptions) (*Value, error) {
	d, err := define(o.Value, o.Theories)
	if err != nil {
		return nil, err
	}
	if o.Size < 2 || o.MaxChars < minChars {
		return nil, invalid("a pool of %d texts of at most %d characters: want 2 texts or more and %d characters or more",
			o.Size, o.MaxChars, minChars)
	}
	counts := &Drawn{}
	all, err := o.gather(d, counts)
	if err != nil {
		return nil, err
	}
	id := theories.ValueID(d.theory, d.path)
	chosen := choose(all, o.Size, func(side string) func(int, func(int, int)) {
		return ranking.Stream("vidb pool "+side, o.Seed, id).Shuffle
	})
	if len(chosen) < 2 {
		return nil, fault.New(fault.Invalid, "vidb: %s has a pool of %d texts (%d rows, %d texts of %d to %d characters): "+
			"two are needed to rank", id, len(chosen), counts.Rows, counts.Texts, minChars, o.MaxChars)
	}
	v := &Value{known: o.Theories, About: About{
		ValueID: id, DefinitionHash: d.hash, Seed: o.Seed, Mean: math.NaN(), MaxAbs: math.NaN(), Neutral: math.NaN(),
		Settings: Settings{Pool: o.Size, MaxChars: o.MaxChars, Dedupe: o.dedupe()},
	}}
	for _, c := range chosen {
		v.Texts = append(v.Texts, c.Text)
		v.Scores = append(v.Scores, unscored())
	}
	v.PoolHash, v.Licence = poolHash(v.Texts), licence(v.Texts)
	counts.count(v)
	v.Report.Pool = counts
	return v, nil
}

// unscored is what every text is before a fit.
func unscored() Score {
	nan := math.NaN()
	return Score{Theta: nan, SE: nan, Score: nan, HumanMean: nan, Final: nan, Status: Unseen}
}

// dedupe is the choice's name in the file.
func (o PoolOptions) dedupe() string {
	if o.Exact {
		return "exact"
	}
	return "text_id"
}

// gather makes one candidate of all rows of a text, by id. Candidates are sorted by id before anything is drawn: the
// order of files and rows is gone then, but for the spelling.
//
// Memory holds every distinct text once. A text that is too long still gathers its rows: it is known, and left out.
func (o PoolOptions) gather(d definition, counts *Drawn) ([]*candidate, error) {
	known := map[string]*candidate{}
	var all []*candidate
	for _, path := range o.Rows {
		_, err := data.Scan(path, data.ReadOptions{Theories: o.Theories}, func(r *data.Row) error {
			counts.Rows++
			id := r.TextID
			if o.Exact {
				id = judge.Hash(r.Text)[:32]
			}
			c := known[id]
			if c == nil {
				c = &candidate{Text: Text{ID: id, Text: r.Text, Group: r.Group, Corpus: r.Corpus, Licence: r.Licence}}
				known[id] = c
				if counts.fits(r.Text, o.MaxChars) {
					all = append(all, c)
				}
			}
			if err := c.take(r, d, o.Theories); err != nil {
				return fmt.Errorf("%s: text %s: %w", path, id, err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	counts.Texts = len(all)
	for _, c := range all {
		if c.Target {
			counts.Targets++
		}
	}
	slices.SortFunc(all, func(a, b *candidate) int { return strings.Compare(a.ID, b.ID) })
	for _, c := range all {
		c.settle()
	}
	return all, nil
}

// fits counts a text that is too short or too long.
func (d *Drawn) fits(text string, most int) bool {
	switch n := utf8.RuneCountInString(text); {
	case n < minChars:
		d.Short++
	case n > most:
		d.Long++
	default:
		return true
	}
	return false
}

// take reads one row. A text of several corpora keeps the first one's group and corpus, and both licences.
func (c *candidate) take(r *data.Row, d definition, known theories.Set) error {
	ofValue := r.Theory == d.theory && Passes(r, d.path, known)
	if ofValue {
		c.Target = true
		c.own[r.Direction+1]++
	} else {
		c.others[r.Direction+1]++
	}
	if !slices.Contains(strings.Split(c.Licence, licenceGap), r.Licence) {
		c.Licence += licenceGap + r.Licence
	}
	if r.Theory != d.theory {
		return nil
	}
	return c.graded.take(r, ofValue)
}

// Passes tells whether a row's path goes through a value. A value with two parents is reached by either.
func Passes(r *data.Row, value theories.Path, known theories.Set) bool {
	path := theories.Path(r.Levels())
	for _, p := range append(known.AltPaths(r.Theory, path), path) {
		if n := value.Len(); slices.Equal(p[:n], value[:n]) {
			return true
		}
		for _, twin := range known.AltPaths(r.Theory, value) {
			if n := twin.Len(); slices.Equal(p[:n], twin[:n]) {
				return true
			}
		}
	}
	return false
}

// settle decides what the rows said together: the direction that most of them have, 0 where two are as many.
//
//	+1 +1 −1     +1
//	+1 −1        0: people contradict each other
//	+1 0         0: one of them saw no side
//
//	rows +1 +1 −1     1
//	rows +1 −1        0
//	rows +1 0 0       0
func (c *candidate) settle() {
	rows := c.others
	if c.Target {
		rows = c.own
	}
	switch {
	case rows[2] > rows[0] && rows[2] > rows[1]:
		c.Direction = 1
	case rows[0] > rows[2] && rows[0] > rows[1]:
		c.Direction = -1
	}
	c.People = c.graded.people()
}

// choose takes at most size candidates, which come and go by id.
//
// Shuffled side by side from streams of their own, so that a further opposing text moves no supporting one.
func choose(all []*candidate, size int, shuffle func(side string) func(n int, swap func(i, j int))) []*candidate {
	var targets, rest [3][]*candidate
	for _, c := range all {
		if c.Target {
			targets[c.Direction+1] = append(targets[c.Direction+1], c)
		} else {
			rest[c.Direction+1] = append(rest[c.Direction+1], c)
		}
	}
	mix := func(name string, list []*candidate) {
		shuffle(name)(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	for side, name := range [3]string{"opposing", "neither", "supporting"} {
		mix("targets "+name, targets[side])
		mix("others "+name, rest[side])
	}
	chosen := balanced(targets, [3]int{}, size)
	var have [3]int
	for _, c := range chosen {
		have[c.Direction+1]++
	}
	// What the targets lack of a side, the others are to make up for.
	chosen = append(chosen, balanced(rest, have, size-len(chosen))...)
	slices.SortFunc(chosen, func(a, b *candidate) int { return strings.Compare(a.ID, b.ID) })
	return chosen
}

// balanced takes up to n candidates so that with those that are there already both directions come out as equal as they
// can; direction 0 only when both are used up.
//
//	there +4 −1, wanted 5 of +9 −9     p = (5 + 1 − 4 + 1)/2 = 1: 1 supporting, 4 opposing
func balanced(from [3][]*candidate, have [3]int, n int) []*candidate {
	opposing, supporting := len(from[0]), len(from[2])
	sided := min(n, opposing+supporting)
	p := (sided + have[0] - have[2] + 1) / 2 // p + have[2] = (sided − p) + have[0]; an odd one supports
	p = min(max(p, sided-opposing, 0), supporting, sided)
	out := slices.Concat(from[2][:p], from[0][:sided-p])
	return append(out, from[1][:min(n-sided, len(from[1]))]...)
}

// count fills in what the pool looks like.
func (d *Drawn) count(v *Value) {
	d.Pool = len(v.Texts)
	for _, t := range v.Texts {
		d.Sides[t.Direction+1]++
		if t.Target {
			d.PoolTarget++
			d.TargetSide[t.Direction+1]++
		}
		if t.People.Measure != "" {
			d.People++
		}
	}
	if few := min(d.Sides[0], d.Sides[2]); float64(few) < oneSided*float64(d.Pool) {
		d.Warning = fmt.Sprintf("%d texts support and %d oppose, of %d: "+
			"score 0 is the middle of a one-sided pool, not neutral", d.Sides[2], d.Sides[0], d.Pool)
	}
}

// Write prints the counts.
func (d *Drawn) Write(out io.Writer, value string) {
	fmt.Fprintf(out, "%s: %d texts of %d rows (%d too short, %d too long), %d in the pool\n", value, d.Texts, d.Rows,
		d.Short,
		d.Long, d.Pool)
	fmt.Fprintf(out, "  with a row of the value  %6d of %d   supporting %d, opposing %d, neither %d\n", d.PoolTarget,
		d.Targets,
		d.TargetSide[2], d.TargetSide[0], d.TargetSide[1])
	fmt.Fprintf(out, "  others                   %6d   supporting %d, opposing %d, neither %d\n", d.Pool-d.PoolTarget,
		d.Sides[2]-d.TargetSide[2], d.Sides[0]-d.TargetSide[0], d.Sides[1]-d.TargetSide[1])
	fmt.Fprintf(out, "  graded by people         %6d\n", d.People)
	if d.Warning != "" {
		fmt.Fprintf(out, "  warning: %s\n", d.Warning)
	}
}

const licenceGap = "; "

// nonCommercial corpora forbid commercial use of what is made of them.
var nonCommercial = []string{"valuenet", "valueprism", "valueflow"}

// licence joins the terms of all texts; a single text that may not be used commercially marks the whole.
//
//	CC BY 4.0; CC BY-SA 4.0
//	non-commercial; CC BY-NC-SA     of a pool with one text of ValueNet
func licence(texts []Text) string {
	var terms []string
	marked := false
	for _, t := range texts {
		marked = marked || slices.Contains(nonCommercial, t.Corpus)
		for _, term := range strings.Split(t.Licence, licenceGap) {
			if !slices.Contains(terms, term) {
				terms = append(terms, term)
			}
		}
	}
	slices.Sort(terms)
	if marked {
		terms = append([]string{"non-commercial"}, terms...)
	}
	return strings.Join(terms, licenceGap)
}
