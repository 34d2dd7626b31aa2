package losses

import "math"

// The twins are the formulas as nested loops in float64. They share nothing with the graphs but the
// variants' names, and no helper but the dot product.

// twinBatch is one batch outside the graph.
type twinBatch struct {
	z         [][]float64
	theory    []int32
	levels    [][]int32
	direction []int32
	ignore    [][]bool // nil: no pair is ignored
}

// counts says whether row a stands in row i's denominator.
func (b twinBatch) counts(i, a int) bool { return a != i && (b.ignore == nil || !b.ignore[i][a]) }

// frozen holds what the authors' loss keeps constant for the gradient: each level's floor and the share
// of its own gradient (1 above the floor, ½ on it, 0 below). nil: to be found at the point itself.
type frozen struct{ value, floor, share []float64 }

func dot(a, b []float64) (sum float64) {
	for k := range a {
		sum += a[k] * b[k]
	}
	return sum
}

func unit(z [][]float64) [][]float64 {
	e := make([][]float64, len(z))
	for i := range z {
		norm := math.Sqrt(dot(z[i], z[i]))
		e[i] = make([]float64, len(z[i]))
		for k := range z[i] {
			if norm > 0 {
				e[i][k] = z[i][k] / norm
			}
		}
	}
	return e
}

// samePath says whether j is in P_v(i), v from 1.
func (b twinBatch) samePath(i, j, v int, missingShared, anyTheory bool) bool {
	if !b.counts(i, j) || b.direction[i] != b.direction[j] || (!anyTheory && b.theory[i] != b.theory[j]) {
		return false
	}
	for k := 0; k < v; k++ {
		if b.levels[i][k] != b.levels[j][k] || (!missingShared && b.levels[i][k] < 0) {
			return false
		}
	}
	return true
}

// level returns Σ_i of the anchors' losses at level v and how many anchors have a positive.
func (b twinBatch) level(v int, tau, margin float64, missingShared, anyTheory bool) (sum float64, anchors int) {
	return b.contrast(tau, margin, func(i, j int) bool { return b.samePath(i, j, v, missingShared, anyTheory) })
}

// contrast is level for any choice of positives.
func (b twinBatch) contrast(tau, margin float64, positive func(i, j int) bool) (sum float64, anchors int) {
	e := unit(b.z)
	logit := func(i, j int) float64 {
		s := dot(e[i], e[j]) / tau
		if b.direction[i] != b.direction[j] {
			s -= margin
		}
		return s
	}
	for i := range e {
		total, number := 0.0, 0
		for j := range e {
			if !positive(i, j) {
				continue
			}
			denominator := 0.0 // Σ_{a≠i} exp(s_ia − s_ij)
			for a := range e {
				if b.counts(i, a) {
					denominator += math.Exp(logit(i, a) - logit(i, j))
				}
			}
			total += math.Log(denominator)
			number++
		}
		if number > 0 {
			sum += total / float64(number)
			anchors++
		}
	}
	return sum, anchors
}

// paper is the loss of the paper in its four readings.
func (b twinBatch) paper(tau float64, skipEmpty, missingShared bool) float64 {
	depth := len(b.levels[0])
	if !missingShared {
		depth = 0
		for _, path := range b.levels {
			for k, label := range path {
				if label >= 0 && k+1 > depth {
					depth = k + 1
				}
			}
		}
	}
	sum, seen := 0.0, 0
	for v := 1; v <= depth; v++ {
		level, anchors := b.level(v, tau, 0, missingShared, false)
		if anchors == 0 {
			continue
		}
		seen++
		if skipEmpty {
			sum += level / float64(anchors)
		} else {
			sum += level / float64(len(b.z))
		}
	}
	if skipEmpty {
		return sum / math.Max(1, float64(seen))
	}
	return sum / math.Max(1, float64(depth))
}

// directionLeaf: levels 1 to 3 whatever the direction, then path and direction, missing labels being equal.
func (b twinBatch) directionLeaf(tau float64) float64 {
	total, seen := 0.0, 0.0
	for v := 1; v <= 4; v++ {
		sum, anchors := b.contrast(tau, 0, func(i, j int) bool {
			if !b.counts(i, j) || b.theory[i] != b.theory[j] || v == 4 && b.direction[i] != b.direction[j] {
				return false
			}
			for k := 0; k < v && k < 3; k++ {
				if b.levels[i][k] != b.levels[j][k] || v < 4 && b.levels[i][k] == -1 {
					return false
				}
			}
			return true
		})
		if anchors > 0 {
			total += sum / float64(anchors)
			seen++
		}
	}
	return total / math.Max(1, seen)
}

