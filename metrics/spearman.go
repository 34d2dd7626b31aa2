package metrics

import "math"

// A pair's rank key: the cosine, then the flags of the scopes that the pair is in, then the affinity's code.
// Differences of cosines below 2⁻⁵⁶ are rounding, and tie.
//
//	59 bits cosine   2 bits: same theory, same corpus   3 bits affinity
const (
	keyScale      = 1 << 56
	affinityBits  = 3
	affinityCodes = 1 << affinityBits
	scopeBits     = 2
	lowBits       = affinityBits + scopeBits
)

// keyFlags are a relation's flags as a key holds them.
func keyFlags(r Relation) uint64 {
	return uint64(r&(sameTheory|sameCorpus)) >> 3 << affinityBits
}

// rankKey packs a pair; affinities are multiples of affinityStep below 4. The addend makes every cosine positive,
// also one that rounding has put a little below −1, so that keys order as numbers do.
func rankKey(cosine, affinity float64, r Relation) uint64 {
	return uint64(int64(cosine*keyScale)+2*keyScale)<<lowBits | keyFlags(r) | uint64(affinity/affinityStep)
}

// spearman is Pearson's correlation of the average ranks of both sides: items that tie share the mean of the
// ranks they take up. Of four pairs
//
//	cosine     .1  .3  .3  .8        affinity   1   1   1   2
//	rank        1  2½  2½   4        rank       2   2   2   4
//
// Of the pairs of a scope that come after `before` others, a run of n with one cosine takes the ranks before+1 …
// before+n, whose mean is before + (n + 1)/2. Affinities have eight codes at most, so their ranks come from counting
// (affinityRanks). Both means are half of one more than all pairs, whatever ties there are, so no pass for the means
// is needed.
//
// keys must be sorted. One list serves all scopes: each passes over what it does not admit.
func spearman(keys []uint64, need Relation) float64 {
	flags := keyFlags(need)
	rankY, n := affinityRanks(keys, flags)
	middle := (n + 1) / 2
	var cc, yy, cy, before float64
	for lo, hi := 0, 0; lo < len(keys); lo = hi {
		var count [affinityCodes]float64
		in := 0.0
		for hi = lo; hi < len(keys) && keys[hi]>>lowBits == keys[lo]>>lowBits; hi++ {
			if keys[hi]&flags == flags {
				count[keys[hi]%affinityCodes]++
				in++
			}
		}
		c := before + (in+1)/2 - middle
		for code, m := range count {
			if m > 0 {
				y := rankY[code] - middle
				cc, yy, cy = cc+m*c*c, yy+m*y*y, cy+m*c*y
			}
		}
		before += in
	}
	return cy / math.Sqrt(cc*yy)
}

// affinityRanks gives the average rank, from 1, of each affinity, and the number of pairs: n items of one code that
// follow `before` others take the ranks before+1 … before+n.
func affinityRanks(keys []uint64, flags uint64) (rank [affinityCodes]float64, before float64) {
	var count [affinityCodes]float64
	for _, key := range keys {
		if key&flags == flags {
			count[key%affinityCodes]++
		}
	}
	for code, n := range count {
		rank[code] = before + (n+1)/2
		before += n
	}
	return rank, before
}

// digitBits is what sortKeys looks at in one pass: 2,048 counters stay in a processor's first cache.
const digitBits = 11

// sortKeys sorts by digits, the last one first, each pass keeping the order of the one before: six passes over the keys
// and a copy of them, a quarter of the time of sorting by comparing.
func sortKeys(keys []uint64) {
	other := make([]uint64, len(keys))
	from, to := keys, other
	for shift := 0; shift < 64; shift += digitBits {
		var at [1 << digitBits]int
		for _, key := range from {
			at[key>>shift%(1<<digitBits)]++
		}
		next := 0
		for digit, n := range at {
			at[digit], next = next, next+n
		}
		for _, key := range from {
			digit := key >> shift % (1 << digitBits)
			to[at[digit]] = key
			at[digit]++
		}
		from, to = to, from
	}
	// After an even number of passes the keys are back where they were.
}
