// Package compare sets finished questionnaires beside each other: hives questionnaire compare.
//
//	run.go       folders → figures → compare.json, a CSV a table, an SVG a picture, one page
//	models.go    of each model: correlations, map turned onto the base's, circle; changes from the base by persona
//	curves.go    degree that was trained against score: Kendall's τ, slope, range
//	questions.go principal components of questions' vectors
//	draw.go      pictures
//
// Two runs are compared persona by persona where the same personas answered; else a change has no interval, and the
// result says so. All runs owe one inventory: scores of different questions are not one scale.
//
// What can be undefined is: a value that is constant has no correlation, and a model with an undefined correlation has
// no map, since a distance would have to be guessed.
package compare
