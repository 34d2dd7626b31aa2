package contrast

import (
	"math"
	"slices"

	"hives/data"
	"hives/internal/trainer/step"
)

// levels are a step's losses and shares of anchors by level, without a number where there is nothing: no loss where no
// anchor of the batch has a positive, and no share of a level that no row has.
//
//	level     1      2      3      direction
//	share     .95    .40    0      .98
//	loss      3.1    2.8    null   3.4          level 3: rows have one, but no two of this batch the same
func levels(r *step.Result, labels *data.Labels) (losses, anchors []step.Number) {
	share := r.Figure(figureAnchors)
	losses, anchors = step.Numbers(r.Figure(figureLevels)), step.Numbers(share)
	// 0 would read as a loss that is solved. Nothing to contrast is no loss.
	for k := range losses {
		if share[k] > 0 {
			continue
		}
		losses[k] = step.Number(math.NaN())
		if k < 3 && !slices.ContainsFunc(labels.Levels, func(path [3]int32) bool { return path[k] >= 0 }) {
			anchors[k] = losses[k]
		}
	}
	return losses, anchors
}

// line is what the contrast adds to a step's line.
func (t *Task) line(b *Batch) func(*step.Result) map[string]any {
	ignored := count(b.Ignore)
	return func(r *step.Result) map[string]any {
		losses, anchors := levels(r, t.corpus.Labels)
		// Null where no anchor has a positive; where no row has the level.
		line := map[string]any{"loss_levels": losses, "level_anchors": anchors}
		if t.corpus.Pairs.Ignores {
			line["ignored_pairs"] = ignored // of (anchor, row), with false_negatives all
		}
		return line
	}
}
