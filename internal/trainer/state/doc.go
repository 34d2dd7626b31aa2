// Package state is what a training run's future is made of, as variables in memory and as tensors of a checkpoint.
//
// A task sorts its variables once, into Parameters; everything else follows from that list:
//
//	task: model of 2 layers, the lower one frozen      optimiser             checkpoint
//	/model/embed_tokens/weight    Fixed                 –                     – (read again from the base)
//	/model/layers/0/…             Fixed                 –                     –
//	/model/layers/1/…             Trained               /optimizer/m/…, v/…   weight and both moments
//	/anchors/theory               Kept                  –                     the table: older than the weights beside it
//
// Invariant: a checkpoint holds exactly the values that Holds names, so a run that is resumed has nothing left over
// from a step that the checkpoint does not know (TestCheckpointHoldsWhatTheFutureIsMadeOf).
// Invariant: what Restore has put back has the bytes that were saved, but for moments whose type was changed
// (TestSaverWritesTheStateAsItWasAtTheStep, TestMomentsChangeTheirType).
//
// The caller owes a store that nothing changes while Source is read; CopyOf lifts that for saves beside the training.
// Refused: a checkpoint that lacks a tensor, has one more, or has one of another shape.
package state
