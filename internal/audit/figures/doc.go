// Package figures is what an audit found: how a language model holds values, how far prompts move it, where it refuses.
// It asks nobody. All of it is computed from what a run left, so it can be computed again at any time.
//
//	material.go   what figures are made of: queries, conditions, answers, scores
//	compute.go    material → Figures: levels, gains, refusals, compositions, and what of them stands
//	compose.go    prompts of several values
//	claims.go     which gain is beyond noise, corrected for how many there are
//	drift.go      two audits side by side
//	limits.go     conditions on which a pipeline fails
//	table.go      figures as a table and as CSV
//	page.go       figures as one page, with the answers behind every point; draw.go has its pictures
//	card.go       figures as a section of a model card
//
// Who may say what: a value whose judge cannot order the anchors has numbers and no claims. A gain is called one only
// if its p stands among all gains of the audit (Holm). What cannot be computed is null, with a reason.
package figures
