package losses

import (
	"math"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"hives/internal/fault"
)

// Stage2Config chooses the alignment loss
//
//	L = L_hier + WeightIndividual · L_individual + WeightTheory · L_theory
type Stage2Config struct {
	Hierarchical HierarchicalConfig
	// WholeBatch gives every row to all three terms; otherwise the batch is cut by position into the
	// parts of Split, so it must not be shuffled.
	WholeBatch bool
	// AnchorFree puts supervised contrast among rows of equal id in the place of both InfoNCE terms, as
	// the authors' code does. It takes no banks and is for comparison only.
	AnchorFree            bool
	Fractions             [3]float64 // of hierarchical, individual and theory rows; they add up to 1
	TemperatureIndividual float64    // τ of each anchor term, apart from the hierarchical one's
	TemperatureTheory     float64
	WeightIndividual      float64 // the hierarchical term has weight 1
	WeightTheory          float64
}

// DefaultStage2 is the paper's Stage 2 with the SkipEmpty hierarchical term.
func DefaultStage2() Stage2Config {
	return Stage2Config{
		Hierarchical:          DefaultHierarchical(),
		Fractions:             [3]float64{.5, .25, .25},
		TemperatureIndividual: .07,
		TemperatureTheory:     .07,
		WeightIndividual:      .5,
		WeightTheory:          1,
	}
}

// stage2Names are the named settings, each a change of DefaultStage2. The names are those of the reference
// values, so that a figure in a log can be traced to them.
var stage2Names = map[string]func(*Stage2Config){
	"paper_sub_batches":            func(c *Stage2Config) { c.Hierarchical.Variant = Paper },
	"paper_whole_batch":            func(c *Stage2Config) { c.Hierarchical.Variant = Paper; c.WholeBatch = true },
	"paper_sub_batches_skip_empty": func(*Stage2Config) {},
	"paper_whole_batch_skip_empty": func(c *Stage2Config) { c.WholeBatch = true },
	"code_sub_batches":             func(c *Stage2Config) { c.Hierarchical.Variant = HMCE; c.AnchorFree = true },
}

// Stage2Named returns a named setting; the empty name is DefaultStage2.
func Stage2Named(name string) (Stage2Config, error) {
	cfg := DefaultStage2()
	if name == "" {
		return cfg, nil
	}
	change, known := stage2Names[name]
	if !known {
		var names []string
		for n := range stage2Names {
			names = append(names, n)
		}
		slices.Sort(names)
		return cfg, fault.New(fault.Invalid, "losses: unknown stage 2 loss %q; choose one of %s",
			name, strings.Join(names, ", "))
	}
	change(&cfg)
	return cfg, nil
}

// Validate refuses temperatures, weights and fractions that make no loss.
func (c Stage2Config) Validate() error {
	if err := c.Hierarchical.Validate(); err != nil {
		return err
	}
	if err := checkTemperature("individual temperature", c.TemperatureIndividual); err != nil {
		return err
	}
	if err := checkTemperature("theory temperature", c.TemperatureTheory); err != nil {
		return err
	}
	if !(c.WeightIndividual >= 0) || !(c.WeightTheory >= 0) {
		return fault.New(fault.Invalid, "losses: weights %g and %g, want 0 or more", c.WeightIndividual, c.WeightTheory)
	}
	sum := 0.0
	for _, f := range c.Fractions {
		if !(f > 0) {
			return fault.New(fault.Invalid, "losses: fractions %v, want each above 0", c.Fractions)
		}
		sum += f
	}
	if math.Abs(sum-1) > 1e-9 {
		return fault.New(fault.Invalid, "losses: fractions %v add up to %g, want 1", c.Fractions, sum)
	}
	return nil
}

// Split returns how many of batch rows belong to the hierarchical, individual and theory part, in this order: the
// first two rounded down, the rest to the last. Of 64 by ½, ¼, ¼: 32, 16, 16. The sampler lays its batches out by
// the same rule (samplers.Triple).
func (c Stage2Config) Split(batch int) (hier, individual, theory int) {
	// The small addend keeps .29·100 at 29.
	hier = int(c.Fractions[0]*float64(batch) + 1e-9)
	individual = int(c.Fractions[1]*float64(batch) + 1e-9)
	return hier, individual, batch - hier - individual
}

// Stage2Inputs are the nodes of one batch. Banks are raw rows; they are normalised here.
type Stage2Inputs struct {
	Z                          *Node // [B, H] raw vectors
	Labels                           // of all rows; the hierarchical term takes those of its part
	IndividualIDs, TheoryIDs   *Node // [B] Int32, −1 where none
	IndividualBank, TheoryBank *Node // [K, H]; nil with AnchorFree
}

// Stage2Result is the weighted sum and its unweighted parts.
type Stage2Result struct {
	Loss               *Node // scalar
	Hierarchical       Result
	Individual, Theory *Node // scalars
}

// Stage2 is the alignment loss of the package's Stage2Config. Source: VALUEFLOW section 4.
//
// The vectors are normalised once for all terms; banks are normalised where they are used. The caller owes rows
// in the order of the parts, and ids that the banks hold (CheckAnchorIDs).
func Stage2(cfg Stage2Config, in Stage2Inputs) Stage2Result {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	hier, individual, theory := cfg.parts(in.Z.Shape().Dim(0))
	e := Normalize(in.Z) // [B, H]; each term takes its rows of it
	var r Stage2Result
	r.Hierarchical = hierarchical(cfg.Hierarchical, hier.of(e), in.Labels.of(hier))
	r.Individual = cfg.anchorTerm(individual.of(e), individual.of(in.IndividualIDs), in.IndividualBank,
		cfg.TemperatureIndividual)
	r.Theory = cfg.anchorTerm(theory.of(e), theory.of(in.TheoryIDs), in.TheoryBank, cfg.TemperatureTheory)
	r.Loss = Add(r.Hierarchical.Loss,
		Add(MulScalar(r.Individual, cfg.WeightIndividual), MulScalar(r.Theory, cfg.WeightTheory)))
	return r
}

// anchorTerm is InfoNCE against bank, or its stand-in of the authors' code. e: [b, H] and ids: [b] are of the
// term's own rows, bank: [K, H] is raw.
func (c Stage2Config) anchorTerm(e, ids, bank *Node, tau float64) *Node {
	if c.AnchorFree {
		return sharedID(e, ids, tau)
	}
	if bank == nil {
		exceptions.Panicf("losses: stage 2 without AnchorFree needs both anchor banks")
	}
	return InfoNCE(e, Normalize(bank), ids, tau)
}

// rows is the half-open range [from, to) of a batch: {32, 48} are the 16 rows of the individual part of 64.
type rows struct{ from, to int }

func (r rows) of(x *Node) *Node { return SliceAxis(x, 0, AxisRange(r.from, r.to)) }

// parts returns the rows of each term. A part without rows is refused: its term would be 0 whatever the vectors
// are.
func (c Stage2Config) parts(batch int) (hier, individual, theory rows) {
	if c.WholeBatch {
		all := rows{0, batch}
		return all, all, all
	}
	h, i, t := c.Split(batch)
	if h == 0 || i == 0 || t == 0 {
		exceptions.Panicf("losses: batch of %d splits into parts of %d, %d and %d rows; each needs one", batch, h, i, t)
	}
	return rows{0, h}, rows{h, h + i}, rows{h + i, batch}
}
