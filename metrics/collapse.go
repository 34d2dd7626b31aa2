package metrics

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"hives/data"
	"hives/internal/fault"
)

// Thresholds beyond which a space carries next to no information: a run should be looked at. They warn and stop
// nothing, since a space may be narrow at the beginning and open afterwards.
const (
	CollapsedCosine = .95
	CollapsedRank   = 3.0

	rowsARank = 8 // see RankLimit
)

// Collapse describes how a set of unit vectors fills the sphere. A loss can fall while all texts move to one
// place; these four figures see that without labels (all but Alignment).
type Collapse struct {
	MeanCosine    float64 `json:"mean_cosine"`    // over all pairs i < j
	EffectiveRank float64 `json:"effective_rank"` // exp of the entropy of the singular values; Roy & Vetterli 2007
	Uniformity    float64 `json:"uniformity"`     // log mean exp(−2·squared distance) over all pairs; Wang & Isola 2020
	// Mean squared distance of pairs of one path and direction, of the same source; nil where no two rows share both.
	Alignment *float64 `json:"alignment"`
}

// RankLimit is the effective rank below which so many vectors are called collapsed. Few vectors cannot have a
// high rank, N of them at most N: the limit rises by one with each 8 rows, from 1 (all vectors alike) to
// CollapsedRank. Of 9 rows the limit is 2, of 17 and more 3.
func RankLimit(rows int) float64 {
	return min(CollapsedRank, 1+float64(max(0, rows-1))/rowsARank)
}

// Warning says in words what looks collapsed in so many rows, or nothing. It blames training, so it is for vectors of
// weights that were trained.
func (c Collapse) Warning(rows int) string {
	limit := RankLimit(rows)
	switch {
	case c.MeanCosine > CollapsedCosine:
		return fmt.Sprintf("vectors collapse: mean pairwise cosine %.3f is above %.2f; try a smaller learning rate",
			c.MeanCosine, CollapsedCosine)
	case c.EffectiveRank < limit:
		return fmt.Sprintf("vectors collapse: effective rank %.2f of %d rows is below %.3g; try a smaller learning rate",
			c.EffectiveRank, rows, limit)
	}
	return ""
}

// MeasureCollapse computes the diagnostics of N unit vectors with their labels; it needs two rows. It costs
// O(N²·D) and an eigendecomposition of min(N, D)³, so give it a sample of some hundred rows.
//
// Of unit vectors the squared distance is 2 − 2·cos, so one inner product a pair gives everything but the rank.
func MeasureCollapse(v *Vectors, labels *data.Labels) (Collapse, error) {
	n := v.Len()
	if n < 2 || labels.Len() != n {
		return Collapse{}, fault.New(fault.Mismatch, "collapse of %d vectors and %d labels: want the same number, at least 2",
			n, labels.Len())
	}
	var c Collapse
	var aligned, alignedPairs, spread float64
	for i := range n {
		for j := range i {
			cos := v.Cosine(i, j)
			distance := 2 - 2*cos
			c.MeanCosine += cos
			spread += math.Exp(-2 * distance)
			if labels.Theory[i] == labels.Theory[j] && labels.Levels[i] == labels.Levels[j] &&
				labels.Direction[i] == labels.Direction[j] {
				aligned, alignedPairs = aligned+distance, alignedPairs+1
			}
		}
	}
	pairs := float64(n*(n-1)) / 2
	c.MeanCosine /= pairs
	c.Uniformity = math.Log(spread / pairs)
	if alignedPairs > 0 {
		aligned /= alignedPairs
		c.Alignment = &aligned
	}
	c.EffectiveRank = effectiveRank(v)
	return c, nil
}

// effectiveRank takes the singular values from the smaller of the two Gram matrices: XXᵀ [N, N] and XᵀX [D, D]
// have the same eigenvalues but for zeros, the squares of X's singular values. k equal singular values give log k
// as their entropy, so the rank is k; one that dwarfs the others gives 1.
func effectiveRank(v *Vectors) float64 {
	n, d := v.Len(), v.Dim()
	x := mat.NewDense(n, d, v.x)
	gram := mat.NewSymDense(min(n, d), nil)
	if n <= d {
		gram.SymOuterK(1, x)
	} else {
		gram.SymOuterK(1, x.T())
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(gram, false) {
		return 0
	}
	values, sum := eigen.Values(nil), 0.0
	for i, v := range values {
		values[i] = math.Sqrt(math.Max(v, 0))
		sum += values[i]
	}
	entropy := 0.0
	for _, v := range values {
		if p := v / sum; p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	return math.Exp(entropy)
}
