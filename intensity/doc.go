// Package intensity turns utilities into scores from −10 to 10, chooses the anchors that a response is ranked among,
// and says how stable scores are between judges.
//
// It is pure: arrays in, arrays out. The utilities come from hives/ranking. docs/INTENSITY.md derives the formulas.
//
// Three scales meet here:
//
//	utility θ   logits, from rankings; its mean over the pool is 0
//	score       10 (θ − μ)/M with M = max|θ − μ| over the pool, and 0 is the pool's middle, not "neutral"
//	final       a score blended with what people said of the text: (1−λ) score + λ h̄
//
// "Anchor" means here: a text of the pool, with a final score, that stands beside a response in a judge's window.
//
// Axis letters: N texts of a pool, k places of a window, m windows of a response, J judges, P prompts, I items.
package intensity
