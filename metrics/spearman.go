package metrics

import (
	"math"
	"math/bits"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

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

// spearman is Pearson's correlation of the average ranks of both sides, for each scope: items that tie share the mean
// of the ranks they take up. Of four pairs
//
//	cosine     .1  .3  .3  .8        affinity   1   1   1   2
//	rank        1  2½  2½   4        rank       2   2   2   4
//
// Of the pairs of a scope that come after `before` others, a run of n with one cosine takes the ranks before+1 …
// before+n, whose mean is before + (n + 1)/2. Affinities have eight codes at most, so their ranks come from counting
// (affinityRanks). Both means are half of one more than all pairs, whatever ties there are, so no pass for the means
// is needed.
//
// keys must be sorted. One pass serves all scopes: each passes over what it does not admit. Most runs have one key.
func spearman(keys []uint64) (out [Scopes]float64) {
	var sums [Scopes]rankMoments
	var codes [1 << lowBits]float64
	for _, key := range keys {
		codes[key%(1<<lowBits)]++
	}
	for s := range sums {
		sums[s].begin(Scope(s), &codes)
	}
	for lo, hi := 0, 0; lo < len(keys); lo = hi {
		key := keys[lo]
		for hi = lo + 1; hi < len(keys) && keys[hi]>>lowBits == key>>lowBits; hi++ {
		}
		if hi == lo+1 {
			for s := range sums {
				if m := &sums[s]; key&m.flags == m.flags {
					m.add(m.before+1-m.middle, key%affinityCodes, 1)
					m.before++
				}
			}
			continue
		}
		codes = [1 << lowBits]float64{}
		for _, key := range keys[lo:hi] {
			codes[key%(1<<lowBits)]++
		}
		for s := range sums {
			sums[s].addRun(&codes)
		}
	}
	for s, m := range sums {
		out[s] = m.cy / math.Sqrt(m.cc*m.yy)
	}
	return out
}

// rankMoments are the sums of one scope. middle is the mean rank, rank that of each affinity.
type rankMoments struct {
	flags          uint64
	rank           [affinityCodes]float64
	middle, before float64
	cc, yy, cy     float64
}

func (m *rankMoments) begin(scope Scope, codes *[1 << lowBits]float64) {
	m.flags = keyFlags(scope.need())
	var n float64
	m.rank, n = affinityRanks(m.count(codes))
	m.middle = (n + 1) / 2
}

// count tells of each affinity how many keys of the scope have it, by their low bits.
func (m *rankMoments) count(codes *[1 << lowBits]float64) (count [affinityCodes]float64) {
	for low, n := range codes {
		if uint64(low)&m.flags == m.flags {
			count[low%affinityCodes] += n
		}
	}
	return count
}

// add takes n pairs of one affinity whose rank of the cosine is c above the mean.
func (m *rankMoments) add(c float64, code uint64, n float64) {
	y := m.rank[code] - m.middle
	m.cc, m.yy, m.cy = m.cc+n*c*c, m.yy+n*y*y, m.cy+n*c*y
}

// addRun takes the keys of one cosine.
func (m *rankMoments) addRun(codes *[1 << lowBits]float64) {
	count, in := m.count(codes), 0.0
	for _, n := range count {
		in += n
	}
	c := m.before + (in+1)/2 - m.middle
	for code, n := range count {
		if n > 0 {
			m.add(c, uint64(code), n)
		}
	}
	m.before += in
}

// affinityRanks gives the average rank, from 1, of each affinity, and the number of pairs: n items of one code that
// follow `before` others take the ranks before+1 … before+n.
func affinityRanks(count [affinityCodes]float64) (rank [affinityCodes]float64, before float64) {
	for code, n := range count {
		rank[code] = before + (n+1)/2
		before += n
	}
	return rank, before
}

// digitBits is what is looked at in one pass of sorting: 2,048 counters stay in a processor's first cache.
const digitBits = 11

// sortKeys gathers lists of keys in one, sorted. It deals them out to 2,048 parts by their place between the least and
// the greatest, and then sorts the parts, side by side, each by digits, the last one first. Millions of keys are so
// moved through memory once; a part of some thousands stays in a processor's caches.
func sortKeys(lists [][]uint64) []uint64 {
	n, low, high := 0, uint64(math.MaxUint64), uint64(0)
	for _, keys := range lists {
		n += len(keys)
		for _, key := range keys {
			low, high = min(low, key), max(high, key)
		}
	}
	if n == 0 {
		return nil
	}
	shift := max(0, bits.Len64(high-low)-digitBits) // the bits that a part's keys differ in
	var ends [1<<digitBits + 1]int
	for _, keys := range lists {
		for _, key := range keys {
			ends[(key-low)>>shift+1]++
		}
	}
	for part := 1; part < len(ends); part++ {
		ends[part] += ends[part-1]
	}
	out := make([]uint64, n)
	next := ends
	for _, keys := range lists {
		for _, key := range keys {
			at := &next[(key-low)>>shift]
			out[*at] = key
			*at++
		}
	}
	var pool errgroup.Group
	pool.SetLimit(runtime.GOMAXPROCS(0))
	const together = 1 << digitBits / shards
	for from := 0; from < 1<<digitBits; from += together {
		pool.Go(func() error {
			var other []uint64
			for part := from; part < from+together; part++ {
				other = sortPart(out[ends[part]:ends[part+1]], other, low, shift)
			}
			return nil
		})
	}
	pool.Wait() //nolint:errcheck // nothing in it fails
	return out
}

// sortPart sorts keys that differ in the lowest bits alone once low is taken off, and returns its scratch.
func sortPart(keys, other []uint64, low uint64, differ int) []uint64 {
	if len(keys) < few {
		slices.Sort(keys)
		return other
	}
	other = slices.Grow(other[:0], len(keys))[:len(keys)]
	from, to := keys, other
	for shift := 0; shift < differ; shift += digitBits {
		var at [1 << digitBits]int32
		for _, key := range from {
			at[(key-low)>>shift%(1<<digitBits)]++
		}
		next := int32(0)
		for digit, n := range at {
			at[digit], next = next, next+n
		}
		for _, key := range from {
			digit := (key - low) >> shift % (1 << digitBits)
			to[at[digit]] = key
			at[digit]++
		}
		from, to = to, from
	}
	copy(keys, from) // where the passes were odd in number they ended in the scratch
	return other
}
