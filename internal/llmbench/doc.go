// Package llmbench puts published test sets to a language model: hives llm-bench. The files are the user's; none is in
// the repository.
//
//	tasks.go     the table of tasks: how each file is read and what is measured
//	choice.go    files whose answers are given: HellaSwag, OpenBookQA, CommonsenseQA, RTE, WinoGrande, BBQ, pairs
//	open.go      files whose answers are written: MT-Bench, XSTest, prompts under many ways of sampling
//	run.go       items → questions to package judge → answers, which are kept in the votes file
//	figures.go   answers → figures with intervals, beside what guessing would give
//
// How a given answer is scored, an item of three options:
//
//	                 log P     bytes   log P a byte
//	the library      −9.1      11      −.83
//	home             −7.5      4       −1.88          acc takes the largest log P: home
//	a very long way  −12.0     15      −.80           acc_norm takes the largest a byte: a very long way
//
// The same options are scored a second time with N/A in the question's place ("blind"): a model that does as well
// without the question has not read it. Log-probabilities have the end of the turn in, and questions stand in the
// model's chat template, so figures are not those of programs that do otherwise: compare models within this one.
//
// Prompts that ask for harm are read from the user's file, kept by their hash and printed nowhere.
package llmbench
