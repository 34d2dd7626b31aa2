package contrast

import (
	"fmt"

	"hives/internal/trainer/step"
	"hives/pack"
)

// Batch is one step's input. Three rows of Stage 1, of which the first two share theory, value and direction, and the
// third has another value, packed into one row of the engine:
//
//	texts       a b c │ d e │ f g h i        ids [1, 9], texts 0 0 0 1 1 2 2 2 2, last 2 4 8
//	Theory      0       0     0
//	Levels      4 9 –   4 9 – 5 – –          three a row, −1 where the path has ended
//	Direction   1       1     1
//
// Levels are numbers of paths, not of words: 9 is care/harm/kindness as a whole, so that equal numbers mean equal
// paths.
//
// Its texts are the B rows in order, then, in Stage 2 with encoded banks, the
// E anchor sentences that are encoded with them; Packs hold them in that order.
type Batch struct {
	Packs     []pack.Batch // one, or several of equal shape and number of texts to be accumulated
	Theory    []int32      // [B]
	Levels    []int32      // [B·3], −1 where the path has ended
	Direction []int32      // [B]
	Ignore    []bool       // [B·B] pairs the loss leaves out, by anchor; nil: none
	Anchors   *AnchorBatch // nil in Stage 1
}

// AnchorBatch is what Stage 2 adds.
//
// Of a slot one of the two fresh ids at most is not −1, and no id comes twice in a list.
type AnchorBatch struct {
	Individual, Theory []int32 // [B] each row's id in the bank, −1 outside its part
	// Ids of the sentences encoded in slots B, B+1, …: each slot belongs to one bank and is −1 in the
	// other; −1 in both is an unused slot. Empty with learned banks.
	FreshIndividual, FreshTheory []int32 // [E]
}

// Texts is the number of text slots that count: B + E.
func (b *Batch) Texts() int {
	n := len(b.Theory)
	if b.Anchors != nil {
		n += len(b.Anchors.FreshIndividual)
	}
	return n
}

// check holds the batch's arrays to each other. What it finds is a fault of the program and no user's, so its errors
// have no kind.
func (b *Batch) check(o *Objective) error {
	n := len(b.Theory)
	if n == 0 || len(b.Packs) == 0 || len(b.Levels) != 3*n || len(b.Direction) != n {
		return fmt.Errorf(
			"batch of %d rows in %d packs: %d levels, %d directions", n, len(b.Packs), len(b.Levels), len(b.Direction))
	}
	// A matrix that the loss does not take would be passed over in silence, and one that it lacks is no matrix of
	// zeros.
	pairs := 0
	if o.Ignores {
		pairs = n * n
	}
	if len(b.Ignore) != pairs {
		return fmt.Errorf("batch of %d rows: a matrix of %d pairs to ignore, the loss takes %d", n, len(b.Ignore), pairs)
	}
	if a := b.Anchors; a != nil && (len(a.Individual) != n || len(a.Theory) != n ||
		len(a.FreshIndividual) != len(a.FreshTheory)) {
		return fmt.Errorf("batch of %d rows: %d and %d anchor ids, %d and %d fresh anchors",
			n, len(a.Individual), len(a.Theory), len(a.FreshIndividual), len(a.FreshTheory))
	}
	// Labels count rows, micro-batches count slots. Where they differ, some text would have another's label.
	slots := 0
	for i := range b.Packs {
		slots += b.Packs[i].Shape.Texts
	}
	if slots != b.Texts() {
		return fmt.Errorf("batch of %d texts in packs of %d slots", b.Texts(), slots)
	}
	return nil
}

// Step lays the batch out for a step of o. It refuses arrays that do not fit each other or the loss, before the engine
// sees them.
func (b *Batch) Step(o *Objective) (*step.Batch, error) {
	if err := b.check(o); err != nil {
		return nil, err
	}
	out := &step.Batch{Loss: b.inputs()}
	for _, p := range b.Packs {
		out.Micro = append(out.Micro, o.micro(p))
	}
	return out, nil
}
