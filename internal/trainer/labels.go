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
	if o.hierarchical().Variant.TakesWeights() {
		places = append(places, &l.Weights)
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

// labelInputs are the arguments of the loss: theory [B], levels [B, 3], direction [B]; pairs to be ignored and
// weights, [B, B] each, where there are any; in Stage 2 individual and theory ids [B] and, with encoded banks,
// the fresh ids [E] of each.
func (b *Batch) labelInputs() []any {
	n := len(b.Theory)
	in := []any{b.Theory, tensors.FromFlatDataAndDimensions(b.Levels, n, 3), b.Direction}
	if b.Ignore != nil {
		in = append(in, tensors.FromFlatDataAndDimensions(b.Ignore, n, n))
	}
	if b.Weights != nil {
		in = append(in, tensors.FromFlatDataAndDimensions(b.Weights, n, n))
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
	Weighs  bool // the loss takes weights
	part    int  // rows that the contrast takes, the first of a batch; 0: all
}

// trainingPairs are those of the corpus; in Stage 2 only its hierarchical part is contrasted.
func (l *loop) trainingPairs(alternatives [][][3]int32) (Pairs, error) {
	p, err := l.cfg.pairs(l.corpus.Labels, alternatives)
	if err != nil || l.cfg.Stage == 1 {
		return p, err
	}
	loss, err := l.cfg.stage2Loss()
	p.part, _, _ = loss.Split(l.cfg.Sampler.BatchSize)
	return p, err
}

// pairs are those of rows with labels; alternatives as in data.NewTextLabels. TextSoft, which sees whole
// texts, has no false negatives: a text that carries an anchor's label is its positive.
func (c *Config) pairs(labels *data.Labels, alternatives [][][3]int32) (Pairs, error) {
	loss, err := c.lossConfig()
	p := Pairs{TextLabels: data.NewTextLabels(labels, alternatives), Weighs: loss.Variant.TakesWeights()}
	p.Ignores = c.Sampler.FalseNegatives == samplers.All && !p.Weighs
	return p, err
}

// fill adds a batch's matrices. rows are numbered as p knows them.
func (p *Pairs) fill(b *Batch, rows []int32) {
	n := len(rows)
	if p.Ignores {
		b.Ignore = make([]bool, n*n)
	}
	if p.Weighs {
		b.Weights = make([]float32, n*n)
	}
	for i, a := range p.contrasted(rows) {
		for j, other := range p.contrasted(rows) {
			if p.Ignores {
				b.Ignore[i*n+j] = p.FalseNegative(a, other)
			}
			if p.Weighs {
				b.Weights[i*n+j] = p.Closeness(a, other)
			}
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
