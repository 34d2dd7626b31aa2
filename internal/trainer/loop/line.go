package loop

import (
	"encoding/json"
	"maps"

	"hives/internal/trainer/step"
)

// StepLine is a training step as a line of metrics.jsonl.
type StepLine struct {
	Kind  string  `json:"kind"` // "train"
	Step  int     `json:"step"` // updates done, this one included
	Epoch int     `json:"epoch"`
	Loss  float64 `json:"loss"` // what is minimised
	// Terms are its parts without their weights. Older programs wrote those of Stage 2 as
	// loss_hierarchical, loss_individual and loss_theory.
	Terms        map[string]step.Number `json:"terms,omitempty"`
	LearningRate float64                `json:"learning_rate"`
	// Before the clip; null where f16 overflowed and the step was skipped.
	GradNorm        step.Number `json:"grad_norm"`
	Clip            step.Number `json:"clip"`                 // factor applied to the gradients
	LossScale       *float64    `json:"loss_scale,omitempty"` // of this step, f16 only
	Skipped         int         `json:"skipped,omitempty"`    // steps that overflowed so far
	Tokens          int         `json:"tokens"`               // of this step, without padding
	ComputedTokens  int         `json:"computed_tokens"`      // with padding
	TokensPerSecond float64     `json:"tokens_per_second"`    // without padding, since the line before

	// More is what the task adds, in the same object.
	More map[string]any `json:"-"`
}

// plainLine has the fields of a StepLine without its methods.
type plainLine StepLine

// MarshalJSON puts what the task adds beside the loop's own fields.
func (l *StepLine) MarshalJSON() ([]byte, error) { return withMore((*plainLine)(l), l.More) }

// UnmarshalJSON keeps what it does not know in More.
func (l *StepLine) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, (*plainLine)(l)); err != nil {
		return err
	}
	var known map[string]any
	if err := json.Unmarshal(raw, &l.More); err != nil {
		return err
	}
	// The names of the loop's own fields, from a line in which none is left out for being empty.
	// Nothing is left out.
	own, err := json.Marshal(&plainLine{Terms: map[string]step.Number{"": 0}, LossScale: &l.Loss, Skipped: 1})
	if err == nil {
		err = json.Unmarshal(own, &known)
	}
	maps.DeleteFunc(l.More, func(name string, _ any) bool { _, ok := known[name]; return ok })
	return err
}

// withMore is the JSON of an object of at least one field with further ones at its end, in the order of their names.
func withMore(object any, more map[string]any) ([]byte, error) {
	raw, err := json.Marshal(object)
	if err != nil || len(more) == 0 {
		return raw, err
	}
	// Two objects into one: the closing brace of the first and the opening one of the second make a comma.
	added, err := json.Marshal(more)
	if err != nil {
		return nil, err
	}
	return append(append(raw[:len(raw)-1], ','), added[1:]...), nil
}

// lineOf is the line of the step that was just done.
func (m *machine) lineOf(in *input, r *step.Result, scale float64) *StepLine {
	line := &StepLine{
		Kind: "train", Step: in.step + 1, Epoch: in.batch.Epoch, Loss: r.Loss, Terms: termsOf(r), LearningRate: in.rate,
		GradNorm: step.Number(r.GradNorm), Clip: step.Number(r.Clip), Tokens: in.batch.Tokens(),
		ComputedTokens: in.batch.Computed(),
	}
	if in.batch.Line != nil {
		line.More = in.batch.Line(r)
	}
	if m.LossScaling {
		line.LossScale, line.Skipped = &scale, m.lossScale.Skipped
	}
	return line
}

// termsOf are a loss's terms by name.
func termsOf(r *step.Result) map[string]step.Number {
	terms := map[string]step.Number{}
	for _, part := range r.Parts {
		terms[part.Name] = step.Number(part.Value)
	}
	return terms
}
