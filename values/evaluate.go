package values

import (
	"context"
	"math"

	"hives/data"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/logistic"
	"hives/metrics"
)

// Evaluation is what a set says of rows that it was not made of, and how much of it is right. It reads best from
// the top: how many texts are spoken of at all, how many pairs are answered, how many of the answers are right. A
// set that answers little and is right is as designed; one that answers much has to show the last figure.
type Evaluation struct {
	Format  int    `json:"format"` // 1
	Vectors string `json:"vectors_sha256"`
	Data    Source `json:"data"`
	// Sense is the share of the texts that pass some theory's guard.
	Sense float64 `json:"sense"`
	// Answers are over all pairs of a text and a value of a theory that the text has rows of.
	Answers Answers `json:"answers"`
	// Sides are over texts with a side, in corpora that have both sides of the value here.
	Sides SideAnswers `json:"sides"`
	// AboutCurve and SideCurve set probabilities beside shares, over all such pairs.
	AboutCurve []Tenth `json:"about_reliability"`
	SideCurve  []Tenth `json:"supports_reliability"`
	// Nonsense is what is said of texts made up of these texts' words.
	Nonsense NonsenseAnswers `json:"nonsense"`
	Values   []ValueFigures  `json:"values"` // those with rows here that something is known of
}

// Answers counts what is said.
type Answers struct {
	Pairs    int   `json:"pairs"`
	Answered int   `json:"answered"` // supports, opposes or about
	About    Share `json:"about"`    // of the answered ones: the text has a row on the value
}

// SideAnswers counts sides. Answered are those that the answer gives; Given are those that it would give if it
// were known that the text is about the value, which these rows' annotators say. The two part what the set cannot
// see from what it dares not say: few Answered and many Given means that "about" is the hurdle, not the side.
type SideAnswers struct {
	Pairs    int   `json:"pairs"`
	Answered int   `json:"answered"`
	Right    Share `json:"right"`
	Given    int   `json:"given"`
	GivenOK  Share `json:"given_right"`
}

