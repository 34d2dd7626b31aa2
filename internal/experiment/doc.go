// Package experiment judges a series of training runs against the base they began with: what hives report experiment
// does. It reads a file that names rows, base and runs; embeds what is to be measured, once, and keeps the vectors;
// lets package evaluate measure them, and package report draw them.
//
// Runs of the role screening are for choosing: only the validations that their training logged are used, and nothing of
// theirs is embedded. The others are finalists, measured on rows that nothing was fitted to or chosen by. A run that
// trained or validated on the measured rows is refused, and so are stored vectors of other weights than a run now has:
// a part that is measured twice, to take the better result, is no test.
//
// Where to begin: config.go (what the file names), job.go (the order of the work), runs.go (what runs say of
// themselves), vectors.go (vectors that are made once).
//
// The caller owes runs that are finished and rows with text_id and group. With Redraw no model is opened.
//
// Axis letters: T texts, D width of a vector.
package experiment
