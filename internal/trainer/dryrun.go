package trainer

import (
	"context"
	"slices"
	"time"

	"hives/internal/optim"
	"hives/pack"
)

// A dry run takes steps until dryRunSteps of shapes that are compiled have been timed, at least dryRunLeast of
// them and no longer than dryRunTime once these are done.
const (
	dryRunSteps = 20
	dryRunLeast = 3
	dryRunTime  = 30 * time.Second
)

// Plan is what a run would need, measured over a few steps on this machine.
type Plan struct {
	Parameters     int64             `json:"parameters"`       // trained
	Fixed          int64             `json:"fixed_parameters"` // that stay as they are
	Groups         []optim.GroupSize `json:"groups"`
	Devices        int               `json:"devices"`
	Memory         Memory            `json:"memory"`         // of one device
	Baseline       int64             `json:"baseline_bytes"` // the process before it held a model
	Peak           int64             `json:"peak_bytes"`     // of the whole process, measured
	Shapes         []ShapeUse        `json:"shapes"`
	Tokens         float64           `json:"tokens_per_step"`
	Computed       float64           `json:"computed_tokens_per_step"`
	Steps          int               `json:"steps"`
	Measured       int               `json:"measured_steps"`
	StepsPerSecond float64           `json:"steps_per_second"`
	Hours          float64           `json:"hours"`
	Alternatives   []Alternative     `json:"alternatives"`
}

// ShapeUse is how often a shape is needed, over the whole run.
type ShapeUse struct {
	Rows   int     `json:"rows"`
	Length int     `json:"length"`
	Share  float64 `json:"share"` // of steps
	Fill   float64 `json:"fill"`  // of computed tokens that are text
	tokens int
	steps  int
}

// DryRun does everything up to the first steps, takes some, and writes nothing.
func DryRun(ctx context.Context, cfg Config, o RunOptions) (*Plan, error) {
	cfg.Log.ValidationRows = 0
	l := &loop{cfg: cfg, o: o, validated: -1, trial: true}
	defer l.close()
	p := &Plan{Steps: cfg.Steps, Devices: cfg.Memory.Devices}
	var err error
	if p.Baseline, err = peakMemory(); err != nil {
		return nil, err
	}
	rows, err := l.read()
	if err != nil {
		return nil, err
	}
	if err := l.build(ctx, rows); err != nil {
		return nil, err
	}
	if p.Groups, err = l.options.Optimizer.Account(l.stepper.params); err != nil {
		return nil, err
	}
	p.Fixed = numbersIn(l.stepper.fixed)
	for _, g := range p.Groups {
		p.Parameters += int64(g.Parameters)
	}
	if err := p.useShapes(l); err != nil {
		return nil, err
	}
	largest, err := p.time(ctx, l)
	if err != nil {
		return nil, err
	}
	p.count(l, largest)
	p.Peak, err = peakMemory()
	return p, err
}

// useShapes lays batches of the whole run out and counts.
func (p *Plan) useShapes(l *loop) error {
	steps := sampledSteps(l.cfg.Steps)
	n, use := len(steps), map[pack.Shape]*ShapeUse{}
	for _, step := range steps {
		b, err := l.corpus.Batch(l.sample(step), l.banks, l.layout)
		if err != nil {
			return err
		}
		s := b.Packs[0].Shape
		if use[s] == nil {
			use[s] = &ShapeUse{Rows: s.Rows, Length: s.Length}
		}
		use[s].steps++
		use[s].tokens += b.Tokens()
		p.Tokens += float64(b.Tokens()) / float64(n)
		p.Computed += float64(b.Computed()) / float64(n)
	}
	for s, u := range use {
		u.Share = float64(u.steps) / float64(n)
		u.Fill = float64(u.tokens) / float64(u.steps*s.Tokens()*l.layout.Packs)
		p.Shapes = append(p.Shapes, *u)
	}
	slices.SortFunc(p.Shapes, func(a, b ShapeUse) int { return a.Rows*a.Length - b.Rows*b.Length })
	return nil
}

// time takes steps and returns the largest shape among them. A step that compiles is not timed. Time is
// taken per token, so that the mix of shapes among few steps does not matter.
func (p *Plan) time(ctx context.Context, l *loop) (largest pack.Shape, err error) {
	compiled := map[pack.Shape]bool{}
	var spent time.Duration
	computed := 0
	for step := 0; p.Measured < dryRunLeast || p.Measured < dryRunSteps && spent < dryRunTime; step++ {
		if err := ctx.Err(); err != nil {
			return largest, err
		}
		in, err := l.draw(step)
		if err != nil {
			return largest, err
		}
		begin := time.Now()
		if _, _, err := l.compute(ctx, in); err != nil {
			return largest, err
		}
		shape := in.batch.Packs[0].Shape
		if compiled[shape] {
			spent += time.Since(begin)
			computed += in.batch.Computed()
			p.Measured++
		}
		compiled[shape] = true
		if shape.Tokens() > largest.Tokens() {
			largest = shape
		}
	}
	p.StepsPerSecond = float64(computed) / spent.Seconds() / p.Computed
	p.Hours = float64(p.Steps) / p.StepsPerSecond / 3600
	return largest, nil
}

// count fills in the memory of the shape that was measured, and what else there is to choose.
func (p *Plan) count(l *loop, shape pack.Shape) {
	anchors := int64(0)
	if l.banks != nil {
		anchors = int64(len(l.banks.Individual.ids) + len(l.banks.Theory.ids))
	}
	arch, t := l.start.model.Architecture(), l.stepper.training()
	p.Memory = memoryOf(arch, t, shape, l.cfg.Memory, anchors)
	whole := shape
	whole.Rows *= l.layout.Packs
	p.Alternatives = alternatives(arch, t, whole, l.cfg.Memory.Devices, anchors)
}
