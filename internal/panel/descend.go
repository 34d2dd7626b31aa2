package panel

import (
	"context"
	"strings"

	"hives/data/theories"
	"hives/internal/judge"
)

// query is one question put to all voters: at a node, which of its children, with or without Neutral, or which
// direction. {path: ["conservation"], options: its children} is the first round one level below conservation, with
// neutral set the second; with direction set there are no options.
type query struct {
	path      []string // the node; the question is about its children, or its direction
	options   []string
	neutral   bool // Neutral is among the choices
	direction bool
}

// about names a query for people and for the report: the node, and what is special. It is stored with each vote, so
// that a report can be made of the votes file alone.
//
//	path {}                              svt
//	path {conservation}, neutral         svt/conservation+neutral
//	path {conservation}, direction       svt/conservation+direction
//
// Invariant: the words hold for ever: votes that were paid for are found and counted by them (parseAbout).
func (q query) about(theory string) string {
	var p theories.Path
	copy(p[:], q.path)
	id := strings.TrimSuffix(theories.ValueID(theory, p), "/")
	switch {
	case q.direction:
		return id + "+direction"
	case q.neutral:
		return id + "+neutral"
	}
	return id
}

// choices are what an answer may name. Neutral stands last, behind whatever order the options are in.
func (q query) choices() []string {
	switch {
	case q.direction:
		return []string{supports, opposes, neither}
	case q.neutral:
		return append(append([]string(nil), q.options...), Neutral)
	}
	return q.options
}

// answer is the form of an answer. It forgives how a name is written, not which it is: letters and digits alone are
// compared, so "Self-Direction: Thought" is self-direction:thought.
func (q query) answer(because bool) judge.Choice {
	return judge.Choice{Names: q.choices(), Because: because, Fold: theories.Slug}
}

// Status is how the panel's work on a text ended. Labelled texts become rows, texts without a value are left out,
// open ones wait.
type Status string

const (
	Labelled Status = "labelled"
	NoValue  Status = "no value" // a Neutral majority at level 1
	Open     Status = "open"     // for a human
)

// Result is what the panel says of one text. It is a function of the votes and the rules alone, so rules may be
// changed and the same command run again: it asks what the new rules want to know and finds the rest in the store.
type Result struct {
	Status    Status
	Path      []string // what was agreed on
	Direction int32
	Level     int // of an open result: 1–3 the level, 0 the direction
	Reason    string
}

// ask puts a query to every voter and returns their choices in the voters' order, "" where there was no usable
// answer. An error ends the walk: a round with voters missing is never decided.
type ask func(context.Context, query) ([]string, error)

// descend walks from the root to where the voters' agreement ends, then asks for the direction. It knows nothing of
// voters, prompts or the store: put asks, rules decide. With put a function of a table it is tested branch by branch.
//
//	asked                                  votes               so
//	svt                                    5 conservation …    down to svt/conservation
//	svt/conservation                       3, 2, 2             no agreement: again, with neutral
//	svt/conservation+neutral               4 neutral of 7      the path ends at conservation
//	svt/conservation+direction             + + + 0 − + +       supports: labelled conservation, +1
func descend(ctx context.Context, tree *theories.Tree, rules Rules, put ask) (Result, error) {
	var path []string
	for {
		options := children(tree, path)
		if len(options) == 0 {
			return direct(ctx, rules, put, path)
		}
		o, err := level(ctx, rules, put, query{path: path, options: options})
		switch {
		case err != nil:
			return Result{}, err
		case o.Verdict == Accept:
			// A path of its own: a Result or a query of an earlier level may hold the shorter one.
			path = append(path[:len(path):len(path)], o.Choice)
		case o.Verdict == Unresolved:
			return Result{Status: Open, Path: path, Level: len(path) + 1, Reason: o.Reason}, nil
		case len(path) == 0:
			return Result{Status: NoValue}, nil
		default:
			return direct(ctx, rules, put, path)
		}
	}
}

// level is one level's one or two rounds. The first asks without neutral, since a voter who may say "none" says it
// easily. With a single child the first round would decide nothing, so the second alone is asked. The second round's
// votes replace the first's and are not added to them: they answer another question.
func level(ctx context.Context, rules Rules, put ask, q query) (Outcome, error) {
	if len(q.options) > 1 {
		votes, err := put(ctx, q)
		if err != nil {
			return Outcome{}, err
		}
		if o := rules.First(votes); o.Verdict == Accept {
			return o, nil
		}
	}
	q.neutral = true
	votes, err := put(ctx, q)
	return rules.Second(votes), err
}

// direct asks which way the text points, one level up if the panel is split. It gives up a level rather than the
// text: what is too fine to have a side may have one as a whole.
//
//	svt/conservation/tradition+direction    + + − − 0     unclear: one level up
//	svt/conservation+direction              + + + + 0     labelled conservation, +1
//
// Only one level is given up; a panel that is still split there leaves the text to a human.
func direct(ctx context.Context, rules Rules, put ask, path []string) (Result, error) {
	for backedOff := false; ; backedOff = true {
		votes, err := put(ctx, query{path: path, direction: true})
		if err != nil {
			return Result{}, err
		}
		switch o := rules.Direction(votes, len(path), backedOff); o.Verdict {
		case Accept:
			return Result{Status: Labelled, Path: path, Direction: int32(sign(o.Choice))}, nil
		case Unresolved:
			return Result{Status: Open, Path: path, Reason: o.Reason}, nil
		}
		path = path[:len(path)-1]
	}
}

// children are the names one level below a node, in the tree's order.
func children(tree *theories.Tree, path []string) []string {
	var at theories.Path
	copy(at[:], path)
	var out []string
	for _, node := range tree.Children(at) {
		out = append(out, node[len(path)])
	}
	return out
}
