package state

import (
	"slices"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/optim"
)

// Parameters are a task's variables by what training does with them.
//
// Example, Stage 2 with learned banks over a model whose lower half is frozen: Trained are the upper layers, the
// last norm and both tables, OfLoss is 2, Fixed are embeddings and lower layers, Kept is empty. With encoded
// banks both tables are Kept and OfLoss is 0.
type Parameters struct {
	Store *model.Store
	// Trained are changed by steps, in the order of their gradients. The order is part of the result: the global norm
	// adds up in it.
	Trained []*model.Variable
	// OfLoss is how many of Trained, the last ones, only the loss reads: their gradients do not come through the network.
	OfLoss int
	// Fixed are weights that stay as they are: no gradient, no moments, no place in a checkpoint. A resumed run reads
	// them again from where it began.
	Fixed []*model.Variable
	// Kept are changed, but not by steps, and saved.
	Kept []*model.Variable
	// Own are groups of the optimiser that some of Trained have in place of the usual ones.
	Own []optim.Group
}

// OfNetwork are the trained variables that the network reads.
func (p *Parameters) OfNetwork() []*model.Variable { return p.Trained[:len(p.Trained)-p.OfLoss] }

// Holds tells the paths of variables that make a run's future, also of a moment that is not there before the
// first step.
func (p *Parameters) Holds(path string) bool {
	// A moment belongs to the parameter whose path ends its own: /optimizer/m/model/norm/weight is of /model/norm/weight.
	for _, moment := range []string{"m", "v"} {
		if of, ok := strings.CutPrefix(path, model.JoinPath(optim.MomentScope, moment)); ok {
			return has(p.Trained, of)
		}
	}
	return has(p.Trained, path) || has(p.Kept, path)
}

func has(variables []*model.Variable, path string) bool {
	return slices.ContainsFunc(variables, func(v *model.Variable) bool { return v.Path() == path })
}

// Numbers counts the numbers in some variables.
func Numbers(variables []*model.Variable) (total int64) {
	for _, v := range variables {
		total += int64(v.Shape().Size())
	}
	return total
}
