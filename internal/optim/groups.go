package optim

import (
	"slices"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
)

// Group is a set of parameters with its own rate and decay.
type Group struct {
	Name string
	// Match claims a parameter; exactly one group must.
	Match          func(p *model.Variable) bool
	RateMultiplier float64 // of the learning rate of the step
	WeightDecay    float64 // λ: each step takes rate·λ of the parameter itself
}

// IsVector tells norm gains and biases, which have one axis, from projections and tables, which have two.
// Going by shape, it holds for any naming of a model's parameters.
func IsVector(p *model.Variable) bool { return p.Shape().Rank() < 2 }

// DefaultGroups decays everything but norm gains and biases: pulling a gain to 0 switches its channel
// off, where pulling a matrix to 0 only makes it simpler.
func DefaultGroups(weightDecay float64) []Group {
	return []Group{
		{Name: "matrices", RateMultiplier: 1, WeightDecay: weightDecay,
			Match: func(p *model.Variable) bool { return !IsVector(p) }},
		{Name: "vectors", RateMultiplier: 1, Match: IsVector},
	}
}

// WithGroups adds groups to the usual ones: what they claim the usual ones do not.
func WithGroups(usual, own []Group) []Group {
	claimed := func(p *model.Variable) bool {
		return slices.ContainsFunc(own, func(g Group) bool { return g.Match(p) })
	}
	var all []Group
	for _, g := range usual {
		match := g.Match
		g.Match = func(p *model.Variable) bool { return !claimed(p) && match(p) }
		all = append(all, g)
	}
	return append(all, own...)
}

// GroupSize says how much of a model one group holds.
type GroupSize struct {
	Name       string `json:"name"`
	Variables  int    `json:"variables"`
	Parameters int    `json:"parameters"`
}

// Account counts each group's share of params, in the order of the groups. It refuses a parameter that
// belongs to no group or to two.
func (o *AdamW) Account(params []*model.Variable) ([]GroupSize, error) {
	sizes := make([]GroupSize, len(o.Groups))
	for i, g := range o.Groups {
		sizes[i].Name = g.Name
	}
	for _, p := range params {
		i, err := o.groupOf(p)
		if err != nil {
			return nil, err
		}
		sizes[i].Variables++
		sizes[i].Parameters += p.Shape().Size()
	}
	return sizes, nil
}

// groupOf returns the index of the one group that claims p.
func (o *AdamW) groupOf(p *model.Variable) (int, error) {
	found := -1
	for i, g := range o.Groups {
		if !g.Match(p) {
			continue
		}
		if found >= 0 {
			return -1, fault.New(fault.Invalid, "optim: parameter %s %s is in the groups %q and %q",
				p.Path(), p.Shape(), o.Groups[found].Name, g.Name)
		}
		found = i
	}
	if found < 0 {
		return -1, fault.New(fault.Invalid, "optim: parameter %s %s is in none of the %d groups",
			p.Path(), p.Shape(), len(o.Groups))
	}
	return found, nil
}

// Parameters lists the store's trainable variables sorted by path, the order for Update and Account.
func Parameters(store *model.Store) []*model.Variable {
	var params []*model.Variable
	for v := range store.IterVariables() {
		if v.Trainable {
			params = append(params, v)
		}
	}
	slices.SortFunc(params, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
	return params
}
