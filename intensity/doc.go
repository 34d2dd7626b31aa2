// Package intensity turns utilities into scores from −10 to 10, chooses the anchors that a response is ranked among,
// and says how stable scores are between judges.
//
// It is pure: arrays in, arrays out. The utilities come from hives/ranking. docs/INTENSITY.md derives the formulas.
//
//	calibrate.go   utilities of a pool → scores, and back; the neutral point
//	panel.go       which texts of a pool stand beside a response, and where it stands among them
//	score.go       what a judge answered → the score of a response, with its interval and its guards
//	compare.go     methods beside each other on the same items, with intervals
//	ridge.go       scores from vectors, on folds that were not seen
//	foretell.go    what a vector lets expect of a text's score, and how far that is off; refused where it is nothing
//	stability.go   how much scores hang on who is asked and how
//
// Three scales meet here:
//
//	utility θ   logits, from rankings; its mean over the pool is 0
//	score       10 (θ − μ)/M with M = max|θ − μ| over the pool, and 0 is the pool's middle, not "neutral"
//	final       a score blended with what people said of the text: (1−λ) score + λ h̄
//
// "Anchor" means here: a text of the pool, with a final score, that stands beside a response in a judge's window.
//
// Refused, with the text's or the window's number: utilities that are not finite, final scores beyond ±10, windows of
// texts that the pool has not. What is unknown is NaN or has a status, never 0, which is a score like any other.
//
// Axis letters: N texts of a pool, k places of a window, m windows of a response, J judges, P prompts, I items.
package intensity
