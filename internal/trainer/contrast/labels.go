package contrast

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/data"
	"hives/internal/trainer/step"
	"hives/losses"
)

// Labels are what the loss takes beside the vectors. V is any on the host and *Node inside a graph.
type Labels[V any] struct {
	Theory    V // [B]
	Levels    V // [B, 3], −1 where the path has ended
	Direction V // [B]
	Ignore    V // [B, B] pairs to be left out, where there are any

	IndividualAnchor, TheoryAnchor V // ids [B] of Stage 2
	FreshIndividual, FreshTheory   V // ids [E] of encoded banks
}

// named lists the fields under their names: valuesOf and labelsOf go by it. The order is that of a graph's inputs:
// both ends go by this list, so they cannot part.
func (l *Labels[V]) named() step.Values[*V] {
	return step.Values[*V]{
		{Name: "theory", Value: &l.Theory}, {Name: "levels", Value: &l.Levels}, {Name: "direction", Value: &l.Direction},
		{Name: "ignore", Value: &l.Ignore},
		{Name: "individual_anchor", Value: &l.IndividualAnchor}, {Name: "theory_anchor", Value: &l.TheoryAnchor},
		{Name: "fresh_individual", Value: &l.FreshIndividual}, {Name: "fresh_theory", Value: &l.FreshTheory},
	}
}

// valuesOf are the labels that are there.
func valuesOf(l Labels[any]) (values step.Values[any]) {
	// What is absent is no input: a graph of Stage 1 has three or four of these, not eight of which some are empty.
	for _, field := range l.named() {
		if *field.Value != nil {
			values = append(values, step.Named[any]{Name: field.Name, Value: *field.Value})
		}
	}
	return values
}

// labelsOf is valuesOf undone, inside a graph. What is absent stays nil, which the loss takes for "none".
func labelsOf(values step.Values[*Node]) (l Labels[*Node]) {
	for _, field := range l.named() {
		*field.Value, _ = values.Find(field.Name)
	}
	return l
}

// rows are the labels of the rows, without ids of anchors, inside a graph.
func (l Labels[V]) rows() losses.Labels {
	// Only inside a graph is there a loss; V is *Node there.
	of := any(l).(Labels[*Node])
	return losses.Labels{Theory: of.Theory, Levels: of.Levels, Direction: of.Direction, Ignore: of.Ignore}
}

// inputs are the batch's labels as the loss takes them. Of Stage 1: theory, levels, direction, and ignore where pairs
// are left out.
func (b *Batch) inputs() step.Values[any] {
	n := len(b.Theory)
	l := Labels[any]{Theory: b.Theory, Levels: tensors.FromFlatDataAndDimensions(b.Levels, n, 3), Direction: b.Direction}
	if b.Ignore != nil {
		l.Ignore = tensors.FromFlatDataAndDimensions(b.Ignore, n, n)
	}
	if a := b.Anchors; a != nil {
		l.IndividualAnchor, l.TheoryAnchor = a.Individual, a.Theory
		if len(a.FreshIndividual) > 0 {
			l.FreshIndividual, l.FreshTheory = a.FreshIndividual, a.FreshTheory
		}
	}
	return valuesOf(l)
}

// labelBatch is a batch's labels without its texts. The chance-level loss and the validation need no more.
func labelBatch(l *data.Labels, rows []int32) *Batch {
	b := &Batch{}
	for _, r := range rows {
		b.Theory, b.Direction = append(b.Theory, l.Theory[r]), append(b.Direction, l.Direction[r])
		b.Levels = append(b.Levels, l.Levels[r][:]...)
	}
	return b
}
