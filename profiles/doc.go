// Package profiles turns answers and texts into profiles of values: numbers in, numbers out.
//
// Of groups, such as those of a survey (files group*.go, survey*.go):
//
//	NewTerms        shares of a group's answers, intensities and weights of the options → a strength for each value,
//	                with its interval, and how far it lies from other groups'
//	Normalise       strengths of all groups → numbers that can be compared within a group, or within a value
//	Grade, Pick     a normalised strength → one of five words, and which values a prompt should name
//	Letter          what a language model answered → which option that is
//	Right           predictions beside a group's answers → outcomes, and those of who goes by the question alone
//	Sampled         outcomes of two systems → their accuracies and their difference, with intervals over questions
//
// Of texts (files text*.go):
//
//	FitTextModel    texts of known score, rows and an encoder → a model, in one file, with what it is worth on unseen
//	                groups
//	Read            a file of texts → a profile for each author
//	TextFit         the score of one text and its interval
//	ManyFit         the score of many texts and the interval of their mean
//
// Axis letters: Q questions, O options, G groups, V values, N rows or texts, D numbers of a vector,
// B draws.
//
// What is not there is NaN, and never 0: a value of which no option has an intensity, a group that nobody asked.
package profiles
