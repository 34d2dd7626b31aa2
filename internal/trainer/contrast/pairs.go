package contrast

import (
	"fmt"
	"math"
	"slices"

	"hives/data"
	"hives/samplers"
)

// Pairs knows what the label sets of whole texts say about pairs of rows.
//
//	row 0  "Ann shares."  care       row 1  "Bo helps."  care       row 2  "Bo helps."  loyalty
//	rows 0 and 2 have unlike labels, but text 2 is about care too: a false negative of anchor 0
//
// Of a batch that holds rows 0 and 2 the loss would push two texts of care apart.
type Pairs struct {
	*data.TextLabels
	Ignores bool // false negatives are left out of the loss
	part    int  // rows that the contrast takes, the first of a batch; 0: all
}

// trainingPairs are those of the corpus; in Stage 2 only its hierarchical part is contrasted. Both know whole texts,
// so a label that the drawn rows do not show counts all the same.
func (s *Settings) trainingPairs(labels *data.Labels) (Pairs, error) {
	p := s.pairs(labels)
	if s.Loop.Stage == 1 {
		return p, nil
	}
	loss, err := s.stage2()
	// The other parts are contrasted with banks: of their rows no pair says anything.
	p.part, _, _ = loss.Split(s.Sampler.BatchSize)
	return p, err
}

// pairs are those of rows with labels.
func (s *Settings) pairs(labels *data.Labels) Pairs {
	return Pairs{TextLabels: data.NewTextLabels(labels), Ignores: s.Sampler.FalseNegatives == samplers.All}
}

// fill adds a batch's matrix, if there is one. rows are numbered as p knows them.
func (p *Pairs) fill(b *Batch, rows []int32) {
	if !p.Ignores {
		return
	}
	n := len(rows)
	// Row i of the matrix is anchor i. It is not symmetric: text j may carry i's label in another of its rows,
	// and i not j's.
	b.Ignore = make([]bool, n*n)
	for i, a := range p.contrasted(rows) {
		for j, other := range p.contrasted(rows) {
			b.Ignore[i*n+j] = p.FalseNegative(a, other)
		}
	}
}

// contrasted are the rows of a batch that the hierarchical term takes. They stand first in a batch.
func (p *Pairs) contrasted(rows []int32) []int32 {
	if p.part > 0 {
		return rows[:p.part]
	}
	return rows
}

// sampledBatches are enough to describe pairs by: 100 batches of 64 have 400,000.
const sampledBatches = 100

// describePairs says what share of the pairs of unlike labels are false negatives, and what becomes of them.
func (in *Inputs) describePairs() string {
	found, unlike := 0, 0
	for step := range sampledBatches {
		f, u := in.corpus.Pairs.falseNegatives(in.source.at(step).Rows)
		found, unlike = found+f, unlike+u
	}
	fate := "pushed apart"
	if in.corpus.Pairs.Ignores {
		fate = "left out of the loss"
	}
	return fmt.Sprintf("false negatives (%s): %.1f %% of a batch's pairs of unlike labels, %s",
		in.cfg.Sampler.FalseNegatives, 100*float64(found)/float64(max(1, unlike)), fate)
}

// falseNegatives counts the pairs of rows of unlike labels, and the false negatives among them. Ordered pairs: as
// anchor and as other each row counts.
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

// chanceLevel is the chance-level loss: the hierarchical one of vectors that know nothing, to which every other
// row is as near as any.
//
// Why log(B − 1): with all vectors alike every logit is the same, each of the B − 1 other rows has p = 1/(B − 1),
// and −log p does not depend on which of them are positives. A batch of 64 has log 63 = 4.143. A run whose loss
// stays there has learned nothing; one that falls far below it on training rows alone has learned them by heart.
func (in *Inputs) chanceLevel() float64 {
	sum := 0.0
	for step := range sampledBatches {
		rows := in.corpus.Pairs.contrasted(in.source.at(step).Rows)
		b := labelBatch(in.corpus.Labels, rows)
		in.corpus.Pairs.fill(b, rows)
		sum += b.chanceLevel()
	}
	return sum / sampledBatches
}

// chanceLevel is that of one batch: the mean over its rows of the log of their candidates.
func (b *Batch) chanceLevel() float64 {
	n := len(b.Theory)
	if b.Ignore == nil {
		return chanceLevel(n)
	}
	sum := 0.0
	// Of n rows n − 1 are candidates, less those that the loss leaves out.
	for anchor := range slices.Chunk(b.Ignore, n) {
		sum += math.Log(float64(max(1, n-1-count(anchor))))
	}
	return sum / float64(n)
}

// chanceLevel is that of a batch in which no pair is left out: log 63 = 4.143 for 64 rows.
func chanceLevel(batchSize int) float64 { return math.Log(float64(batchSize - 1)) }

// count is how many pairs are to be ignored.
func count(ignored []bool) (n int) {
	for _, is := range ignored {
		if is {
			n++
		}
	}
	return n
}