// authors is the loss of the authors' code. With at != nil it is the function whose gradient that code
// takes: floors and shares as they were at the point of at.
func (b twinBatch) authors(tau, margin float64, weighted, floored bool, at *frozen) (float64, *frozen) {
	found := &frozen{}
	sum, seen := 0.0, 0.0
	floor := math.Inf(-1)
	for v := 1; v <= len(b.levels[0]); v++ {
		level, anchors := b.level(v, tau, margin, true, true)
		if anchors == 0 {
			continue
		}
		seen++
		value := level / float64(anchors) * tau / 0.1
		share := 1.0
		if floored && value == floor {
			share = 0.5
		}
		if floored && value < floor {
			share = 0
		}
		used := math.Max(value, floor)
		if !floored {
			used = value
		}
		if at != nil {
			k := v - 1
			base := at.value[k]
			if floored {
				base = math.Max(at.value[k], at.floor[k])
			}
			used = base + at.share[k]*(value-at.value[k])
		}
		found.value = append(found.value, value)
		found.floor = append(found.floor, floor)
		found.share = append(found.share, share)
		if weighted {
			used *= math.Pow(2, 1/float64(v))
		}
		sum += used
		floor = math.Max(floor, value)
	}
	return sum / math.Max(1, seen), found
}

// twinHierarchical is the twin of a variant; see authors for at.
func twinHierarchical(cfg HierarchicalConfig, b twinBatch, at *frozen) (float64, *frozen) {
	tau := cfg.Temperature
	switch cfg.Variant {
	case Paper:
		return b.paper(tau, false, false), nil
	case SkipEmpty:
		return b.paper(tau, true, false), nil
	case PaperMissingShared:
		return b.paper(tau, false, true), nil
	case SkipEmptyMissingShared:
		return b.paper(tau, true, true), nil
	case HMC:
		return b.authors(tau, 1, true, false, at)
	case HCE:
		return b.authors(tau, 1, false, true, at)
	case HMCE:
		return b.authors(tau, 1, true, true, at)
	case HMCENoDirectionWeight:
		return b.authors(tau, 0, true, true, at)
	case DirectionLeaf:
		return b.directionLeaf(tau), nil
	}
	panic("no twin for " + cfg.Variant)
}

// twinInfoNCE is the mean over rows with an id; z and bank are raw.
func twinInfoNCE(z, bank [][]float64, ids []int32, tau float64) float64 {
	e, b := unit(z), unit(bank)
	sum, number := 0.0, 0
	for i, id := range ids {
		if id < 0 {
			continue
		}
		denominator := 0.0
		for k := range b {
			denominator += math.Exp((dot(e[i], b[k]) - dot(e[i], b[id])) / tau)
		}
		sum += math.Log(denominator)
		number++
	}
	return sum / math.Max(1, float64(number))
}

// twinSharedID is the authors' stand-in for InfoNCE, among the rows with an id only.
func twinSharedID(z [][]float64, ids []int32, tau float64) float64 {
	var b twinBatch
	for i, id := range ids {
		if id >= 0 {
			b.z = append(b.z, z[i])
			b.levels = append(b.levels, []int32{id})
		}
	}
	b.theory, b.direction = make([]int32, len(b.z)), make([]int32, len(b.z))
	sum, anchors := b.level(1, tau, 0, false, false)
	return sum / math.Max(1, float64(anchors))
}

// twinStage2 cuts the batch as the paper does, half, quarter, quarter.
func twinStage2(cfg Stage2Config, b twinBatch, individual, theory []int32, banks [2][][]float64,
	at *frozen) (float64, *frozen) {
	n := len(b.z)
	h, i, t := [2]int{0, n / 2}, [2]int{n / 2, n/2 + n/4}, [2]int{n/2 + n/4, n}
	if cfg.WholeBatch {
		h, i, t = [2]int{0, n}, [2]int{0, n}, [2]int{0, n}
	}
	part := twinBatch{z: b.z[h[0]:h[1]], theory: b.theory[h[0]:h[1]], levels: b.levels[h[0]:h[1]],
		direction: b.direction[h[0]:h[1]]}
	for _, row := range b.ignore[h[0]:h[1]] {
		part.ignore = append(part.ignore, row[h[0]:h[1]])
	}
	hier, found := twinHierarchical(cfg.Hierarchical, part, at)
	var terms [2]float64
	if cfg.AnchorFree {
		terms[0] = twinSharedID(b.z[i[0]:i[1]], individual[i[0]:i[1]], cfg.TemperatureIndividual)
		terms[1] = twinSharedID(b.z[t[0]:t[1]], theory[t[0]:t[1]], cfg.TemperatureTheory)
	} else {
		terms[0] = twinInfoNCE(b.z[i[0]:i[1]], banks[0], individual[i[0]:i[1]], cfg.TemperatureIndividual)
		terms[1] = twinInfoNCE(b.z[t[0]:t[1]], banks[1], theory[t[0]:t[1]], cfg.TemperatureTheory)
	}
	return hier + cfg.WeightIndividual*terms[0] + cfg.WeightTheory*terms[1], found
}
