package contrast

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/data"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/trainer/step"
	"hives/metrics"
	"hives/samplers"
)

// validationBatches is how many batches the validation loss averages over.
const validationBatches = 8

// Validator measures a model on a fixed sample of held-out rows.
//
// What is compared over a run must be the same question each time. So the rows are drawn once, by the seed alone;
// the loss is taken over up to eight batches that are laid out once; and figures that few rows do not define are
// null rather than 0. What it costs is one embedding of the rows, the encoder's batches included: no gradient, no
// copy of the weights.
type Validator struct {
	rows    []data.Row
	labels  *data.Labels
	corpora []metrics.Corpus
	stage   int
	inputs  []encoder.Input
	batches []*Batch  // of the validation loss, labels only; none where the rows cannot fill one
	drawn   [][]int32 // their rows
	loss    *step.LossOnly
}

// NewValidator draws at most limit rows, a function of the split's seed: runs of several seeds are
// measured on the same rows. It returns nil when fewer than two are held out.
func NewValidator(backend compute.Backend, rows []data.Row, limit int, cfg *Settings) (*Validator, error) {
	if min(len(rows), limit) < 2 {
		return nil, nil
	}
	// Of all held-out rows, before the sample: whether two texts share a label must not depend on which rows were
	// drawn.
	all := data.NewLabels(rows, cfg.Theories) // a text's labels are those of all its rows, in the sample or not
	pairs := cfg.pairs(all)
	// The same rows at every validation, and for runs of one seed: curves differ by weights, not by rows.
	numbers := sampleRows(len(rows), limit, cfg.Loop.Seed)
	v := &Validator{stage: cfg.Loop.Stage}
	for _, at := range numbers {
		v.rows = append(v.rows, rows[at])
		v.inputs = append(v.inputs, encoder.Input{Text: rows[at].Text})
	}
	v.labels = data.NewLabels(v.rows, cfg.Theories)
	v.corpora = metrics.Corpora(v.labels)
	v.draw(cfg, &pairs, numbers)
	// That of Stage 1 in both stages: held-out rows have no anchors of banks, and curves of both stages can be
	// laid together.
	loss, err := cfg.lossOf(1, nil)
	if err == nil {
		v.loss, err = step.NewLossOnly(backend, &Objective{Of: loss})
	}
	return v, err
}

// sampleRows draws at most limit of n rows, ascending. The second word of the generator's seed is "validate" in
// ASCII: no other draw of a run has it.
func sampleRows(n, limit int, seed uint64) []int {
	draw := make([]int, n)
	for i := range draw {
		draw[i] = i
	}
	if limit > 0 && n > limit {
		draw = rand.New(rand.NewPCG(seed, 0x76616c6964617465)).Perm(n)[:limit]
		slices.Sort(draw)
	}
	return draw
}

// draw makes the batches of the loss, none where the rows cannot fill them. pairs know the rows by numbers. At most
// one epoch: a row that came twice would count twice.
func (v *Validator) draw(cfg *Settings, pairs *Pairs, numbers []int) {
	// Few held-out rows may not fill a batch: then there is no loss to log, and everything else is.
	s, err := samplers.NewIntraTheory(v.labels, cfg.sampler(v.labels.Alternatives(v.rows)))
	if err != nil {
		return
	}
	for step := range min(validationBatches, s.BatchesPerEpoch()) {
		rows := s.Batch(step).Rows
		// The sampler counts within the sample, pairs within all held-out rows.
		known := make([]int32, len(rows))
		for i, r := range rows {
			known[i] = int32(numbers[r])
		}
		b := labelBatch(v.labels, rows)
		pairs.fill(b, known)
		v.batches, v.drawn = append(v.batches, b), append(v.drawn, rows)
	}
}

// chanceLevel is the mean over the batches of the chance-level loss.
func (v *Validator) chanceLevel(batchSize int) float64 {
	if len(v.batches) == 0 || v.batches[0].Ignore == nil {
		return chanceLevel(batchSize)
	}
	sum := 0.0
	for _, b := range v.batches {
		sum += b.chanceLevel()
	}
	return sum / float64(len(v.batches))
}

// tokens are those of the rows' texts, as the encoder will frame them; a nil Validator has none.
func (v *Validator) tokens(tok framer) (texts [][]int32, err error) {
	if v == nil {
		return nil, nil
	}
	for _, in := range v.inputs {
		ids, _, err := tok.Encode(in.Text)
		if err != nil {
			return nil, fmt.Errorf("tokenise held-out rows: %w", err)
		}
		texts = append(texts, ids)
	}
	return texts, nil
}

// Measure embeds the rows with enc and computes every figure. The vectors are embedded once, for all figures and for
// the loss.
func (v *Validator) Measure(ctx context.Context, enc encoder.Encoder, batchSize int) (*Validation, error) {
	rows, _, err := enc.Encode(ctx, v.inputs)
	if err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	vectors, err := metrics.NewVectors(rows)
	if err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	m, err := metrics.Measure(ctx, vectors, metrics.NewRowPairs(v.labels), metrics.Options{})
	if err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	out := &Validation{Kind: "validation", Rows: len(rows), LossUnknowing: v.chanceLevel(batchSize),
		RankingAccuracy: Scoped{}, SimilarityCorrelation: Scoped{}}
	for s, name := range metrics.ScopeNames {
		out.RankingAccuracy[name] = defined(m.Ranking[s].Macro)
		out.SimilarityCorrelation[name] = defined(m.Correlation[s].Pearson)
	}
	if out.SimilarityCorrelationCorpusMean, err = v.corpusMean(ctx, vectors); err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	out.DirectionAccuracy = defined(m.Direction[metrics.WithinCorpus].Macro)
	if out.Collapse, err = metrics.MeasureCollapse(vectors, v.labels); err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	loss, err := v.meanLoss(rows)
	// One loss under two names: Stage 2's own loss has three parts, so what is logged as its held-out loss says
	// which it is.
	if v.stage == 2 {
		out.LossHierarchical = loss
	} else {
		out.Loss = loss
	}
	return out, err
}

// corpusMean is the mean over corpora of the similarity correlation in each, nil where the rows do not define it.
func (v *Validator) corpusMean(ctx context.Context, vectors *metrics.Vectors) (*float64, error) {
	var each []metrics.Correlation
	for i := range v.corpora {
		c, err := v.corpora[i].Correlate(ctx, vectors)
		if err != nil {
			return nil, err
		}
		each = append(each, c)
	}
	return defined(metrics.MeanCorrelation(each, 0).Pearson), nil
}

// meanLoss is the training loss on batches of held-out rows, nil where none can be filled. The vectors are those of
// the figures, so the loss costs no embedding.
func (v *Validator) meanLoss(vectors [][]float32) (*float64, error) {
	if len(v.batches) == 0 {
		return nil, nil
	}
	sum, d := 0.0, len(vectors[0])
	for i, b := range v.batches {
		var z []float32
		for _, r := range v.drawn[i] {
			z = append(z, vectors[r]...)
		}
		loss, err := v.loss.Of(tensors.FromFlatDataAndDimensions(z, len(z)/d, d), b.inputs())
		if err != nil {
			return nil, fault.New(fault.Unavailable, "validation loss: %w", err)
		}
		sum += loss
	}
	return defined(sum / float64(len(v.batches))), nil
}

// Close frees the compiled graph.
func (v *Validator) Close() { v.loss.Close() }
