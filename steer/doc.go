// Package steer is the arithmetic of steering a language model by its prompt: scores in, figures out.
//
//	GainOf          scores without and with a prompt that steers → how far the answers moved, and with what doubt
//	CurveOf         the same of one value under all its targets: gains, asymmetry, dose
//	Compose         gains under a prompt of several values → how far they are from the asked direction, and from a sum
//	CountRefusals   judgements of answers → a rate with Wilson's interval
//	Split           do values move answers only where a question is about them?
//	Ablate          how far scores move when they are made with fewer windows
//	PairedOf        two audits, or two conditions, on the same queries; Corrected for being many
//
// A score is a number from −10 to 10. What is missing is NaN, and what is not defined is NaN, never 0: an answer
// without a usable score has none, and a gain of one query has no error.
//
// A query is what must not be counted twice. Answers to one query hang together, so all errors and intervals are over
// queries, and a bootstrap draws whole queries. Draws follow from a seed.
package steer
