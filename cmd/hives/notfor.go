package main

import (
	"hives/internal/anchors"
	"hives/internal/fault"
)

// refuseWeights refuses an embedder that the rows are to train: it would be taught its own opinion. Weights are
// compared by hash, so a copy under another name is found too.
//
// embedder is the SHA-256 of the weights that embed, "" of an endpoint that does not tell; notFor are model folders
// or hashes. Kinds of error: Mismatch where they are the same or cannot be compared, those of reading a folder
// else.
func refuseWeights(embedder string, notFor []string) error {
	// Passing it over would leave the user with a check that was never made.
	if len(notFor) > 0 && embedder == "" {
		return fault.New(fault.Mismatch, "the endpoint does not tell its weights, so --not-for cannot be checked; "+
			"use a model folder or embedd's gRPC")
	}
	for _, arg := range notFor {
		sum, err := anchors.WeightsOf(arg)
		if err != nil {
			return err
		}
		if sum == embedder {
			return fault.New(fault.Mismatch, "the embedder has the weights of %s, which these rows are to train; "+
				"embed with another model", arg)
		}
	}
	return nil
}
