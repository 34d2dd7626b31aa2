// Package report draws evaluations as one self-contained HTML page: no script, no request to anywhere, plots as
// inline SVG and tables coloured by the style sheet of package page, which finishes what is written here.
//
// Where to begin: job.go (the commands, from rows to files), report.go (a page put together), view.go (its tables),
// plots.go, heat.go and curves.go (its pictures, by the axes of scale.go); experiment.go and markdown.go for a series
// of runs, runs.go for runs beside each other, anchors.go for banks.
//
// What a page shows is made here as strings and pixels; templates only place it. Every table and picture carries its
// figures as CSV beside it, and nothing depends on the clock or on a map's order: the same document gives the same
// page.
//
// Words: an anchor of a page's section on anchors is a sentence of a bank; in a table of bin pairs it is the row from
// which others are ranked, and the table says "anchors" for how many of these there are. A system is whatever gave
// the vectors that were measured: a model, a control, the truth.
//
// All texts come from users and are hostile: everything goes through html/template, and nothing is marked as safe.
// The caller owes documents made by package evaluate; curves come from a run's metrics.jsonl. Sentences about what
// was learned are those of package evaluate, computed from intervals.
//
// Invariant: no number is computed here that a claim rests on. What is drawn are the document's figures, and
// metrics.json beside the page has them all.
package report
