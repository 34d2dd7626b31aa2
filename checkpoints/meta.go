package checkpoints

import (
	"encoding/json"

	"hives/internal/fault"
)

// Format is the newest folder layout that this build reads and the one it writes.
const Format = 1

// Kind stands in every checkpoint's files.
const Kind = "hives.checkpoint"

// Meta says what a checkpoint's tensors belong to and where the run goes on. Step and SamplerStep are
// counted apart because accumulating gradients draws several batches for one step of the optimiser.
type Meta struct {
	Format      int      `json:"format"` // set by Save
	Kind        string   `json:"kind"`   // set by Save
	Stage       int      `json:"stage"`
	Step        int      `json:"step"`         // optimiser steps done
	SamplerStep int      `json:"sampler_step"` // the next batch to draw
	Seed        uint64   `json:"seed"`
	Schedule    Schedule `json:"schedule"`
	// state of the host that is no tensor: the loss scale, the newest step's figures
	Counters map[string]float64 `json:"counters,omitempty"`
	Hashes   map[string]string  `json:"hashes,omitempty"`   // SHA-256, hex: config, data, tokenizer, base, anchors
	Versions map[string]string  `json:"versions,omitempty"` // whatever bits may depend on
	// the run's settings as TOML, whose hash is Hashes["config"]
	Config    string            `json:"config,omitempty"`
	Theories  map[string]string `json:"theories,omitempty"`   // the files of own theories, whole, by theory
	Score     *float64          `json:"score,omitempty"`      // validation figure of these weights, larger is better
	ScoreName string            `json:"score_name,omitempty"` // which figure
}

// Schedule is the learning-rate schedule's parameters; together with Step they give the rate. The rate itself is
// not kept: two records of one thing could disagree.
type Schedule struct {
	Name             string  `json:"name"`
	PeakLearningRate float64 `json:"peak_learning_rate"`
	WarmupSteps      int     `json:"warmup_steps"`
	TotalSteps       int     `json:"total_steps"`
}

// decodeMeta reads state.json and refuses what this build does not understand. Unknown fields are ignored: within
// a format fields may be added, and an older build can still go on.
func decodeMeta(raw []byte) (Meta, error) {
	var m Meta
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fault.New(fault.Corrupt, "%s: %w", stateFile, err)
	}
	if m.Kind != Kind || m.Format < 1 {
		return m, fault.New(fault.Corrupt, "%s: kind %q, format %d: no checkpoint", stateFile, m.Kind, m.Format)
	}
	if m.Format > Format {
		return m, fault.New(fault.Mismatch, "checkpoint format %d, this build reads up to %d: use a newer build",
			m.Format, Format)
	}
	return m, nil
}
