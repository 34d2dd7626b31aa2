package trainer

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/losses"
)

// Objective is the loss of a step as a function of its vectors.
type Objective struct {
	Hierarchical losses.HierarchicalConfig // Stage 1
	Stage2       *losses.Stage2Config      // Stage 2, nil in Stage 1
	Banks        *Banks                    // of Stage 2
}

// terms are the nodes of a loss that are worth reporting, in the order in which a step returns them.
type terms struct {
	loss, hierarchical, individual, theory *Node // scalars
	levels, levelAnchors                   *Node // [3]
}

// numTerms is how many nodes these are.
const numTerms = 6

func (t terms) nodes() []*Node {
	return []*Node{t.loss, t.hierarchical, t.individual, t.theory, t.levels, t.levelAnchors}
}

// inputs is the number of label arguments, see Batch.labelInputs.
func (o *Objective) inputs() int {
	switch {
	case o.Stage2 == nil:
		return 3
	case o.Banks.Learned:
		return 5
	}
	return 7
}

// of builds the loss. z: [B + E, H] raw vectors; in: the label arguments.
func (o *Objective) of(z *Node, in []*Node) terms {
	rows := in[0].Shape().Dim(0) // B
	if o.Stage2 == nil {
		r := losses.Hierarchical(o.Hierarchical, z, in[0], in[1], in[2])
		none := ZerosLike(r.Loss)
		return terms{loss: r.Loss, hierarchical: r.Loss, individual: none, theory: none, levels: r.Levels, levelAnchors: r.LevelAnchors}
	}
	individual, theory := o.Banks.nodes(z, in)
	r := losses.Stage2(*o.Stage2, losses.Stage2Inputs{
		Z: SliceAxis(z, 0, AxisRangeFromStart(rows)), Theory: in[0], Levels: in[1], Direction: in[2],
		IndividualIDs: in[3], TheoryIDs: in[4], IndividualBank: individual, TheoryBank: theory,
	})
	return terms{
		loss: r.Loss, hierarchical: r.Hierarchical.Loss, individual: r.Individual, theory: r.Theory,
		levels: r.Hierarchical.Levels, levelAnchors: r.Hierarchical.LevelAnchors,
	}
}
