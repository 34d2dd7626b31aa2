package main

import "hives/internal/cli"

// flagGroups are the headings of the flags in train --help, in the order in which a run is thought of: where it
// lies, what it learns from, what learns, how, on what, and what is kept of it.
var flagGroups = []cli.FlagGroup{
	{Title: "The run", Names: []string{
		"out", "resume", "settings", "allow-changed", "steps", "seed", "smoke", "dry-run", "json", "step", "origin"}},
	{Title: "Rows", Names: []string{
		"data", "validation", "validation-fraction", "split-seed", "skip-bad", "permute-labels", "theories"}},
	{Title: "Model", Names: []string{
		"model", "from", "tokenizer", "layers", "freeze-layers", "states", "max-length", "pooling"}},
	{Title: "Loss and batches", Names: []string{
		"stage", "loss", "temperature", "batch-size", "negatives", "false-negatives", "anchor-weighting", "theory-weights"}},
	{Title: "Stage 2", Names: []string{
		"individual-bank", "theory-bank", "banks", "batching", "permute-anchors"}},
	{Title: "Stage sft", Names: []string{"epochs", "overlong", "template"}},
	{Title: "Optimiser", Names: []string{"learning-rate", "weight-decay"}},
	{Title: "Adapters", Names: []string{"lora-rank", "lora-alpha", "lora-targets"}},
	{Title: "Arithmetic and memory", Names: []string{
		"engine", "threads", "devices", "precision", "recompute", "packs", "moments", "split-update", "packing"}},
	{Title: "Log and checkpoints", Names: []string{
		"log-every", "validate-every", "checkpoint-every", "checkpoint-sync", "metrics-listen", "insecure-no-auth"}},
	{Title: "Settings", Names: []string{"config", "set", "help", "version"}},
}
