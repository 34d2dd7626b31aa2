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
	Ignores      bool                      // batches say which pairs are to be ignored
}

// terms are the nodes of a loss that are worth reporting, in the order in which a step returns them.
type terms struct {
	loss, hierarchical, individual, theory *Node // scalars
	levels, levelAnchors                   *Node // [L], L as the variant has it
}

// numTerms is how many nodes these are.
const numTerms = 6

func (t terms) nodes() []*Node {
	return []*Node{t.loss, t.hierarchical, t.individual, t.theory, t.levels, t.levelAnchors}
}

// of builds the loss. z: [B + E, H] raw vectors; in: the label arguments.
func (o *Objective) of(z *Node, in []*Node) terms {
	l := o.labels(in)
	if o.Stage2 == nil {
		r := losses.Hierarchical(o.Hierarchical, z, l.Labels)
		none := ZerosLike(r.Loss)
		return terms{loss: r.Loss, hierarchical: r.Loss, individual: none, theory: none, levels: r.Levels, levelAnchors: r.LevelAnchors}
	}
	individual, theory := o.Banks.nodes(z, l)
	r := losses.Stage2(*o.Stage2, losses.Stage2Inputs{
		Z: SliceAxis(z, 0, AxisRangeFromStart(l.Theory.Shape().Dim(0))), Labels: l.Labels,
		IndividualIDs: l.individual, TheoryIDs: l.theory, IndividualBank: individual, TheoryBank: theory,
	})
	return terms{
		loss: r.Loss, hierarchical: r.Hierarchical.Loss, individual: r.Individual, theory: r.Theory,
		levels: r.Hierarchical.Levels, levelAnchors: r.Hierarchical.LevelAnchors,
	}
}
