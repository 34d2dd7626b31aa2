package loop

import (
	"context"

	"github.com/gomlx/compute"

	"hives/checkpoints"
	"hives/internal/trainer/step"
	"hives/pack"
)

// Inputs are what a task has read: rows, weights, tokenizer. No engine is open yet, and nothing is written: what
// is wrong with them was said before Open.
type Inputs interface {
	// Hashes tell apart everything that the result depends on beside the configuration. A resumed run must have
	// them again. Open may add to them.
	Hashes() map[string]string
	// Open makes the task. What it needs of the engine is compiled later, at the first step or validation.
	Open(ctx context.Context, in Room) (Task, error)
	Close()
}

// Room is what a task is opened in.
type Room struct {
	Backend compute.Backend
	Watch   Observers         // is told of work before the first step
	Trial   bool              // a dry run: nothing may be written
	Stored  map[string]string // hashes of the run that is taken up, nil of a new one
}

// Task is what is learned: the objective of a step, its batches, and what its weights are worth. The loop does all the
// rest: order, saving, resuming, replaying, memory, watching. It calls from one goroutine.
//
//	who owes what     the task                                   the loop
//	a batch           a function of (seed, step) alone           asks for each step once, in any order, twice in a replay
//	parameters        lists them, never writes Trained           saves Trained, their moments and Kept; restores them
//	Kept              writes it in Before, and only there        calls Before ahead of every step, done or replayed
//	validation        figures, and which may decide the best     when, the log, the best checkpoint
//
// Invariant: the state after step n is a function of the state after step n−1 and of n. So a run that was killed,
// resumed or replayed goes through the same states (TestASecondTask, TestResumeEndsWithTheSameBits).
type Task interface {
	step.Objective
	// Draw lays out the batch of a step, counted from 0.
	Draw(step int) (*Batch, error)
	// Accepts refuses a checkpoint whose tensors do not belong beside what the task leaves alone.
	Accepts(c *checkpoints.Checkpoint) error
	// Validate measures the weights as they stand; nil where there is nothing to measure them on.
	Validate(ctx context.Context, at Position) (*Validation, error)
	// Export writes what the run has made into a new folder, at its end.
	Export(ctx context.Context, dir string, end Ending) error
	Close()
}

// Preparer is a Task with something older than the weights, which it renews from time to time. Before is called
// ahead of the step after done updates.
type Preparer interface {
	Before(ctx context.Context, done int) error
}

// Describer is a Task that says, before the first step, what is about to be learned: figures a person would check.
type Describer interface {
	Describe() []string
}

// Sizer is a Task whose memory a dry run can count, in bytes.
type Sizer interface {
	// Activations are what a micro-batch keeps for the way back, with activation checkpointing (recompute) or without.
	Activations(shape pack.Shape, recompute bool) int64
	// Tables are what the task holds beside weights, gradients and moments.
	Tables() int64
}

// Batch is a step's input and what is to be said of it.
type Batch struct {
	step.Batch
	Epoch  int
	Rows   []Row
	Source string // the file that Rows are numbered in
	// Line adds to the step's line in metrics.jsonl; nil adds nothing.
	Line func(*step.Result) map[string]any
}

// Row is a row of a batch: its number in the training file, from 1 after the header, and its text.
type Row struct {
	Row    int    `json:"row"`
	TextID string `json:"text_id"`
}

// Position is where a run stands.
type Position struct {
	Done   int          // updates
	Last   *step.Result // of the newest step, nil before the first
	Warmed bool         // the warm-up has ended: weights are no longer those of the start
}

// Ending is what a run's result is to say of it.
type Ending struct {
	Stage, Steps int
	Seed         uint64
}

// Validation is one look at held-out rows.
type Validation struct {
	Step int // updates done
	Line any // as metrics.jsonl has it: an object with "kind": "validation" and "step"
	Says string
	// Warning is for a person too, "" without one.
	Warning string
	// Score is the figure of a name that log.best may give, turned so that larger is better; nil where it is undefined.
	Score func(figure string) *float64
}
