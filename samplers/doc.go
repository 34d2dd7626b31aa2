// Package samplers decides which rows make up a training batch. It sees labels only: it never reads a
// text, never tokenises and knows nothing of the loss.
//
// IntraTheory is the sampler of Stage 1: an anchor row, up to four positives (same full path, same
// direction) and negatives of the anchor's theory for the rest. The rules:
//
//   - A batch is a function of (labels, configuration, seed, step). Any step can be asked for, in any
//     order and from many goroutines; what is cached never changes a result. So a resumed run goes on
//     with the batches an uninterrupted one would have seen.
//   - A text stands at most once in a batch.
//   - A text that carries the anchor's (path, direction) in another of its rows is never its negative:
//     a text with four values would otherwise be pushed away from its own neighbours. FalseNegatives
//     "keep" leaves these in, as the authors did. Same path with the other direction is a negative.
//   - A row with a two-parent node may have further paths (IntraTheoryConfig.Alt); rows match when any
//     of their paths do.
//   - An epoch has as many batches as there are anchors. With natural weighting each anchor opens one
//     batch of an epoch. With other weights an anchor whose expected number is c opens ⌊c⌋ or ⌈c⌉.
//   - An anchor without any positive is drawn all the same: it adds nothing at the finest level, but has
//     positives at the coarser ones among the negatives, and so have these among themselves. Stats
//     counts such anchors.
//   - Rows without level 1 stand for no value; they are counted and never drawn.
//   - With Negatives "corpus" the negatives come from the anchor's own corpus, which takes away the easy
//     task of telling corpora apart; positives still come from every corpus.
//
// Every batch is full: a theory in which some anchor could not be given its negatives is refused with the
// numbers, unless its weight is 0.
//
// A validation loss uses an IntraTheory over the validation rows with a seed of its own, steps 0, 1, ….
//
// Letters: B batch, N rows.
package samplers
