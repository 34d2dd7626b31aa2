package talk

import (
	"fmt"

	"hives/internal/fault"
	"hives/internal/lora"
	"hives/model/lm"
)

// adapted returns what computes with the adapter in a folder, or without one for "". An adapter is opened when it is
// first asked for and kept: its two narrow matrices a layer stand beside the weights, which all adapters share, so a
// question with one and a question without cost no second copy of the model.
//
// Invariant: a refused adapter leaves nothing behind, and the model answers as before.
func (m *Model) adapted(dir string) (*lm.Runner, error) {
	if dir == "" {
		return m.runner, nil
	}
	m.adapting.Lock()
	defer m.adapting.Unlock()
	if r := m.adapters[dir]; r != nil {
		return r, nil
	}
	m.tried++ // a name for each try: the store of weights knows what it was once given
	weights := m.weights.Beside(fmt.Sprint(m.tried))
	madeFor, err := lora.Load(dir, weights)
	if err == nil && madeFor != "" && madeFor != m.identity.Weights {
		err = fault.New(fault.Mismatch, "it was made for weights of SHA-256 %s, those of %s are %s: "+
			"name the model that it was made for",
			madeFor, m.identity.Model, m.identity.Weights)
	}
	var r *lm.Runner
	if err == nil {
		r, err = lm.NewRunner(&lm.Model{Weights: weights, Config: m.weights.Config}, m.options)
	}
	if err != nil {
		if dropped := weights.DropAdapters(); dropped != nil {
			panic(dropped) // what stands in the store is ours alone
		}
		return nil, fmt.Errorf("adapter %s: %w", dir, err)
	}
	if m.adapters == nil {
		m.adapters = make(map[string]*lm.Runner)
	}
	m.adapters[dir] = r
	return r, nil
}

// scored are rows to score, each by the runner of its adapter.
//
// Invariant: all four are of one length.
type scored struct {
	runners []*lm.Runner
	rows    [][]int32
	from    []int
	pushes  [][]lm.Steer
}

// add takes one more row; from is where its answer begins.
func (s *scored) add(r *lm.Runner, row []int32, from int, push []lm.Steer) {
	s.runners, s.rows = append(s.runners, r), append(s.rows, row)
	s.from, s.pushes = append(s.from, from), append(s.pushes, push)
}

// score computes all rows of a runner together, and returns the log-probabilities in the rows' order. Runners take
// turns, in the order in which they first come.
//
//	runners  a b a     first a with rows 0 and 2, then b with row 1; the numbers stand as the rows did
func (s *scored) score() ([][]float64, error) {
	out, members := make([][]float64, len(s.rows)), make(map[*lm.Runner][]int)
	for row, r := range s.runners {
		members[r] = append(members[r], row)
	}
	for row, r := range s.runners {
		own := members[r]
		if own[0] != row {
			continue // computed with the first of its runner
		}
		var part scored
		for _, at := range own {
			part.add(r, s.rows[at], s.from[at], s.pushes[at])
		}
		tokens, err := r.Score(part.rows, part.from, part.pushes)
		if err != nil {
			return nil, err
		}
		for n, at := range own {
			out[at] = tokens[n]
		}
	}
	return out, nil
}
