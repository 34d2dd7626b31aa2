package trainer

import (
	"fmt"
	"math"
	"slices"
)

// sampledBatches are enough to describe pairs by: 100 batches of 64 have 400,000.
const sampledBatches = 100

// describePairs says what share of the pairs of unlike labels are false negatives, and what becomes of them.
func (l *loop) describePairs() string {
	found, unlike := 0, 0
	for step := range sampledBatches {
		f, u := l.corpus.Pairs.falseNegatives(l.sample(step).Rows)
		found, unlike = found+f, unlike+u
	}
	fate := "pushed apart"
	if l.corpus.Pairs.Ignores {
		fate = "left out of the loss"
	}
	return fmt.Sprintf("false negatives (%s): %.1f %% of a batch's pairs of unlike labels, %s",
		l.cfg.Sampler.FalseNegatives, 100*float64(found)/float64(max(1, unlike)), fate)
}

// falseNegatives counts the pairs of rows of unlike labels, and the false negatives among them.
func (p *Pairs) falseNegatives(rows []int32) (found, unlike int) {
	rows = p.contrasted(rows)
	for _, i := range rows {
		for _, j := range rows {
			if p.Unlike(i, j) {
				unlike++
			}
			if p.FalseNegative(i, j) {
				found++
			}
		}
	}
	return found, unlike
}

// unknowing is the hierarchical loss of vectors that know nothing: every other row is as near as any.
func (l *loop) unknowing() float64 {
	sum := 0.0
	for step := range sampledBatches {
		rows := l.corpus.Pairs.contrasted(l.sample(step).Rows)
		b := labelBatch(l.corpus.Labels, rows)
		l.corpus.Pairs.fill(b, rows)
		sum += b.unknowing()
	}
	return sum / sampledBatches
}

// unknowing is that of one batch: the mean over its rows of the log of their candidates.
func (b *Batch) unknowing() float64 {
	n := len(b.Theory)
	if b.Ignore == nil {
		return unknowing(n)
	}
	sum := 0.0
	for anchor := range slices.Chunk(b.Ignore, n) {
		sum += math.Log(float64(max(1, n-1-count(anchor))))
	}
	return sum / float64(n)
}

func unknowing(batchSize int) float64 { return math.Log(float64(batchSize - 1)) }

// count is how many pairs are to be ignored.
func count(ignored []bool) (n int) {
	for _, is := range ignored {
		if is {
			n++
		}
	}
	return n
}
