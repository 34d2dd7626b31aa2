// Package runs lists, shows and compares training runs: what hives runs prints, as text, JSON or a page.
//
// Figures come from an Index, checkpoints and the lock from the folders themselves. Nothing of a run is changed. A
// setting counts as changed against the defaults of the run's own stage. A figure stands with the step it is of:
// one that was undefined at the last validation is an older one.
//
// An Index is an SQLite file over folders of training runs, so that hundreds of runs of 10⁵ lines each can be
// listed and compared without reading them all again. It holds nothing that the run folders do not: it may be
// removed at any time and is filled anew. Refresh reads run.json and config.toml of each run, and of metrics.jsonl
// what was added since the last time. A log that was cut, as a resume does, is read again from the start. A torn
// last line is left for the next time; a whole line that is no record is counted and passed over, for the run's own
// resume to refuse. Runs that are gone are dropped; folders without run.json are no runs and are only looked into.
// One process writes at a time and others wait (WAL, immediate transactions). The caller owes a Close.
//
// An index over hundreds of runs, and why it is quick: of a log of 100,000 lines that has grown by 20 since the
// last look, the 20 are read, and a digest of the 4 KiB before them says that the rest is what it was.
//
// Where to begin:
//
//	job.go        the three commands: which folders, which index, which form of output
//	find.go       which folders are runs
//	refresh.go    from folders into the index; log.go: what is new of a log
//	store.go      the file; schema.sql draws it
//	query.go      from the index
//	summary.go    a run in a line: its status, where it began
//	document.go   runs side by side: settings, curves; text.go: the same on a terminal
//
// Words: a figure is a number that a log gives at steps, named by the kind of its line and its field, such as
// "train loss" or "validation ranking_accuracy.within_corpus".
package runs
