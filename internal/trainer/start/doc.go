// Package start is what a run begins with: weights, tokenizer and the way from texts to vectors, whatever is
// learned on top of them.
//
//	--model DIR                 a model folder
//	--model random:DIR          its config with fresh weights, a function of the seed
//	--from RUN                  the final model of a run, else its newest good checkpoint
//	--from RUN/checkpoints/N    the weights of that checkpoint; moments and position stay behind
//
// and what of it stays as it is: embeddings and lower layers (--freeze-layers), whose states may be kept on disk
// (--states), or all weights, below adapters (--lora-rank).
//
// Invariant: Point.Base and Point.Frozen, two hashes, change whenever the numbers do that a checkpoint of the run
// does not hold. Accepts compares them, so a checkpoint is never put beside other weights than those it was
// trained on (TestFrozenRunResumesWithTheSameBits, TestAdaptersNeedTheirBase).
//
// Refused: a tokenizer that does not fit the vocabulary, a text length beyond the positions, layers that are not
// there.
package start
