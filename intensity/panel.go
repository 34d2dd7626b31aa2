package intensity

import (
	"math"
	"math/rand/v2"
	"slices"

	"hives/internal/fault"
)

// Bin is which of k−1 equal parts of [−10, 10] a score falls into. With k = 6: −10 → 0, −6 → 1, 1.99 → 2, 2 → 3, 10 →
// 4. k − 1 bins and k places: one anchor from each bin, and the response.
func Bin(final float64, k int) int {
	return max(0, min(int(math.Floor((final+Limit)*float64(k-1)/(2*Limit))), k-2))
}

// Panel is the anchors of m windows, by their number in the pool; each window has k−1, and none twice. Borrowed says
// how lopsided the pool is.
type Panel struct {
	Windows  [][]int
	Borrowed int // places whose own bin was empty and was served from the nearest that is not
}

// Pool is the texts a panel is chosen from. A text is left out by not being listed as eligible; its number stays, so
// that windows of earlier answers can be read.
type Pool struct {
	final []float64
	bins  [][]int // [k−1] numbers of eligible texts, ascending
	k     int
}

// NewPool sorts the eligible texts, numbers into final, into the k−1 bins. An empty bin is no error: source serves it
// from the nearest.
func NewPool(final []float64, eligible []int, k int) (*Pool, error) {
	if k < 2 {
		return nil, fault.New(fault.Invalid, "intensity: windows of %d: two places at least", k)
	}
	if len(eligible) < k-1 {
		return nil, fault.New(fault.Invalid, "intensity: %d texts may be anchors, a window of %d needs %d", len(eligible), k,
			k-1)
	}
	p := &Pool{final: final, bins: make([][]int, k-1), k: k}
	for _, text := range eligible {
		if f := final[text]; math.IsNaN(f) || f < -Limit || f > Limit {
			return nil, fault.New(fault.Invalid, "intensity: text %d has the final score %v: want −10 to 10", text, f)
		}
		bin := Bin(final[text], k)
		p.bins[bin] = append(p.bins[bin], text)
	}
	return p, nil
}

// source is the bin that serves a bin: itself, or the nearest that holds a text, the lower one of two as near. Never
// the whole pool: that would put a middling text where an extreme one was meant to be, without a word.
//
//	bins by number of texts   3 0 0 2 1
//	source(0)                 0
//	source(1)                 0           one away
//	source(2)                 3           one away; 0 is two
//	source(4), its one text used          3
//
// It is −1 only where all texts stand in the window already, which NewPool rules out.
func (p *Pool) source(bin int, used map[int]bool) int {
	free := func(b int) bool {
		if b < 0 || b >= len(p.bins) {
			return false
		}
		for _, text := range p.bins[b] {
			if !used[text] {
				return true
			}
		}
		return false
	}
	for away := range p.bins {
		if free(bin - away) {
			return bin - away
		}
		if free(bin + away) {
			return bin + away
		}
	}
	return -1
}

// Bucketed draws one text a bin for each of m windows. A text does not come again over the windows while its bin has
// others; then the bin is drawn from anew. So anchors of unlike strength surround the response in every window, and
// over the windows it meets many.
func (p *Pool) Bucketed(random *rand.Rand, m int) Panel {
	var out Panel
	spent := make(map[int]bool)
	for range m {
		here := make(map[int]bool)
		window := make([]int, 0, p.k-1)
		for bin := range p.bins {
			from := p.source(bin, here)
			if from != bin {
				out.Borrowed++
			}
			text := p.draw(random, p.bins[from], spent, here)
			spent[text], here[text] = true, true
			window = append(window, text)
		}
		out.Windows = append(out.Windows, window)
	}
	return out
}

// draw takes a text that was not drawn before; where all were, the bin starts anew, without the window's own.
//
//	bin {1, 2, 3}, four windows     2, 3, 1, then anew: 3
func (p *Pool) draw(random *rand.Rand, bin []int, spent, here map[int]bool) int {
	fresh := slices.DeleteFunc(slices.Clone(bin), func(text int) bool { return spent[text] || here[text] })
	if len(fresh) == 0 {
		for _, text := range bin {
			delete(spent, text)
		}
		fresh = slices.DeleteFunc(slices.Clone(bin), func(text int) bool { return here[text] })
	}
	return fresh[random.IntN(len(fresh))]
}

// Fixed is the text of each bin nearest to the bin's centre, the smaller number of two as near; −1 for an empty bin. It
// is the same for every response.
func (p *Pool) Fixed() []int {
	window := make([]int, len(p.bins))
	for bin, texts := range p.bins {
		window[bin] = -1
		for _, text := range texts {
			if window[bin] < 0 || p.nearer(bin, text, window[bin]) {
				window[bin] = text
			}
		}
	}
	return window
}

// Same is the fixed panel for m windows. The place of an empty bin goes to the text of its source that is nearest to
// the bin's own centre, and is counted as borrowed.
func (p *Pool) Same(m int) Panel {
	window := p.Fixed()
	used := make(map[int]bool)
	for _, text := range window {
		used[text] = true
	}
	var out Panel
	for bin, text := range window {
		if text >= 0 {
			continue
		}
		out.Borrowed += m
		for _, other := range p.bins[p.source(bin, used)] {
			if !used[other] && (window[bin] < 0 || p.nearer(bin, other, window[bin])) {
				window[bin] = other
			}
		}
		used[window[bin]] = true
	}
	for range m {
		out.Windows = append(out.Windows, slices.Clone(window))
	}
	return out
}

// nearer tells whether a text stands nearer to a bin's centre than another.
func (p *Pool) nearer(bin, text, other int) bool {
	width := 2 * float64(Limit) / float64(len(p.bins))
	centre := -Limit + (float64(bin)+.5)*width
	return math.Abs(p.final[text]-centre) < math.Abs(p.final[other]-centre)
}

// Random draws k−1 different texts for each of m windows, whatever their scores. It is what Bucketed is compared
// with: in a pool with a heavy middle most of its windows say little of the ends.
func (p *Pool) Random(random *rand.Rand, m int) Panel {
	var all []int
	for _, texts := range p.bins {
		all = append(all, texts...)
	}
	var out Panel
	for range m {
		for at := range p.k - 1 { // a shuffle that stops when the window is full
			other := at + random.IntN(len(all)-at)
			all[at], all[other] = all[other], all[at]
		}
		out.Windows = append(out.Windows, append([]int(nil), all[:p.k-1]...))
	}
	return out
}

// Place is where the response stands in window t of m, from 0, for a first place o drawn once a response: the windows
// spread over all places. With k = 6, m = 3, o = 1: places 1, 3, 5. A response that stood first in every window would
// gain 2 units from a judge that favours the first place.
func Place(o, t, k, m int) int { return (o + t*k/m) % k }
