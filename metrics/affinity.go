package metrics

import "hives/data"

// AffinityKind is the label side of the similarity correlation: equal levels count 1 each, an equal direction .5.
//
// Take "security / societal / –, supports" and "security / personal / –, supports", – being a missing level.
//
//	Columns         levels 1 and 3 equal, direction equal   2.5
//	Prefix          stops at level 2                        1.5
//	PrefixPresent   stops at level 2                        1.5
//
// and two rows of "security / societal / –, supports": Columns and Prefix 3.5, PrefixPresent 2.5, since a level
// that neither has is nothing they share.
type AffinityKind int

const (
	// Columns compares each level on its own, missing equal to missing, as the paper does.
	Columns AffinityKind = iota
	// Prefix stops at the first unlike level.
	Prefix
	// PrefixPresent stops at the first level that is unlike or missing.
	PrefixPresent
)

// affinityStep is the unit all affinities of rows are multiples of; the rank keys of Spearman rely on it.
const affinityStep = .5

// Affinity counts equal levels, as the kind says, plus half for an equal direction.
func (p *RowPairs) Affinity(a int32, dst []float64) {
	l, i := p.labels, p.example[a]
	for c, x := range p.example {
		y := float64(equalLevels(&l.Levels[i], &l.Levels[x], p.affinity))
		if l.Direction[i] == l.Direction[x] {
			y += affinityStep
		}
		dst[c] = y
	}
}

// equalLevels counts from coarse to fine.
func equalLevels(a, b *[3]int32, kind AffinityKind) int {
	equal := 0
	for k := range a {
		stop := a[k] != b[k] || (kind == PrefixPresent && a[k] == data.Missing)
		switch {
		case !stop:
			equal++
		case kind != Columns:
			return equal
		}
	}
	return equal
}
