// Package samplers decides which rows make up a training batch. It sees labels only: it never reads a
// text, never tokenises and knows nothing of the loss.
//
// IntraTheory is the sampler of Stage 1: an anchor row, up to four positives (same full path, same
// direction) and negatives of the anchor's theory for the rest. The rules:
//
//   - A batch is a function of (labels, configuration, seed, step); Triple's of the anchor ids too. Any step can
//     be asked for, in any order and from many goroutines; what is cached never changes a result. So a resumed
//     run goes on with the batches an uninterrupted one would have seen.
//   - A text stands at most once in a batch.
//   - A text that carries the anchor's (path, direction) in another of its rows is never its negative:
//     a text with four values would otherwise be pushed away from its own neighbours. FalseNegatives
//     "keep" leaves these in, as the authors did. Among the negatives themselves such pairs remain: they
//     are the loss's business ("all"). Same path with the other direction is a negative.
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
// Triple is the sampler of Stage 2: three parts that stay apart, one after the other, as the loss cuts them.
//
//   - The hierarchical part is an IntraTheory's batch. The individual and the theory part hold rows of as many
//     distinct anchor ids as they have rows; with n ids for m rows, an id stands at most ⌈m/n⌉ times.
//   - The ids come from a seeded permutation of those that have a row, anew for each pass. An id's rows come
//     from a seeded permutation of its rows, anew for each cycle through them. Ids without rows are not the
//     sampler's business: they are negatives in the bank.
//   - No text stands twice in the whole batch. The individual part chooses first, then the theory part, then
//     the hierarchical one. A row whose text is taken gives way to the next row of its id; an id all of whose
//     texts are taken gives its turn to the next id; a taken anchor of the hierarchical part leaves the batch
//     to the next anchor of its epoch. So in each pass every id is drawn, unless each of its texts already
//     stood in the batch of its turn.
//   - Labels and ids with which a batch could not be filled are refused with the numbers: the anchor parts if
//     and only if no choice of ids and rows would fill them, the hierarchical part if some anchor could run
//     out of negatives beside the worst choice of the others.
//
// Where to begin:
//
//	intratheory.go   a batch of Stage 1, and the order of an epoch
//	index.go         what "matches" and "carries" mean: keys, classes, pools
//	drawing.go       how a batch is filled; random.go: where its random numbers come from
//	supply.go        whether every anchor can be given its negatives, counted before the first draw
//	triple.go        a batch of Stage 2: whose turn it is (anchorpart.go), and which row of it (seating.go)
//
// Words: an anchor is a row that a batch is built around, or that the loss takes as one. The sentences of a bank,
// which the literature calls anchors too, are here known by number alone: an anchor id is a position in a bank,
// and an anchor part is the rows of a batch that are drawn by such ids.
//
// Letters: B batch, N rows, m rows of an anchor part, n ids with rows.
package samplers
