package sft

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/trainer/loop"
	"hives/internal/trainer/step"
	"hives/model/transformer"
	"hives/pack"
)

// answerTokens adds to a step's line how many tokens were foretold.
func answerTokens(n int) func(*step.Result) map[string]any {
	return func(*step.Result) map[string]any { return map[string]any{"answer_tokens": n} }
}

// Validation is a validation's line in metrics.jsonl.
type Validation struct {
	Kind   string      `json:"kind"`
	Step   int         `json:"step"`
	Rows   int         `json:"rows"`
	Tokens int         `json:"answer_tokens"`
	Loss   step.Number `json:"loss"` // nats a token, over all held-out answers
	Odds   *Odds       `json:"log_odds,omitempty"`
}

// Odds compare answers of opposite levels to one question: ln p(wanted) − ln p(opposite), the end of the turn in.
//
// Wanted is the side that most rows to train on have. A model that has learned it gives odds that rise over a run.
// Those of a longer answer are lower by its length alone, so what counts is the change.
type Odds struct {
	Pairs    int         `json:"pairs"`
	Mean     step.Number `json:"mean"`
	Positive float64     `json:"share_above_0"`
}

// wanted is the side that most rows to train on have: 1, −1, or 0 where no level is said.
func wanted(train []text) int {
	sum := 0
	for i := range train {
		sum += sign(train[i].row.Level)
	}
	return sign(&sum)
}

func sign(level *int) int {
	switch {
	case level == nil || *level == 0:
		return 0
	case *level > 0:
		return 1
	}
	return -1
}

// validator measures the weights as they stand on fixed held-out rows. It shares the variables with the steps, adapters
// included, and copies none.
type validator struct {
	texts  []text
	pairs  [][2]int // places in texts: wanted, opposite
	shapes []pack.Shape
	o      *objective
	exec   *model.Exec
}

func newValidator(backend compute.Backend, o *objective, texts []text, wanted, longest int) (*validator, error) {
	v := &validator{texts: texts, pairs: pairs(texts, wanted), o: o}
	// One text a row of one of few lengths, so that a row's numbers do not hang on what else is held out.
	for length := 64; ; length *= 2 {
		v.shapes = append(v.shapes, pack.Shape{Rows: validationRows, Length: min(length, longest), Texts: validationRows})
		if length >= longest {
			break
		}
	}
	var err error
	v.exec, err = model.NewExec(backend, o.params.Store, func(_ *model.Scope, in []*Node) []*Node {
		p := transformer.Packed{IDs: in[0], Texts: in[1], Last: in[2]}
		return []*Node{Squeeze(o.Forward(p, step.Values[*Node]{
			{Name: inputPositions, Value: in[3]}, {Name: inputTargets, Value: in[4]}}), -1)}
	})
	return v, err
}

// validationRows is how many rows are measured at once.
const validationRows = 8

// pairs finds the answers to one question, by value, that lie at opposite levels: 2 against −2, and 1 against −1. A
// wanted answer whose opposite is not held out is in the loss and in no pair.
func pairs(texts []text, wanted int) (out [][2]int) {
	for i := range texts {
		r := texts[i].row
		if wanted == 0 || r.QuestionID == "" || sign(r.Level) != wanted {
			continue
		}
		j := slices.IndexFunc(texts, func(t text) bool {
			return t.row.QuestionID == r.QuestionID && t.row.ValueID == r.ValueID && t.row.Level != nil &&
				*t.row.Level == -*r.Level
		})
		if j >= 0 {
			out = append(out, [2]int{i, j})
		}
	}
	return out
}

// measure sums −log p of every held-out answer.
func (v *validator) measure(ctx context.Context) (*Validation, error) {
	sums := make([]float64, len(v.texts))
	for _, shape := range v.shapes {
		var at []int
		for i := range v.texts {
			if v.shapeOf(i) == shape {
				at = append(at, i)
			}
		}
		for part := range slices.Chunk(at, shape.Texts) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := v.sum(part, shape, sums); err != nil {
				return nil, err
			}
		}
	}
	out := &Validation{Kind: "validation", Rows: len(v.texts)}
	total := 0.
	for i := range v.texts {
		total += sums[i]
		out.Tokens += v.texts[i].labels()
	}
	out.Loss = step.Number(total / float64(out.Tokens))
	out.Odds = v.odds(sums)
	return out, nil
}

// shapeOf is the first that holds a text.
func (v *validator) shapeOf(i int) pack.Shape {
	at := slices.IndexFunc(v.shapes, func(s pack.Shape) bool { return s.Length >= len(v.texts[i].ids) })
	return v.shapes[at]
}

// sum computes one batch of texts of one shape.
func (v *validator) sum(part []int, shape pack.Shape, sums []float64) error {
	drawn := make([]*text, len(part))
	for i, at := range part {
		drawn[i] = &v.texts[at]
	}
	b, err := pack.Padded(idsOf(drawn), shape)
	if err != nil {
		return err
	}
	labels := labelsOf(&b, drawn)
	labels.pad(places(len(labels.positions), shape))
	out, err := v.exec.Call(tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Texts, b.Rows, b.Length), b.Last, labels.positions, labels.targets)
	if err != nil {
		return fmt.Errorf("validation: %w", err)
	}
	defer out[0].FinalizeAll()
	unlikely, err := tensors.CopyFlatData[float32](out[0])
	if err != nil {
		return err
	}
	for i, of := range labels.of {
		if of >= 0 {
			sums[part[of]] += float64(unlikely[i])
		}
	}
	return nil
}

// odds compare the pairs; nil where there are none.
func (v *validator) odds(sums []float64) *Odds {
	if len(v.pairs) == 0 {
		return nil
	}
	out := &Odds{Pairs: len(v.pairs)}
	for _, p := range v.pairs {
		odds := sums[p[1]] - sums[p[0]]
		out.Mean += step.Number(odds / float64(len(v.pairs)))
		if odds > 0 {
			out.Positive += 1 / float64(len(v.pairs))
		}
	}
	return out
}

func (v *validator) close() {
	if v != nil && v.exec != nil {
		v.exec.Finalize()
	}
}

// Validate measures the held-out rows.
func (t *task) Validate(ctx context.Context, at loop.Position) (*loop.Validation, error) {
	if t.validator == nil {
		return nil, nil
	}
	t.watch.Phase("validating")
	v, err := t.validator.measure(ctx)
	if err != nil {
		return nil, err
	}
	v.Step = at.Done
	says := fmt.Sprintf("validation at step %d: %.4f nats a token over %d answers", v.Step, float64(v.Loss), v.Rows)
	if v.Odds != nil {
		says += fmt.Sprintf("; log-odds of the wanted level against the opposite %.3f over %d pairs, %.0f %% above 0",
			float64(v.Odds.Mean), v.Odds.Pairs, 100*v.Odds.Positive)
	}
	return &loop.Validation{Step: v.Step, Line: v, Says: says, Score: v.score}, nil
}

// score is the figure that decides the best checkpoint, larger being better; so the loss is turned, and run.json shows
// it as a negative number.
func (v *Validation) score(figure string) *float64 {
	x := -float64(v.Loss)
	if figure == FigureLogOdds {
		if v.Odds == nil {
			return nil
		}
		x = float64(v.Odds.Mean)
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
