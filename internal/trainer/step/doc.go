// Package step is one update as compiled graphs: forward, loss, gradients, clip, AdamW.
//
// The plain way is one graph a shape of batch. Four options cut it, to fit a model into less memory; each is the
// plain step but for rounding, whatever the objective (TestWaysOfComputingAgree, TestWorkedExample). What each
// costs beside 12 P bytes of weights and moments and A bytes of activations, for P trained numbers in f32:
//
//	option          graphs                                   memory                             time
//	–               1                                        A + 4 P gradients, then 12 P new¹  1
//	Recompute       1, layers computed twice                 A falls to the layers' inputs      4/3
//	micro-batches   outputs, loss, back, update              A of one micro-batch; 8 P sums     4/3
//	SplitUpdate     gradients, norm, about 8 slices          the new 12 P become 12 P/8         1
//	LossScaling     the same, loss × scale, gradients ÷ it   –                                  1
//
// ¹ XLA on one device writes the new 12 P over the old ones (engine.Overwrite), so a split update saves nothing there.
//
// "Recompute" is what is called activation checkpointing elsewhere, and gradient checkpointing. A micro-batch is
// a part of the batch that is computed by itself; settings and flags call the number of them packs, for each is
// packed by itself.
//
// Inputs and results have names. The engine takes and returns lists; arguments.go is the one place that knows
// their order.
//
// Invariant: a step whose loss or gradients are not finite changes neither weights nor moments, in any of the ways
// (TestSkippedStepChangesNothing).
// Invariant: what a step does is a function of parameters, moments, batch, rate, count of updates and scale: no graph
// draws random numbers but for the rounding of bf16 moments, which is a function of parameter name and update
// (TestResumeEndsWithTheSameBits).
//
// The caller owes batches of few shapes, for each shape is compiled once and kept, and reads Result.Finite before
// the next step. Graph functions panic on what does not fit; New, Step and Probe return that as errors.
package step
