// Package loop trains whatever a Task is: it owns the order of things, the run folder and the position.
//
// A run of ten steps with a validation every five and a checkpoint every three, as it is logged and saved:
//
//	validation 0 │ step 1  2  3      4  5                 6      7  8  9      10
//	             │           save 3     validation 5       save 6    save 9     validation 10, save 10, final/
//	                                    save 5, if best
//
// Killed at any moment, it goes on from the newest good checkpoint: killed in step 8, from 6. The log is cut after the
// lines of step 6, and steps 7 and 8 are logged again, with the same numbers. That this is so rests on four things:
//
//   - a batch is a function of (seed, step), so Draw(7) is what it was;
//   - a checkpoint holds all tensors that a step changes (state.Parameters) and, as counters, the host's numbers;
//   - the log is on the disk before the checkpoint that a resume would cut it at (saver.before);
//   - a checkpoint is there as a whole or not at all (package checkpoints).
//
// Invariant: final weights and log of a run that was stopped, killed and resumed at any places are those of the
// run left alone, byte for byte but for seconds, on one engine (TestASecondTask; TestSoak kills processes).
// Invariant: a replay changes nothing in the run folder (TestReplayAgreesWithTheLog).
// Invariant: a dry run writes nothing (TestDryRunOfASecondTask, TestFreezingIsRefusedWhereItCannotBe).
//
// What of time is read is the span between two moments, for the rate of tokens, and nothing is decided by it but
// how long a dry run measures (TestNoWallClockDecides).
//
// This package must not know what a task is: internal/arch forbids it losses, samplers, encoders and rows.
package loop
