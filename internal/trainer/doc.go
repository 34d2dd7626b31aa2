// Package trainer is the front door of training: a run's configuration as a whole, and what one can do with it.
//
//	Run         Prepare (no engine, nothing written) and Ready.Run: train, or go on with a run
//	DryRun      what the run would need, measured over a few steps
//	ReplayStep  one step of a run again, from the newest checkpoint before it
//	Recover     run.json and config.toml again from the checkpoints
//	TrainedOn   what rows have in common with those that a model was trained on
//
// What is trained is a task, chosen by Config.Stage in the table tasks. The rooms behind the door:
//
//	start      weights, tokenizer, adapters, frozen layers       files → start.Point
//	contrast   the task of Stages 1 and 2                        files → contrast.Inputs → contrast.Task
//	loop       a run of any task, and its folder                 loop.Inputs → loop.Task → steps, checkpoints, final/
//	step       one update as compiled graphs                     step.Batch → step.Result
//	state      the variables that make a run's future            state.Parameters ↔ a checkpoint
//
// The journey of a row: data.Row → token ids and label ids, once (contrast.Corpus) → a batch, which is a function
// of seed and step alone (samplers) → micro-batches of packed texts, and labels (contrast.Batch) → loss,
// gradients and update in one graph (step.Stepper) → a line of metrics.jsonl, a validation, a checkpoint
// (loop.Loop).
//
// Where to put what is new: a loss is a file in contrast and a line in its table; a task is a package that makes
// loop.Inputs, a section of Config and a line in tasks; a way of saving memory belongs to step, and every task has it.
//
// The caller owes an open engine and a run folder nobody else writes to. Refused, before an engine is opened and
// before a folder is made: settings outside their domain (Config.Validate names each), inputs that are not there,
// rows that do not fit the tokenizer or the sampler. Refused later: a resume whose data, tokenizer, configuration
// or frozen weights differ, and going on after the first loss or gradient that is not finite.
//
// Axis letters, here and in the rooms: B rows of a batch, E anchor sentences encoded with it, T text slots of a
// micro-batch, R packed rows, S positions of a row, H hidden, K sentences of a bank or places of a figure, L levels.
package trainer
