package trainer

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/data"
	"hives/encoder"
	"hives/internal/fault"
	"hives/losses"
	"hives/metrics"
	"hives/samplers"
)

// validationBatches is how many batches the validation loss averages over.
const validationBatches = 8

// Scoped is a metric in the three scopes; null where it is undefined.
type Scoped map[string]*float64

// Validation is one look at held-out rows; as JSON it is a line of metrics.jsonl.
type Validation struct {
	Kind string `json:"kind"` // "validation"
	Step int    `json:"step"` // updates done
	Rows int    `json:"rows"`

	Loss                  *float64 `json:"loss"` // null where the rows cannot fill a batch
	LossUnknowing         float64  `json:"loss_unknowing"`
	RankingAccuracy       Scoped   `json:"ranking_accuracy"`
	SimilarityCorrelation Scoped   `json:"similarity_correlation"`
	DirectionAccuracy     *float64 `json:"direction_accuracy"`
	metrics.Collapse

	// Of the last training step before it.
	TrainLevels       []float64 `json:"train_loss_levels,omitempty"`
	TrainLevelAnchors []float64 `json:"train_level_anchors,omitempty"`
	TrainGradNorm     Number    `json:"train_grad_norm,omitempty"`

	Warning string `json:"warning,omitempty"`
}

// Validator measures a model on a fixed sample of held-out rows.
type Validator struct {
	rows    []data.Row
	labels  *data.Labels
	inputs  []encoder.Input
	batches [][]int32 // of the validation loss; none where the rows cannot fill one
	loss    *Exec
}

// NewValidator draws at most limit rows, a function of seed. It returns nil when fewer than two are held out.
func NewValidator(backend compute.Backend, rows []data.Row, limit int, cfg *Config) (*Validator, error) {
	if limit > 0 && len(rows) > limit {
		draw := rand.New(rand.NewPCG(cfg.Seed, 0x76616c6964617465)).Perm(len(rows))[:limit]
		slices.Sort(draw)
		sample := make([]data.Row, limit)
		for i, at := range draw {
			sample[i] = rows[at]
		}
		rows = sample
	}
	if len(rows) < 2 || limit == 0 {
		return nil, nil
	}
	v := &Validator{rows: rows, labels: data.NewLabels(rows)}
	for _, r := range rows {
		v.inputs = append(v.inputs, encoder.Input{Text: r.Text})
	}
	if s, err := samplers.NewIntraTheory(v.labels, cfg.sampler(v.labels.Alternatives(rows))); err == nil {
		for step := range min(validationBatches, s.BatchesPerEpoch()) {
			v.batches = append(v.batches, s.Batch(step).Rows)
		}
	}
	lossConfig, err := cfg.lossConfig()
	if err != nil {
		return nil, err
	}
	v.loss, err = NewExec(backend, func(z, theory, levels, direction *Node) *Node {
		return losses.Hierarchical(lossConfig, z, theory, levels, direction).Loss
	})
	return v, err
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

// Measure embeds the rows with enc and computes every figure.
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
	out := &Validation{Kind: "validation", Rows: len(rows), LossUnknowing: unknowing(batchSize), RankingAccuracy: Scoped{}, SimilarityCorrelation: Scoped{}}
	for s, name := range metrics.ScopeNames {
		out.RankingAccuracy[name] = defined(m.Ranking[s].Macro)
		out.SimilarityCorrelation[name] = defined(m.Correlation[s].Pearson)
	}
	out.DirectionAccuracy = defined(m.Direction[metrics.WithinCorpus].Macro)
	if out.Collapse, err = metrics.MeasureCollapse(vectors, v.labels); err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	out.Warning = out.Collapse.Warning()
	out.Loss, err = v.meanLoss(rows)
	return out, err
}

// meanLoss is the training loss on batches of held-out rows, nil where none can be filled.
func (v *Validator) meanLoss(vectors [][]float32) (*float64, error) {
	if len(v.batches) == 0 {
		return nil, nil
	}
	sum, d := 0.0, len(vectors[0])
	for _, rows := range v.batches {
		var z []float32
		var theory, levels, direction []int32
		for _, r := range rows {
			z = append(z, vectors[r]...)
			theory = append(theory, v.labels.Theory[r])
			levels = append(levels, v.labels.Levels[r][:]...)
			direction = append(direction, v.labels.Direction[r])
		}
		out, err := v.loss.Call1(tensors.FromFlatDataAndDimensions(z, len(rows), d), theory,
			tensors.FromFlatDataAndDimensions(levels, len(rows), 3), direction)
		if err != nil {
			return nil, fault.New(fault.Unavailable, "validation loss: %w", err)
		}
		sum += float64(tensors.ToScalar[float32](out))
	}
	return defined(sum / float64(len(v.batches))), nil
}

// Close frees the compiled graph.
func (v *Validator) Close() { v.loss.Finalize() }

// defined returns nil for a figure that is not a number, which JSON has no word for.
func defined(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
