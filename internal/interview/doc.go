// Package interview asks a language model open questions as many people would answer them, and has a judge read the
// answers: hives questionnaire.
//
//	personas.go    who is played: combinations of age, occupation and place, drawn by a seed
//	inventory.go   what is asked, on which scale it counts, and how scales belong together
//	ask.go         each persona answers each question; the judge reads each answer twice, its options in both orders
//	result.go      shares → votes → scores of values, centred, with intervals; how values lie to each other
//	page.go        the same as a page
//
// Two voters take part: the respondent, who is measured, and the judge. Every answer and every reading is in the votes
// file before it counts (package judge), so that a run goes on at any point, and scores can be computed again without
// a call.
//
// What a result is not: our items are not the PVQ-RR's, a persona is not a person, and a judge that was not held to
// people may measure its own favourite option. The first line of every output says whether the judge was checked.
package interview
