// Package runstore keeps a training run's folder:
//
//	run.json        id, status, versions, hashes, own theories; its presence makes a folder a run
//	config.toml     the effective configuration the run was begun with
//	metrics.jsonl   one JSON object a line, each with its "step"
//	checkpoints/    step-000000120/, see package checkpoints
//	final/          the model folder of a finished run
//	lock            flock(2), freed by the kernel when its holder dies
//
// One process holds a run: Create and Open take the lock and refuse a folder that another process holds,
// and Create refuses one that holds another run or anything foreign. The caller owes a Close.
//
// After a resume the metrics log equals that of an uninterrupted run, provided that what a step logs is
// appended before that step's checkpoint is saved and holds no times.
//
// A run's life, and what a reader sees of it at each moment:
//
//	Create              config.toml, then run.json with status running
//	a step              a line in metrics.jsonl
//	a checkpoint        the log is synced, then the checkpoint's folder appears
//	SIGTERM             a checkpoint, then status interrupted
//	kill -9             status stays running, and nobody holds the lock: Held is false
//	Open                leftovers are cleared, the log is cut to the checkpoint, resumes + 1
//	the end             final/ appears, then status finished
package runstore
