// Package report draws evaluations as one self-contained HTML page: no script, no request to anywhere,
// plots as inline SVG and tables coloured by the style sheet of package page, which finishes what is written here.
//
// All texts come from users and are hostile: everything goes through html/template, and nothing is marked
// as safe. The caller owes documents made by package evaluate; curves come from a run's metrics.jsonl.
// Sentences about what was learned are those of package evaluate, computed from intervals.
package report
