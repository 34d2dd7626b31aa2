package losses

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"hives/internal/fault"
)

// HierarchicalConfig chooses the Stage 1 loss.
type HierarchicalConfig struct {
	Variant     Variant
	Temperature float64 // τ: cosines are divided by it
}

// DefaultHierarchical is SkipEmpty at the paper's τ of 0.1.
func DefaultHierarchical() HierarchicalConfig {
	return HierarchicalConfig{Variant: SkipEmpty, Temperature: 0.1}
}

// Validate refuses an unknown variant and a temperature that is not a positive number.
func (c HierarchicalConfig) Validate() error {
	if _, known := variantRules[c.Variant]; !known {
		return fault.New(fault.Invalid, "losses: unknown variant %q; choose one of %v", c.Variant, Variants())
	}
	return checkTemperature("temperature", c.Temperature)
}

func checkTemperature(name string, tau float64) error {
	if !(tau > 0) || math.IsInf(tau, 0) {
		return fault.New(fault.Invalid, "losses: %s %g, want a positive number such as 0.1", name, tau)
	}
	return nil
}

// Result is a hierarchical loss with what is worth logging beside it; all but Loss is for reading.
type Result struct {
	Loss         *Node // scalar
	Levels       *Node // [L] loss per level before weights and floors; 0 where no anchor has a positive
	LevelAnchors *Node // [L] share of the batch's anchors that have a positive, 0 to 1
	// L is that of the paths, one more with DirectionLeaf.
}

// Hierarchical is supervised contrast at every level of the labels' paths:
//
//	L_v = 1/|I| Σ_i 1/|P_v(i)| Σ_{j∈P_v(i)} [log Σ_{a≠i} exp s_ia − s_ij],  L = 1/V Σ_v L_v
//
// with s_ij = e_i·e_j/τ, e = z/|z| and P_v(i) the other rows of the same theory, labels 1..v and direction. The
// variant says how empty sets, missing labels, directions and levels are counted. z: [B, H] are raw vectors, to
// which the gradient flows.
//
// Four rows, all supporting: a and b "security/societal", c "security/personal", d "power". At level 1, P(a) =
// {b, c}; at level 2, P(a) = {b} and c is pushed away like d. d has no positive at either level: skip_empty
// leaves it out of both means, paper counts it as 0. Chance level is log 3 at each level: any of the three others
// is as likely.
//
// Source: VALUEFLOW section 4; SupCon, Khosla et al. 2020, arXiv:2004.11362.
func Hierarchical(cfg HierarchicalConfig, z *Node, labels Labels) Result {
	return hierarchical(cfg, Normalize(z), labels)
}

// hierarchical is Hierarchical on unit vectors e: [B, H].
func hierarchical(cfg HierarchicalConfig, e *Node, labels Labels) Result {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	labels.check(e)
	r := variantRules[cfg.Variant]

	logits := similarity(e, e, cfg.Temperature) // [B, B]
	if r.directionSoft {
		unlike := ConvertDType(LogicalNot(pairsEqual(labels.Direction)), e.DType())
		logits = Sub(logits, MulScalar(unlike, directionMargin))
	}
	candidates := labels.candidates()
	logP := logProbabilities(logits, candidates)
	positives := positiveMasks(r, candidates, labels)
	perAnchor, filled := contrast(logP, masksToFloat(positives, e)) // [L, B] each
	count := ReduceSum(filled, -1)                                  // [L] anchors with a positive
	raw := levelMeans(r, perAnchor, count)
	if r.scaled {
		raw = MulScalar(raw, cfg.Temperature/baseTemperature)
	}
	return Result{
		Loss:         combineLevels(r, raw, count, positives, labels.Levels),
		Levels:       StopGradient(raw),
		LevelAnchors: StopGradient(DivScalar(count, float64(e.Shape().Dim(0)))),
	}
}

// levelMeans takes perAnchor [L, B] to the loss of each level [L]; a level without positives gets 0. The mean
// over all B is the paper's; it falls when a batch happens to hold more rows without a positive, although nothing
// was learned.
func levelMeans(r rules, perAnchor, count *Node) *Node {
	sum := ReduceSum(perAnchor, -1)
	if r.skipEmpty {
		return Div(sum, MaxScalar(count, 1))
	}
	return DivScalar(sum, float64(perAnchor.Shape().Dim(1)))
}

// combineLevels takes the levels' losses [L] to the scalar loss: floors, then weights, then the mean over the
// levels that count. raw and count are [L], positives L masks [B, B], levels the labels [B, L].
func combineLevels(r rules, raw, count *Node, positives []*Node, levels *Node) *Node {
	used := raw
	if r.coarserFloor {
		used = floorAtCoarser(raw, positives)
	}
	if r.levelWeights {
		used = Mul(used, ConstAs(used, levelWeights(len(positives))))
	}
	if r.skipEmpty {
		defined := MinScalar(count, 1) // [L] 1 where some anchor has a positive
		return Div(ReduceAllSum(Mul(used, defined)), MaxScalar(ReduceAllSum(defined), 1))
	}
	if r.missingShared {
		return DivScalar(ReduceAllSum(used), float64(len(positives)))
	}
	return Div(ReduceAllSum(used), deepestLevel(levels, raw))
}

// levelWeights are 2^(1/v) for v = 1..depth: 2, 1.414, 1.260.
func levelWeights(depth int) []float64 {
	w := make([]float64, depth)
	for v := range w {
		w[v] = math.Exp2(1 / float64(v+1))
	}
	return w
}

// deepestLevel is V, the deepest level that any row has, as a scalar ≥ 1 in the dtype of like. It is read from
// the batch, so the paper's loss changes scale with what a batch happens to hold.
func deepestLevel(levels, like *Node) *Node {
	depth := levels.Shape().Dim(1)
	number := AddScalar(Iota(levels.Graph(), levels.Shape(), 1), 1) // [B, L] 1..L along each row
	present := Where(GreaterOrEqual(levels, ScalarZero(levels.Graph(), levels.DType())), number, ZerosLike(number))
	return ConvertDType(ClipScalar(ReduceAllMax(present), 1, float64(depth)), like.DType())
}

// floorAtCoarser gives each level the largest value of itself and the coarser ones, which are constants to it: a
// level below its floor has no gradient, one that ties with it half of it (torch.maximum).
//
// Levels with the same positives tie by definition, so that rounding cannot decide it.
//
//	raw    2.0  1.5  2.2
//	used   2.0  2.0  2.2      level 2 counts as 2.0 and is not trained in this batch
func floorAtCoarser(raw *Node, positives []*Node) *Node {
	floor := SliceAxis(raw, 0, AxisElem(0)) // [1], the coarsest level has none
	used := []*Node{floor}
	previous := StopGradient(floor)
	floor = previous
	for v := 1; v < len(positives); v++ {
		own := SliceAxis(raw, 0, AxisElem(v))
		// positives[v] ⊆ positives[v−1], so they are equal if nothing was lost.
		lost := LogicalAnd(positives[v-1], LogicalNot(positives[v]))
		samePositives := LogicalNot(Reshape(LogicalAny(lost), 1))
		value := Where(samePositives, previous, StopGradient(own))
		share := Add(
			MulScalar(ConvertDType(GreaterThan(value, floor), raw.DType()), 0.5),
			MulScalar(ConvertDType(GreaterOrEqual(value, floor), raw.DType()), 0.5))
		floor = Max(floor, value)
		// The value is the floor's; the bracket is 0 and carries the gradient.
		used = append(used, Add(floor, Mul(share, Sub(own, StopGradient(own)))))
		previous = value
	}
	return Concatenate(used, 0)
}
