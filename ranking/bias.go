package ranking

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"hives/internal/fault"
)

// z95 is the .975 quantile of the standard normal distribution.
const z95 = 1.959963984540054

// FirstShare tells how often a judge of pairs chose the text it was shown first.
//
//	15 of 20     Share .75   P .041   interval .53 to .89
//	0 of 20      Share 0     P 2e-6   interval 0 to .16
type FirstShare struct {
	Share  float64
	P      float64 // two-sided exact binomial test against ½
	Lo, Hi float64 // Wilson's interval of 95 %
}

// TestFirst tests first choices of the first text among n answers. Answers must be independent: of a pair that was
// asked in both orders give one, or use TestSwap.
func TestFirst(first, n int) (FirstShare, error) {
	if n < 1 || first < 0 || first > n {
		return FirstShare{}, fault.New(fault.Invalid, "ranking: %d of %d answers chose the first text", first, n)
	}
	out := FirstShare{Share: float64(first) / float64(n)}
	out.Lo, out.Hi = Wilson(first, n)
	// At ½ the distribution is symmetric: the outcomes that are no likelier are the two tails alike.
	tail := min(first, n-first)
	out.P = min(1, 2*distuv.Binomial{N: float64(n), P: .5}.CDF(float64(tail)))
	return out, nil
}

// Wilson is the 95 % interval of a share of x in n, by the score test: it keeps inside [0, 1] and is honest for few.
//
// It holds the shares π that a test of size 5 % does not reject: |x/n − π| ≤ z √(π(1−π)/n), solved for π. Of no
// answers it is all of [0, 1].
func Wilson(x, n int) (lo, hi float64) {
	if n == 0 {
		return 0, 1
	}
	share, size := float64(x)/float64(n), float64(n)
	middle := (share + z95*z95/(2*size)) / (1 + z95*z95/size)
	half := z95 / (1 + z95*z95/size) * math.Sqrt(share*(1-share)/size+z95*z95/(4*size*size))
	return max(0, middle-half), min(1, middle+half)
}

// PlaceTest is a χ² test that a window's winner stands at each of the k places alike often.
type PlaceTest struct {
	ChiSquare float64
	Freedom   int // k − 1
	P         float64
}

// TestPlaces takes counts[place] of winners. Winners 30, 20, 10 of 60 windows of three: χ² = (10² + 0 + 10²)/20 = 10
// with 2 degrees of freedom, P .0067. The texts must have been dealt to places at random, else good texts may explain
// it.
func TestPlaces(counts []int) (PlaceTest, error) {
	var n int
	for place, count := range counts {
		if count < 0 {
			return PlaceTest{}, fault.New(fault.Invalid, "ranking: %d winners at place %d", count, place)
		}
		n += count
	}
	if len(counts) < 2 || n == 0 {
		return PlaceTest{}, fault.New(fault.Invalid, "ranking: %d winners at %d places test nothing", n, len(counts))
	}
	expected := float64(n) / float64(len(counts))
	out := PlaceTest{Freedom: len(counts) - 1}
	for _, count := range counts {
		out.ChiSquare += (float64(count) - expected) * (float64(count) - expected) / expected
	}
	out.P = distuv.ChiSquared{K: float64(out.Freedom)}.Survival(out.ChiSquare)
	return out, nil
}

// Swap sums up pairs that one judge saw in both orders. A judge that reads texts changes the chosen place with the
// order; one that always takes the first has consistency 0.
type Swap struct {
	Pairs       int
	Consistency float64 // share of pairs in which the same text won twice
	FirstBoth   float64 // the first place won both times
	SecondBoth  float64
}

// TestSwap takes the chosen place, 1 or 2, in one order and in the other.
//
//	forward  1 1 2 1
//	reverse  2 1 1 1     pairs 0 and 2 keep their text: Consistency .5; pairs 1 and 3 keep the place: FirstBoth .5
//
// Invariant: the three shares add up to 1.
func TestSwap(forward, reverse []int) (Swap, error) {
	if len(forward) != len(reverse) || len(forward) == 0 {
		return Swap{}, fault.New(fault.Mismatch, "ranking: %d answers in one order and %d in the other", len(forward),
			len(reverse))
	}
	out := Swap{Pairs: len(forward)}
	share := 1 / float64(len(forward))
	for at, place := range forward {
		if place < 1 || place > 2 || reverse[at] < 1 || reverse[at] > 2 {
			return Swap{}, fault.New(fault.Invalid, "ranking: pair %d chose the places %d and %d: want 1 or 2", at, place,
				reverse[at])
		}
		switch {
		case place != reverse[at]:
			out.Consistency += share
		case place == 1:
			out.FirstBoth += share
		default:
			out.SecondBoth += share
		}
	}
	return out, nil
}
