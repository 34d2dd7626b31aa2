package samplers

import (
	"math"

	"hives/data"
	"hives/internal/fault"
)

// Values of TripleConfig.Mode.
const (
	// Apart keeps the three parts one after the other, each anchor part with unlike ids.
	Apart = "apart"
	// Authors repeats two defects of the authors' sampler, to measure what they cost: an anchor part holds
	// the rows of one id, and the batch is shuffled, so that a cut by position mixes the parts.
	Authors = "authors"
)

// partNames are those of messages, partDomains the random streams of the anchor parts. Both are part of what a
// stored run depends on: another domain would draw other batches for the same seed.
var (
	partNames   = [3]string{"hierarchical", "individual", "theory"}
	partDomains = [2]uint64{domainIndividual, domainTheory}
)

// TripleConfig configures the sampler of Stage 2. Fractions must be those of the loss (losses.Stage2Config),
// which cuts the batch at the places they give.
type TripleConfig struct {
	IntraTheory IntraTheoryConfig // of the hierarchical part; BatchSize and Seed are the whole batch's
	Fractions   [3]float64        // of hierarchical, individual and theory rows
	Mode        string            // Apart or Authors
}

// DefaultTriple returns the paper's batch.
func DefaultTriple() TripleConfig {
	return TripleConfig{IntraTheory: DefaultIntraTheory(), Fractions: [3]float64{.5, .25, .25}, Mode: Apart}
}

// sizes cuts the batch by the rule of the loss: the first two parts rounded down, the rest to the last. A batch
// of 10 with .4, .3, .3 gives 4, 3, 3; of 9, gives 3, 2, 4.
func (c *TripleConfig) sizes() ([3]int, error) {
	if c.Mode != Apart && c.Mode != Authors {
		return [3]int{}, fault.New(fault.Invalid, "samplers: mode %q: one of %q", c.Mode, []string{Apart, Authors})
	}
	sum := 0.0
	for _, f := range c.Fractions {
		if !(f > 0) {
			return [3]int{}, fault.New(fault.Invalid, "samplers: fractions %v, want each above 0", c.Fractions)
		}
		sum += f
	}
	if math.Abs(sum-1) > 1e-9 {
		return [3]int{}, fault.New(fault.Invalid, "samplers: fractions %v add up to %g, want 1", c.Fractions, sum)
	}
	batch := c.IntraTheory.BatchSize
	var n [3]int
	for k := range 2 {
		n[k] = int(c.Fractions[k]*float64(batch) + 1e-9) // the small addend keeps .29·100 at 29
	}
	n[PartTheory] = batch - n[0] - n[1]
	for k, rows := range n {
		if rows < 1 {
			return n, fault.New(fault.Invalid, "samplers: batch size %d gives %d rows to the %s part, want 1 or more; "+
				"take a larger batch or fraction",
				batch, rows, partNames[k])
		}
	}
	return n, nil
}

// validate refuses ids that do not belong to n rows. That an id lies within the bank is not checked here: the
// sampler never sees the bank (losses.CheckAnchorIDs does that).
func (a AnchorIDs) validate(n int) error {
	for k, ids := range [2][]int32{a.Individual, a.Theory} {
		if len(ids) != n {
			return fault.New(fault.Mismatch, "samplers: %s ids for %d rows, labels for %d", partNames[k+1], len(ids), n)
		}
		for i, id := range ids {
			if id < data.NoAnchor {
				return fault.New(fault.Invalid, "samplers: row %d has the %s id %d, want 0 or more, or -1 for none", i+1,
					partNames[k+1], id)
			}
		}
	}
	return nil
}
