// Package questionnaire turns options that judges chose into scores of values: numbers in, numbers out.
//
//	Probabilities   log-probabilities of options → shares, of which a model's bias may be taken off
//	Count           shares of several samples → one option, by votes, with a rule for ties
//	Inventory.Score answers of one respondent → means, centred means, and why the respondent is left out
//
// An inventory is items of scales, such as three questions for each of nineteen values, and groups of scales. Nothing
// is known here of a particular one.
//
// What is not there is NaN and never 0: an item without an answer, a scale without an answered item.
package questionnaire
