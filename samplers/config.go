package samplers

import (
	"maps"
	"math"
	"slices"

	"hives/data"
	"hives/internal/fault"
)

// Values of IntraTheoryConfig's choices.
const (
	Keep   = "keep"   // FalseNegatives: only the row's own label counts, as in the authors' sampler
	Anchor = "anchor" // FalseNegatives: no text is the negative of an anchor whose value it carries
	All    = "all"    // FalseNegatives: as Anchor; the loss leaves out those of all other pairs
	Drop   = "drop"   // FalseNegatives: an older name of Anchor

	// DefaultFalseNegatives is that of every run that does not say; docs/LOSSES.md has what was measured.
	DefaultFalseNegatives = All

	SameTheory = "theory" // Negatives: from the whole theory, as in the paper
	SameCorpus = "corpus" // Negatives: from the theory's rows of the anchor's own corpus

	Natural  = "natural"  // AnchorWeighting: every row alike
	Sqrt     = "sqrt"     // AnchorWeighting: a (path, direction) of n rows weighs √n
	Balanced = "balanced" // AnchorWeighting: every (path, direction) weighs the same
)

// IntraTheoryConfig configures the sampler of Stage 1. Its zero value is refused; begin with DefaultIntraTheory.
type IntraTheoryConfig struct {
	BatchSize       int    // B, anchor included
	Positives       int    // most positives of an anchor
	Seed            uint64 // of the order of anchors and of every draw
	FalseNegatives  string // Keep, Anchor or All
	Negatives       string // SameTheory or SameCorpus
	AnchorWeighting string // Natural, Sqrt or Balanced

	// TheoryWeights multiplies the weight of a theory's anchors; 0 leaves the theory out, a theory that
	// is not named has 1.
	TheoryWeights map[string]float64

	// Alt holds the further paths of each row, as Labels.Alternatives gives them; nil for none.
	Alt [][][3]int32 // [N][]
}

// DefaultIntraTheory returns the paper's batch with the rule against false negatives: an anchor, up to four
// positives, the rest of 64 negatives. Whoever repeats the paper to the letter sets FalseNegatives to Keep.
func DefaultIntraTheory() IntraTheoryConfig {
	return IntraTheoryConfig{
		BatchSize: 64, Positives: 4,
		FalseNegatives: DefaultFalseNegatives, Negatives: SameTheory, AnchorWeighting: Natural,
	}
}

// Validate refuses a configuration that no labels could satisfy. What only these labels cannot satisfy is
// validate's, and, for want of negatives, refuseShortage's.
func (c *IntraTheoryConfig) Validate() error {
	if c.Positives < 1 || c.BatchSize < c.Positives+2 {
		return fault.New(fault.Invalid,
			"samplers: batch size %d with %d positives: at least 1 positive and, beside anchor and positives, 1 negative "+
				"are needed",
			c.BatchSize, c.Positives)
	}
	choices := []struct {
		name, value string
		allowed     []string
	}{
		{"false negatives", c.FalseNegatives, []string{Keep, Anchor, All, Drop}},
		{"negatives", c.Negatives, []string{SameTheory, SameCorpus}},
		{"anchor weighting", c.AnchorWeighting, []string{Natural, Sqrt, Balanced}},
	}
	for _, ch := range choices {
		if !slices.Contains(ch.allowed, ch.value) {
			return fault.New(fault.Invalid, "samplers: %s %q: one of %q", ch.name, ch.value, ch.allowed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.TheoryWeights)) {
		if w := c.TheoryWeights[name]; !(w >= 0) || math.IsInf(w, 1) {
			return fault.New(fault.Invalid, "samplers: weight %v of theory %q is not a number ≥ 0", w, name)
		}
	}
	return nil
}

// validate also refuses a configuration that does not fit labels. A theory that is weighted but has no row is
// most likely misspelt, and would silently train at weight 1.
func (c *IntraTheoryConfig) validate(labels *data.Labels) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if c.Alt != nil && len(c.Alt) != labels.Len() {
		return fault.New(fault.Mismatch, "samplers: alternative paths for %d rows, labels for %d", len(c.Alt), labels.Len())
	}
	for _, name := range slices.Sorted(maps.Keys(c.TheoryWeights)) {
		if !slices.Contains(labels.TheoryNames, name) {
			return fault.New(fault.Invalid, "samplers: theory weight for %q, the rows have %q", name, labels.TheoryNames)
		}
	}
	return nil
}

// theoryWeight is the factor of one theory's anchors: with {"svt": .5} an anchor of svt opens half as many
// batches of an epoch as one of another theory. The number of batches stays that of the anchors.
func (c *IntraTheoryConfig) theoryWeight(name string) float64 {
	if w, named := c.TheoryWeights[name]; named {
		return w
	}
	return 1
}