// Share is a share with its 95 % interval by bootstrap over groups; all three are null without a case.
type Share struct {
	Share *float64 `json:"share"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// NonsenseAnswers counts made-up texts.
type NonsenseAnswers struct {
	Texts    int `json:"texts"`
	Sense    int `json:"sense"`    // pass some guard
	Answered int `json:"answered"` // for some value
}

// ValueFigures is one value on these rows.
type ValueFigures struct {
	ID       string      `json:"value_id"`
	Kind     Kind        `json:"kind"`
	Evidence Evidence    `json:"evidence"` // of its vector, on these rows
	Answers  Answers     `json:"answers"`
	Sides    SideAnswers `json:"sides"`
}

// nonsenseAsked is how many made-up texts Evaluate asks.
const nonsenseAsked = 200

// nonsenseSeed sets them apart from those that the guard was made with.
const nonsenseSeed = 0x61736b

// EvaluateFile holds the set to the rows of a file. A file that they were made with is refused by its hash, which
// finds a mistake; a copy with one byte changed would pass.
func (s *Set) EvaluateFile(ctx context.Context, path string, enc encoder.Encoder, o Options) (*Evaluation, error) {
	rows, source, err := read(path, o)
	if err != nil {
		return nil, err
	}
	if source.SHA256 == s.Source.SHA256 || s.Held != nil && source.SHA256 == s.Held.SHA256 {
		return nil, fault.New(fault.Invalid, "values: %s is a file that the vectors were made with, so it proves nothing; "+
			"give rows that they have not seen", path)
	}
	e, err := s.Evaluate(ctx, rows.Rows, enc, o)
	if err == nil {
		e.Data.File, e.Data.SHA256 = source.File, source.SHA256
	}
	return e, err
}

// Evaluate holds the set to rows; of the options Seed, Resamples and Theories count. One text is embedded before all
// others: a set of another model is refused before the work, not after it.
func (s *Set) Evaluate(ctx context.Context, rows []data.Row, enc encoder.Encoder, o Options) (*Evaluation, error) {
	if len(rows) == 0 {
		return nil, fault.New(fault.Invalid, "values: no rows to evaluate on")
	}
	// One text first: an endpoint tells its model only with an answer.
	_, id, err := enc.Encode(ctx, []encoder.Input{{Text: rows[0].Text}})
	if err == nil {
		err = s.CheckModel(id)
	}
	if err != nil {
		return nil, err
	}
	b := &builder{set: s, rows: rows, labels: data.NewLabels(rows, o.Theories), options: o}
	if err := b.recall(); err != nil {
		return nil, err
	}
	vectors, _, err := embedRows(ctx, rows, b.labels, enc)
	if err != nil {
		return nil, err
	}
	if b.vectors, err = metrics.NewVectors(vectors); err != nil {
		return nil, err
	}
	b.pair()
	x := &examiner{builder: b, vectors: vectors}
	x.Evaluation = &Evaluation{Format: 1, Vectors: s.SHA256, Data: Source{Rows: len(rows), Texts: distinct(b.labels.Text)}}
	x.examine()
	return x.Evaluation, x.nonsense(ctx, enc)
}

// recall lays out nodes with the set's own vectors and deals the rows to them, all of them held out (train is 0). The
// builder's figures then work as they do in a build. Counts of rows stay those of the file.
func (b *builder) recall() error {
	place, trees := map[string]int{}, map[string]*tree{}
	for i := range b.set.Theories {
		th := &b.set.Theories[i]
		trees[th.Theory] = &tree{mean: float64s(th.Mean)}
		b.trees = append(b.trees, trees[th.Theory])
	}
	for i := range b.set.Values {
		v := &b.set.Values[i]
		place[v.ID] = i
		b.nodes = append(b.nodes, &node{tree: trees[v.Theory], kind: v.Kind, vector: float64s(v.Vector)})
	}
	return b.deal(place, trees)
}

// examiner goes over the values and counts. It keeps the vectors as they came, beside the builder's: an answer is
// computed from float32, as it is for whoever asks.
type examiner struct {
	*Evaluation
	*builder
	vectors [][]float32 // [N][D], as they came

	about, right, given []tally // one each for answered pairs, answered sides and sides that would be given
	curves              [2]struct {
		p   []float64
		yes []bool
	}
}

// tally is one case that is right or wrong, in a group. Cases are kept and not summed up, since the bootstrap draws
// groups.
type tally struct {
	group int32
	ok    bool
}

// examine goes over the values that have rows here. The overall shares are over pairs, not over values: a value
// with many texts weighs more.
func (x *examiner) examine() {
	for at, n := range x.nodes {
		v := &x.set.Values[at]
		if len(n.held) == 0 || !v.scored() {
			continue
		}
		// The vector's own figures, as a build has them, but on these rows.
		f := ValueFigures{ID: v.ID, Kind: v.Kind}
		switch v.Kind {
		case Directional:
			f.Evidence.Sides, f.Evidence.Corpora = x.sidesFigure(n), x.corporaFigure(n)
		case Prototype:
			f.Evidence.About = x.prototypeFigure(n)
		}
		x.askAbout(v, n, &f)
		x.askSides(v, n, &f)
		x.Values = append(x.Values, f)
	}
	x.Answers.About, x.Sides.Right, x.Sides.GivenOK = x.share(x.about), x.share(x.right), x.share(x.given)
	x.AboutCurve = logistic.Curve(x.curves[0].p, x.curves[0].yes)
	x.SideCurve = logistic.Curve(x.curves[1].p, x.curves[1].yes)
	first := firsts(x.labels.Text)
	x.Sense = share01(first, func(i int) bool { return x.set.Sense(x.vectors[i]) })
}

// judged is the answer for a pair's text, as Scores would give it; the cosine is not needed for an answer. The way is
// the caller's own, not a shortcut through the builder: what is measured here is what somebody gets who asks.
func (x *examiner) judged(v *Value, p pair) Judgement {
	text := x.vectors[p.row]
	return v.judge(text, math.NaN(), x.set.theory(v.Theory).Guard.Passes(text))
}

// askAbout asks of every text of the theory whether it is about the value. Of 56,836 pairs of the demo's test
// texts and values 460 were answered, .71 of these rightly (docs/VALUES.md): what is counted here is how little
// is said, and how much of that is so.
func (x *examiner) askAbout(v *Value, n *node, f *ValueFigures) {
	var own []tally
	for _, a := range x.aboutAnswers(n) {
		j := x.judged(v, a.pair)
		f.Answers.Pairs++
		if j.Answer != Unsure {
			own = append(own, tally{a.group, a.yes})
		}
		if j.About != nil {
			x.curves[0].p, x.curves[0].yes = append(x.curves[0].p, j.About.P), append(x.curves[0].yes, a.yes)
		}
	}
	f.Answers.Answered, f.Answers.About = len(own), x.share(own)
	x.Answers.Pairs += f.Answers.Pairs
	x.Answers.Answered += len(own)
	x.about = append(x.about, own...)
}

// askSides asks of every text with a side which it is, in corpora that have both here: where all rows support, always
// saying so would be right.
func (x *examiner) askSides(v *Value, n *node, f *ValueFigures) {
	all := x.sideAnswers(n)
	sides := map[int32][2]bool{}
	for _, a := range all {
		s := sides[a.corpus]
		sides[a.corpus] = [2]bool{s[0] || a.yes, s[1] || !a.yes}
	}
	var right, given []tally
	for _, a := range all {
		// Here, a corpus with supporting rows only cannot tell a model that knows from one that always agrees.
		if sides[a.corpus] != [2]bool{true, true} {
			continue
		}
		f.Sides.Pairs++
		j := x.judged(v, a.pair)
		if j.Answer == Supports || j.Answer == Opposes {
			right = append(right, tally{a.group, (j.Answer == Supports) == a.yes})
		}
		if j.Support == nil {
			continue
		}
		x.curves[1].p, x.curves[1].yes = append(x.curves[1].p, j.Support.P), append(x.curves[1].yes, a.yes)
		// What would be said if the text were known to be about the value: the guard and the head still have to
		// agree.
		side, sure := takesSide(j.Support)
		if sure && v.Support.AUC.passes() && x.set.theory(v.Theory).Guard.Passes(x.vectors[a.row]) {
			given = append(given, tally{a.group, (side == Supports) == a.yes})
		}
	}
	f.Sides.Answered, f.Sides.Given = len(right), len(given)
	f.Sides.Right, f.Sides.GivenOK = x.share(right), x.share(given)
	x.Sides.Pairs += f.Sides.Pairs
	x.Sides.Answered += len(right)
	x.Sides.Given += len(given)
	x.right, x.given = append(x.right, right...), append(x.given, given...)
}

// share of cases that are right. A draw that takes no case is left out. The interval is over groups: ten answers
// about one argument are one piece of evidence.
//
//	9 right of 10, all of one group     .9, no interval: one piece of evidence has no spread
func (x *examiner) share(cases []tally) Share {
	if len(cases) == 0 {
		return Share{}
	}
	var group []int32
	var ok []float64
	for _, c := range cases {
		group = append(group, c.group)
		ok = append(ok, float64(index(c.ok)))
	}
	mean, interval := metrics.GroupMean(ok, group, x.options.Resamples, x.options.Seed)
	out := Share{Share: &mean}
	if interval.Known() {
		out.Low, out.High = &interval.Low, &interval.High
	}
	return out
}

// index is 1 for true: a share is the mean of such.
func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// nonsense asks about texts that say nothing, made of these rows' words with a seed of its own: a guard that had
// learned the build's nonsense by heart would let these through. Two counts come of it: texts that pass some guard, and
// texts of which something is said in the end. The second is what a user sees.
func (x *examiner) nonsense(ctx context.Context, enc encoder.Encoder) error {
	var texts []string
	for _, i := range firsts(x.labels.Text) {
		texts = append(texts, x.rows[i].Text)
	}
	said := Nonsense(texts, nonsenseAsked, x.options.Seed^nonsenseSeed)
	made, err := embedTexts(ctx, enc, said)
	if err != nil {
		return err
	}
	// A made-up text counts as answered if any value of any theory is said of it.
	all, err := x.set.Select(Filter{})
	if err != nil {
		return err
	}
	x.Nonsense.Texts = len(made)
	for i, text := range made {
		if x.set.Sense(text) && !Wordless(said[i]) {
			x.Nonsense.Sense++
		}
		for _, score := range x.set.ScoreText(said[i], text, all) {
			if score.Answer != Unsure {
				x.Nonsense.Answered++
				break
			}
		}
	}
	return nil
}
