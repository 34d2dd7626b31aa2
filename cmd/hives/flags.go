package main

import "hives/internal/cli"

// flagGroups are the headings of every command's flags. A flag means the same in all commands that have it, so its
// name decides. TestEveryCommandTeaches fails for a flag that stands in no list.
// The order here is the order in the help: what goes in and out, what computes, what is done, and what every
// command has.
var flagGroups = []cli.FlagGroup{
	// Files first, in about the order in which they are named on a command line.
	{Title: "Input and output", Names: []string{
		"config", "set", "in", "survey", "profiles", "author-column", "author", "profile", "data", "rows", "train-data",
		"validation", "held-out", "vectors", "anchors",
		"assigned", "db", "vidb", "base", "adapter",
		"before", "stage1", "after", "control", "random-before", "random", "run", "previous", "review", "names",
		"rules", "imports",
		"tokenizer", "include", "exclude", "revision", "out", "from", "keep",
		"left-out", "bank", "html", "quote", "report", "force", "json",
		"allow-changed", "dry-run", "yes"}},
	// These mean the same wherever a text becomes a vector (embedder.Options), or a model answers.
	{Title: "Model", Names: []string{
		"model", "precision", "max-length", "engine", "threads", "endpoint", "endpoint-model", "api-key-env",
		"endpoint-ca", "token-file",
		"prompt", "dimensions", "template", "system", "judge-endpoint", "judge-model"}},
	{Title: "In a pipeline", Names: []string{"fail-if"}},
	{Title: "What is done", Names: []string{
		"questions", "theory", "kind", "value", "values", "text", "zero", "definitions", "targets", "format", "dtype",
		"name", "licence",
		"fractions", "seed",
		"resamples", "sides", "min-side", "top", "number", "shard", "block", "margin", "max-distance", "not-for",
		"any-base", "method", "of", "weights", "no-normalise",
		"skip-bad", "k", "restarts", "max-passes", "mini-batch", "exemplars", "min-exemplars", "merge", "match",
		"llm", "self-judge", "items", "slots", "gate", "personas", "points", "bench", "batch", "choose",
		"repeats",
		"redraw", "jobs", "listen", "reviewer", "choices", "choice", "schema", "scores", "temperature",
		"share", "weighting", "nearest", "group", "question", "sentences", "rotations", "shuffled",
		"top-k", "top-p", "min-p", "max-tokens", "stop"}},
	{Title: "Pools, windows, fits, intervals", Names: []string{
		"panel", "utility", "scale", "estimate", "max-se", "prompts", "texts",
		"size", "max-chars", "dedupe", "judge", "judges", "counted", "wording", "m", "pairing", "order", "overlap",
		"solver", "prior", "fit-model", "calibration", "ties", "bootstrap", "allow-disconnected", "no-guard", "lambda",
		"licence-ok", "authors", "with", "prior-vectors", "response-vectors"}},
	{Title: "Steering", Names: []string{
		"source", "each", "queries", "regimes", "words", "bins", "ablate",
		"count", "instructions", "draws", "filter", "threshold",
		"pairs", "other", "layers", "coefficients", "unit", "max-cost", "random-vectors", "answers",
		"embedder", "rows-file", "held-out-values", "form", "prompt-rows", "width", "steps", "batch-size", "rate"}},
	{Title: "Answers of a degree", Names: []string{
		"statements", "decomposition", "levels", "level", "roles", "near", "rewrites", "retry", "aggregate", "condition",
		"balance", "people", "definition"}},
	{Title: cli.OtherFlags, Names: []string{"theories", "help", "version"}},
}
