// Package contrast is the first task: an encoder learns that texts of like values lie near each other. Stage 1 is
// hierarchical contrast, Stage 2 adds two banks of anchor sentences.
//
//	Read   files → Inputs      weights, rows, tokens, labels, sampler, banks; everything that can be refused is
//	Open   engine → Task       validation, kept states, encoder, layout, objective
//	Draw   step → loop.Batch   rows of the sampler, packed, beside their labels
//
// "Anchor" means two things in the papers and in this package. An anchor of a batch is the row whose positives
// and negatives the hierarchical loss contrasts: every row is one. An anchor of a bank is a sentence that stands
// for a value (individual bank) or for a cluster of values across theories (theory bank). Where it could be read
// both ways the names say which: LevelAnchors are rows, IndividualAnchor and TheoryAnchor are ids of sentences.
//
// A step of Stage 2 with 6 rows, 2 of each part, and encoded banks, in slots:
//
//	slot        0    1    2    3    4    5  │  6    7    8    9        texts that are embedded, T = B + E = 10
//	part        hierarchical  individual  theory │  fresh anchors
//	individual  –    –    v7   v2   –    –  │  v7   v2   –    –        ids in the individual bank, −1 elsewhere
//	theory      –    –    –    –    u3   u3 │  –    –    u3   unused   ids in the theory bank
//
// The two terms of the banks take all K sentences as columns: those of slots 6 to 8 from this step's weights, with
// gradient, all others as they were at the last refresh.
//
// Invariant: a batch is a function of (configuration, rows, step); Draw may be asked for any step in any order
// (TestReplayAgreesWithTheLog).
// Invariant: which pairs the loss leaves out is the same in every way of computing (TestPairsInEveryWayOfComputing).
//
// The caller of Read owes a valid Settings (Check); the caller of Open an engine that outlives the task.
package contrast
