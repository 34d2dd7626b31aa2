package profiles

import (
	"cmp"
	"math"
	"slices"
)

// Representativeness is how near a model's shares of options are to a group's, 0 to 1: 1 − W₁/(most − least ordinal),
// W₁ the least way that shares must be moved along the ordinals to become the other's. NaN where all options have one
// ordinal.
//
//	ordinals 1 2 3, shares 1 0 0 and 0 0 1     0: all is moved the whole way
//	ordinals 1 2 3, shares 1 0 0 and 0 1 0     .5
func Representativeness(model, group, ordinal []float64) float64 {
	order := make([]int, len(ordinal))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ordinal[a], ordinal[b]) })
	if len(order) == 0 || ordinal[order[0]] == ordinal[order[len(order)-1]] {
		return math.NaN()
	}
	moved, ahead := 0., 0.
	for i, at := range order[:len(order)-1] {
		ahead += model[at] - group[at]
		moved += math.Abs(ahead) * (ordinal[order[i+1]] - ordinal[at])
	}
	return 1 - moved/(ordinal[order[len(order)-1]]-ordinal[order[0]])
}
