package trainer_test

import (
	"github.com/gomlx/compute"

	"hives/encoder/local"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/step"
	"hives/losses"
	"hives/model/transformer"
)

// stepOptions are an objective's and a step's in one.
type stepOptions struct {
	step.Options
	Hierarchical losses.HierarchicalConfig
	Stage2       *losses.Stage2Config // nil for Stage 1
	Banks        *contrast.Banks
	Ignores      bool
	Arithmetic   transformer.Arithmetic
	Pooling      transformer.Pooling
	Frozen       int
	States       local.States
}

// stepper takes steps over a contrast's batches.
type stepper struct {
	*step.Stepper
	of *contrast.Objective
}

func newStepper(backend compute.Backend, m transformer.Model, o stepOptions) (*stepper, error) {
	of := &contrast.Objective{
		Model: m, Pooling: o.Pooling, Arithmetic: o.Arithmetic, Of: contrast.Hierarchical(o.Hierarchical),
		Ignores: o.Ignores, Banks: o.Banks, LearnedRate: 10, Frozen: o.Frozen, States: o.States,
	}
	if o.Stage2 != nil {
		of.Of = contrast.Aligned(*o.Stage2, o.Banks)
	}
	if err := of.Check(); err != nil {
		return nil, err
	}
	s, err := step.New(backend, of, o.Options)
	return &stepper{s, of}, err
}

// Step takes one.
func (s *stepper) Step(b *contrast.Batch, updates int, rate, scale float64) (stepped, error) {
	laid, err := b.Step(s.of)
	if err != nil {
		return stepped{}, err
	}
	r, err := s.Stepper.Step(laid, updates, rate, scale)
	out := stepped{Result: r, Levels: r.Figure("loss_level"), LevelAnchors: r.Figure("level_anchors")}
	out.Hierarchical, _ = r.Parts.Find("hierarchical")
	out.Individual, _ = r.Parts.Find("individual")
	out.Theory, _ = r.Parts.Find("theory")
	return out, err
}

// Probe looks at one.
func (s *stepper) Probe(b *contrast.Batch) (*step.Probe, error) {
	laid, err := b.Step(s.of)
	if err != nil {
		return nil, err
	}
	return s.Stepper.Probe(laid)
}

// stepped is a result with its parts and figures by the names of fields.
type stepped struct {
	step.Result
	Hierarchical, Individual, Theory float64
	Levels, LevelAnchors             []float64
}
