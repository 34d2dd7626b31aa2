package evaluate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// definitions say in one line what each figure is. They stand in every document, so that a file of figures can be
// read without its program.
var definitions = map[string]string{
	"ranking_accuracy": "expected share of right bin pairs when one candidate is drawn from each of five bins of " +
		"closeness in the value tree; exact over all candidates, mean over anchors, a tie is wrong (half right in " +
		"ranking_accuracy_ties_half, which tables and differences take for controls without a model), rows of the anchor's " +
		"own text are never candidates",
	"similarity_correlation": "Pearson correlation over row pairs of the cosine with the number of equal levels plus " +
		"half for an equal direction; pairs of one text left out; within_corpus pools the pairs of all corpora and so " +
		"follows how corpora differ as well: claims rest on similarity_correlation_corpus_mean, the mean of the " +
		"correlation in each corpus alone",
	"direction_accuracy": "share of candidate pairs of the anchor's path in which the one of the anchor's direction " +
		"is closer; rows with a judged direction only",
	"orthogonality": "mean of 1 − |cosine| between the value vectors of a theory (svt and right level 2, " +
		"mft and duty level 1, one's own theory the level above its finest); it describes a space and proves nothing: " +
		"random vectors score near the top",
	"text_level": "the same ranking over whole texts, two texts being as close as their closest labels; " +
		"and the correlation of the cosine with the Jaccard overlap of label sets",
	"bin_pairs": "mean over anchors of the probability that a candidate of bin p is closer than one of bin " +
		"q; bins: 0 same path and direction, 1 same path and other direction, 2 levels 1–2 equal, 3 level 1 equal, " +
		"4 level 1 unlike",
	"neighbours":           "share of rows whose label the k nearest rows vote for, among rows that have the label",
	"mean_cosine_distance": "mean of 1 − cosine over row pairs, by how deep their paths agree",
	"base": "an untrained model's vectors: raw; centred: minus the mean over the training texts; " +
		"centred_scaled: each number also divided by its deviation there; logistic: probabilities minus base rates of a " +
		"classifier on the latter, fitted on the training rows",
	"scopes": "all: every candidate; within_theory and within_corpus: candidates and pairs of the anchor's own " +
		"theory or corpus; claims rest on within_corpus",
	"intervals": "95 % percentile bootstrap over groups, first order in the weights; differences are paired, " +
		"on the same draws; p is two-sided, by Student's t of the bootstrap's standard error, before any correction; " +
		"findings correct it by Holm over all differences that they rest on",
}

// explain gives every null of the document a reason under skipped. It reads the document as JSON, as a user does:
// a figure that is added later cannot be null without a reason, whoever forgets it here.
//
// Invariant: every null of a document has its path under skipped.
func explain(document any, c *Common, systems map[string]*System) error {
	// Written and read again: the nulls of the document are those that a reader of it meets. A
	// field that is added later is among them without a word here.
	raw, err := json.Marshal(document)
	if err != nil {
		return err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return err
	}
	for name, s := range c.Controls {
		systems["controls."+name] = s
	}
	for path := range nulls(tree, "") {
		if _, ok := c.Skipped[path]; !ok {
			c.Skipped[path] = reason(path, systems)
		}
	}
	return nil
}

// nulls returns the paths of null members; nulls within an array count for the array. {"a": {"b": null}, "c": [1,
// null]} gives a.b and c. A matrix of five bins has fifteen empty cells by its nature, and as many lines would say one
// thing over and over.
func nulls(tree any, path string) map[string]bool {
	out := map[string]bool{}
	add := func(more map[string]bool) {
		for p := range more {
			out[p] = true
		}
	}
	switch t := tree.(type) {
	case nil:
		out[path] = true
	case map[string]any:
		for key, child := range t {
			add(nulls(child, strings.TrimPrefix(path+"."+key, ".")))
		}
	case []any:
		for _, child := range t {
			if len(nulls(child, path)) > 0 {
				out[path] = true
			}
		}
	}
	return out
}

// generic reasons by the first part of a figure's path that matches. The order matters: "heat_maps" stands before
// the figures whose names a map's path may hold as well.
//
//	intervals.direction_accuracy.low                      "interval" stands before "direction_accuracy"
//	text_level.by_theory.svt.jaccard_correlation.all      "jaccard_correlation" before "correlation"
var generic = []struct{ part, reason string }{
	{"bin_pairs", "only pairs p < q exist, and only where an anchor has candidates in both bins"},
	{"heat_maps", "two values have no pair of rows from different texts"},
	{"orthogonality", "fewer than two values of this theory have enough rows on both sides"},
	{"interval", "the figure is undefined, or there are fewer than five groups to resample"},
	{"direction_accuracy", "no row has a candidate of the same path and direction and one of the other direction, " +
		"both judged"},
	{"jaccard_correlation", "all cosines or all overlaps are equal, so there is no correlation"},
	{"spearman", "all cosines or all affinities are equal, or there are too many pairs to rank"},
	{"correlation", "all cosines or all affinities are equal, so there is no correlation"},
	{"ranking_accuracy", "no anchor has candidates in two bins"},
	{"neighbours", "no row has this label and a neighbour in this scope"},
	{"mean_cosine_distance", "there is no such pair of rows"},
}

// reason prefers what the system itself noted. The generic ones are looked through in order, the more particular
// first. That a control has no model is told by the last part of a path alone: keys of differences begin with
// "model_minus" as well.
//
//	controls.truth.orthogonality.duty     what the system controls.truth noted under orthogonality.duty
//	before.intervals.orthogonality.duty   the same of before: figure and interval
//	after.neighbours.k1.all.level_3       the generic one of neighbours
func reason(path string, systems map[string]*System) string {
	for _, name := range slices.Sorted(maps.Keys(systems)) {
		rest, ok := strings.CutPrefix(path, name)
		if s := systems[name]; ok && s != nil {
			rest = strings.TrimPrefix(rest, ".")
			// A figure and its interval share a reason: one is undefined because the other is.
			if r, ok := s.reasons[rest]; ok {
				return r
			}
			if r, ok := s.reasons[strings.TrimPrefix(rest, "intervals.")]; ok {
				return r
			}
		}
	}
	if path == "model" || strings.HasSuffix(path, ".model") {
		return "this control is not a model"
	}
	for _, g := range generic {
		if strings.Contains(path, g.part) {
			return g.reason
		}
	}
	return "the data does not define it"
}
