// Package run asks in an audit: hives steer run.
//
//	config.go   who takes part: the subject, which is measured; the rubric, which tells refusals; judges, who score
//	job.go      a run from its files to its record, and the estimate before anybody is asked
//	ask.go      each query under each condition, and whether the answer refuses
//	score.go    each answer on the scale of each value that it was steered by, among texts of known score
//	record.go   all of it as the record of package audit
//
// Invariant: an answer is in the votes file before it counts, so a run that is killed anywhere goes on, asks nothing
// twice but what was under way, and ends with the record of an unbroken run, byte for byte.
//
// What is drawn hangs on the query, the condition and the seed alone, so another value, regime or number of queries
// changes no prompt and no answer that is there. A default answer and a steered one to the same query meet the same
// anchors at the same places, and the judge's sharpness is fitted to both together: their difference holds nothing of
// the scale.
package run
