package trainer

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/data"
	"hives/losses"
	"hives/samplers"
)

// labelNodes are the label arguments of a step's graph.
type labelNodes struct {
	losses.Labels
	individual, theory           *Node // ids [B] of Stage 2
	freshIndividual, freshTheory *Node // ids [E] of encoded banks
}

// places are the arguments that the objective takes, in the order of Batch.labelInputs.
func (o *Objective) places(l *labelNodes) []**Node {
	places := []**Node{&l.Theory, &l.Levels, &l.Direction}
	if o.Ignores {
		places = append(places, &l.Ignore)
	}
	if o.Stage2 == nil {
		return places
	}
	places = append(places, &l.individual, &l.theory)
	if !o.Banks.Learned {
		places = append(places, &l.freshIndividual, &l.freshTheory)
	}
	return places
}

// inputs is the number of label arguments.
func (o *Objective) inputs() int { return len(o.places(&labelNodes{})) }

// labels names the label arguments.
func (o *Objective) labels(in []*Node) (l labelNodes) {
	for i, place := range o.places(&l) {
		*place = in[i]
	}
	return l
}

// labelInputs are the arguments of the loss: theory [B], levels [B, 3], direction [B]; pairs to be ignored, [B, B],
// where there are any; in Stage 2 individual and theory ids [B] and, with encoded banks, the fresh ids [E] of each.
func (b *Batch) labelInputs() []any {
	n := len(b.Theory)
	in := []any{b.Theory, tensors.FromFlatDataAndDimensions(b.Levels, n, 3), b.Direction}
	if b.Ignore != nil {
		in = append(in, tensors.FromFlatDataAndDimensions(b.Ignore, n, n))
	}
	if a := b.Anchors; a != nil {
		in = append(in, a.Individual, a.Theory)
		if len(a.FreshIndividual) > 0 {
			in = append(in, a.FreshIndividual, a.FreshTheory)
		}
	}
	return in
}

// Pairs knows what the label sets of whole texts say about pairs of rows.
type Pairs struct {
	*data.TextLabels
	Ignores bool // false negatives are left out of the loss
	part    int  // rows that the contrast takes, the first of a batch; 0: all
}

// trainingPairs are those of the corpus; in Stage 2 only its hierarchical part is contrasted.
func (l *loop) trainingPairs() (Pairs, error) {
	p := l.cfg.pairs(l.corpus.Labels)
	if l.cfg.Stage == 1 {
		return p, nil
	}
	loss, err := l.cfg.stage2Loss()
	p.part, _, _ = loss.Split(l.cfg.Sampler.BatchSize)
	return p, err
}

// pairs are those of rows with labels.
func (c *Config) pairs(labels *data.Labels) Pairs {
	return Pairs{TextLabels: data.NewTextLabels(labels), Ignores: c.Sampler.FalseNegatives == samplers.All}
}

// fill adds a batch's matrix, if there is one. rows are numbered as p knows them.
func (p *Pairs) fill(b *Batch, rows []int32) {
	if !p.Ignores {
		return
	}
	n := len(rows)
	b.Ignore = make([]bool, n*n)
	for i, a := range p.contrasted(rows) {
		for j, other := range p.contrasted(rows) {
			b.Ignore[i*n+j] = p.FalseNegative(a, other)
		}
	}
}

// contrasted are the rows of a batch that the hierarchical term takes.
func (p *Pairs) contrasted(rows []int32) []int32 {
	if p.part > 0 {
		return rows[:p.part]
	}
	return rows
}

// labelBatch is a batch's labels without its texts.
func labelBatch(l *data.Labels, rows []int32) *Batch {
	b := &Batch{}
	for _, r := range rows {
		b.Theory, b.Direction = append(b.Theory, l.Theory[r]), append(b.Direction, l.Direction[r])
		b.Levels = append(b.Levels, l.Levels[r][:]...)
	}
	return b
}
