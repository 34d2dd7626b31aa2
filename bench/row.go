package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
)

// row is one piece of work, ours and a peer's way of doing it, and what was aimed at.
type row struct {
	name, work string
	full       bool    // not in the short set
	unit       string  // of the figure: s or ms for a round's seconds, tokens/s or MB/s for amount by seconds
	amount     float64 // of work in a round; 0 takes what our side's first answer says
	ask        string  // what a side is asked for, as a line; most do one thing whatever they are asked
	show       string  // what both are asked first in place of it, to compare their answers
	threads    int     // 1 pins both sides to one core; 0 lets them have all
	rounds     int     // in place of --rounds
	ours, peer side
	agree      agreement
	goal       goal
	// Further lines of the table, from the same turns: the most memory, and that after the start.
	peak, resident *goal
	sizes          []int  // a growth curve: ours is started with each size as one more argument
	script         string // measures by itself and calls --record
	scratch        string // a file too large to be kept, which goes with the row
	prepare        func() error
}

// side is a program that does the work.
type side struct {
	name    string
	command []string
	env     []string
	whole   bool // a turn is a process from start to end; otherwise one process answers a line a turn
	needs   []need
}

// need is a file that a side cannot do without, and how it is brought. Nothing is made up for a side that lacks one.
type need struct{ path, remedy string }

// errSkipped is why a side was not run that would need more than there is.
var errSkipped = errors.New("skipped")

// differ begins what is said of sides that did not do the same work.
const differ = "outputs differ: "

// alone is why a figure has no peer, before what is missing.
const alone = "or no peer, "

func (s side) missing() error {
	if remedy := s.lacks(); remedy != "" {
		return fmt.Errorf("%w, needs %s", errSkipped, remedy)
	}
	return nil
}

// lacks is how the first of the side's needs is brought that is not there, else nothing.
func (s side) lacks() string {
	for _, n := range s.needs {
		if _, err := os.Stat(n.path); err != nil {
			return n.remedy
		}
	}
	return ""
}

// agreement says when two outputs are of the same work. Of the bounds those that are not 0 count.
type agreement struct {
	cosine float64 // least of two vectors; outputs are rows of width numbers
	width  int
	apart  *float64 // most that two numbers may differ
	same   float64  // least share of numbers that are equal
	free   string   // why there is nothing to compare
}

func within(x float64) *float64 { return &x }

// check describes how near two outputs are, or refuses them.
func (a agreement) check(ours, peer []float64) (string, error) {
	if a.free != "" {
		return a.free, nil
	}
	if len(ours) == 0 || len(ours) != len(peer) {
		return "", fmt.Errorf(differ+"%d numbers here, %d there", len(ours), len(peer))
	}
	var text string
	var ok bool
	switch {
	case a.cosine != 0:
		c := leastCosine(ours, peer, a.width)
		text, ok = fmt.Sprintf("least cosine %.7f", c), c >= a.cosine
	case a.apart != nil:
		d := largestDifference(ours, peer)
		text, ok = fmt.Sprintf("at most %.1e apart", d), d <= *a.apart
	case a.same != 0:
		s := sameShare(ours, peer)
		text, ok = fmt.Sprintf("%.3f of the numbers are equal", s), s >= a.same
	default:
		return "", errors.New("the row does not say how outputs are compared")
	}
	if !ok {
		return "", errors.New(differ + text)
	}
	return text, nil
}

// leastCosine is NaN, which is below every bound, where a vector is nothing or no number.
func leastCosine(a, b []float64, width int) float64 {
	least := 1.0
	for at := 0; at+width <= len(a); at += width {
		var ab, aa, bb float64
		for i := at; i < at+width; i++ {
			ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
		}
		least = min(least, ab/math.Sqrt(aa*bb))
	}
	return least
}

func largestDifference(a, b []float64) (most float64) {
	for i := range a {
		most = max(most, math.Abs(a[i]-b[i]))
	}
	return most
}

func sameShare(a, b []float64) float64 {
	same := 0
	for i := range a {
		if a[i] == b[i] {
			same++
		}
	}
	return float64(same) / float64(len(a))
}

// goal is a bound on the ratio or on our own figure. The zero goal means that none was set.
type goal struct {
	ratio   float64 // at least so many times better than the peer
	atMost  float64 // our figure, in the row's unit
	cores   int     // atMost is of the clock, with so many cores
	weights string  // atMost is in this file's size
	power   float64 // a growth curve's exponent, at most
}

// most is atMost in the row's unit; MiB where it is measured in weights.
func (g goal) most() float64 {
	if g.weights == "" {
		return g.atMost
	}
	info, err := os.Stat(g.weights)
	if err != nil {
		return math.NaN()
	}
	return g.atMost * float64(info.Size()) / (1 << 20)
}

func (g goal) text(unit string) string {
	var parts []string
	if g.ratio != 0 {
		parts = append(parts, "≥ "+figure(g.ratio)+" ×")
	}
	if g.atMost != 0 {
		part := "≤ " + figure(g.most()) + " " + unit
		if g.weights != "" {
			part = "≤ " + figure(g.atMost) + " × weights"
		}
		parts = append(parts, part)
	}
	if g.power != 0 {
		parts = append(parts, "power ≤ "+figure(g.power))
	}
	return strings.Join(parts, ", ")
}
