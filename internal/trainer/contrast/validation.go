package contrast

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/trainer/step"
	"hives/metrics"
)

// Scoped is a metric in the three scopes; null where it is undefined.
type Scoped map[string]*float64

// Validation is one look at held-out rows; as JSON it is a line of metrics.jsonl.
type Validation struct {
	Kind string `json:"kind"` // "validation"
	Step int    `json:"step"` // updates done
	Rows int    `json:"rows"`

	// The loss on held-out rows is the hierarchical one in both stages: in Stage 2, whose own loss has two terms
	// more, it goes by that name. Absent where the rows cannot fill a batch.
	Loss             *float64 `json:"loss,omitempty"`              // Stage 1
	LossHierarchical *float64 `json:"loss_hierarchical,omitempty"` // Stage 2
	LossUnknowing    float64  `json:"loss_unknowing"`              // the chance-level loss
	RankingAccuracy  Scoped   `json:"ranking_accuracy"`
	// within_corpus pools the pairs of all corpora, and so follows how corpora differ in their means as well; what it
	// claims is the next figure's to claim.
	SimilarityCorrelation           Scoped   `json:"similarity_correlation"`
	SimilarityCorrelationCorpusMean *float64 `json:"similarity_correlation_corpus_mean"`
	DirectionAccuracy               *float64 `json:"direction_accuracy"`
	metrics.Collapse

	// Of the last training step before it.
	TrainLevels       []step.Number `json:"train_loss_levels,omitempty"`
	TrainLevelAnchors []step.Number `json:"train_level_anchors,omitempty"`
	TrainGradNorm     step.Number   `json:"train_grad_norm,omitempty"`

	// Shared marks figures of rows of which some were trained on.
	Shared  *data.Shared `json:"shared_with_training,omitempty"`
	Warning string       `json:"warning,omitempty"`
}

// HeldOutLoss is the hierarchical loss on held-out rows of either stage, nil where they cannot fill a batch.
func (v *Validation) HeldOutLoss() *float64 {
	if v.Loss != nil {
		return v.Loss
	}
	return v.LossHierarchical
}

// defined returns nil for a figure that is not a number, which JSON has no word for.
func defined(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// String is the validation in one line for a person.
func (v *Validation) String() string {
	show := func(p *float64) string {
		if p == nil {
			return "–"
		}
		return strings.TrimPrefix(fmt.Sprintf("%.3f", *p), "0")
	}
	loss := "loss"
	if v.LossHierarchical != nil {
		loss = "hierarchical loss"
	}
	line := fmt.Sprintf(
		"step %d, held out: ranking %s (within corpus %s), correlation %s (mean over corpora %s), direction "+
			"%s, %s %s, mean cosine %s, effective rank %.1f",
		v.Step, show(v.RankingAccuracy["all"]), show(v.RankingAccuracy["within_corpus"]),
		show(v.SimilarityCorrelation["all"]), show(v.SimilarityCorrelationCorpusMean),
		show(v.DirectionAccuracy), loss, show(v.HeldOutLoss()), show(&v.MeanCosine), v.EffectiveRank)
	if v.Shared != nil {
		line += fmt.Sprintf(
			"; not held out at all: %d of %d texts, rows of %d groups", v.Shared.Texts, v.Shared.OfTexts, v.Shared.Groups)
	}
	return line
}

// figures are the validation figures that log.best may name, each turned so that larger is better.
func figures() map[string]func(*Validation) *float64 {
	out := map[string]func(*Validation) *float64{
		"direction_accuracy": func(v *Validation) *float64 { return v.DirectionAccuracy },
		"loss": func(v *Validation) *float64 {
			if v.HeldOutLoss() == nil {
				return nil
			}
			return defined(-*v.HeldOutLoss())
		},
		"similarity_correlation_corpus_mean": func(v *Validation) *float64 { return v.SimilarityCorrelationCorpusMean },
	}
	// Larger is better for each of these; the loss above is turned.
	for _, scope := range metrics.ScopeNames {
		out["ranking_accuracy."+scope] = func(v *Validation) *float64 { return v.RankingAccuracy[scope] }
		out["similarity_correlation."+scope] = func(v *Validation) *float64 { return v.SimilarityCorrelation[scope] }
	}
	return out
}

// CheckFigure refuses a name that log.best does not know; "" keeps no best.
func CheckFigure(name string) error {
	if _, ok := figures()[name]; ok || name == "" {
		return nil
	}
	return fault.New(fault.Invalid, "log.best %q: want one of %s, or nothing to keep only the last checkpoints",
		name, strings.Join(slices.Sorted(maps.Keys(figures())), ", "))
}

// score is the figure of a name that log.best may give, nil where it is undefined. CheckFigure has refused other
// names before.
func (v *Validation) score(name string) *float64 {
	figure, ok := figures()[name]
	if !ok {
		return nil
	}
	return figure(v)
}
