package loop

import (
	"context"
	"slices"
	"time"

	"hives/internal/optim"
	"hives/internal/trainer/state"
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
//
// How the time is found: steps are taken until 20 of shapes that are compiled have been timed, or half a minute
// is over. Their time per computed token, times the tokens that a step of the whole run computes on average, is a
// step's time: few steps show few shapes, and the run's mix is known without computing it.
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

// DryRun does everything up to the first steps, takes some, and writes nothing. read makes the inputs; the process is
// measured before it.
func DryRun(ctx context.Context, s Settings, o Options, read func(context.Context) (Inputs, error)) (*Plan, error) {
	p := &Plan{Steps: s.Steps, Devices: s.Memory.Devices}
	var err error
	if p.Baseline, err = peakMemory(); err != nil {
		return nil, err
	}
	// Read here and not by the caller, for peak memory is the process's: Baseline must be before the model is there.
	in, err := read(ctx)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	m, err := openMachine(ctx, s, in, o, Room{Trial: true})
	if err != nil {
		return nil, err
	}
	defer m.close()
	return p, p.measure(ctx, m)
}

func (p *Plan) measure(ctx context.Context, m *machine) (err error) {
	if p.Groups, err = m.stepper.Groups(); err != nil {
		return err
	}
	p.Fixed = state.Numbers(m.task.Parameters().Fixed)
	for _, g := range p.Groups {
		p.Parameters += int64(g.Parameters)
	}
	if err := p.useShapes(m); err != nil {
		return err
	}
	largest, err := p.time(ctx, m)
	if err != nil {
		return err
	}
	p.count(m, largest)
	p.Peak, err = peakMemory()
	return err
}

// useShapes lays batches of the whole run out and counts.
func (p *Plan) useShapes(m *machine) error {
	steps := SampledSteps(m.Steps)
	n, use := len(steps), map[pack.Shape]*ShapeUse{}
	// Laid out and not computed: the shares of shapes are those of the run, whatever few steps are then timed.
	for _, at := range steps {
		b, err := m.task.Draw(at)
		if err != nil {
			return err
		}
		s := b.Shape()
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
		u.Fill = float64(u.tokens) / float64(u.steps*s.Tokens()*m.Memory.Packs)
		p.Shapes = append(p.Shapes, *u)
	}
	slices.SortFunc(p.Shapes, func(a, b ShapeUse) int { return a.Rows*a.Length - b.Rows*b.Length })
	return nil
}

// shapeSamples is how many batches are drawn to choose shapes from, or to count them: with 1,000 the shares of the
// theories are known to a few per cent.
const shapeSamples = 1000

// SampledSteps spreads at most shapeSamples steps over a run.
func SampledSteps(steps int) []int {
	out := make([]int, min(shapeSamples, max(1, steps)))
	for i := range out {
		out[i] = i * steps / len(out)
	}
	return out
}

// time takes steps and returns the largest shape among them. A step that compiles is not timed. Time is
// taken per token, so that the mix of shapes among few steps does not matter.
func (p *Plan) time(ctx context.Context, m *machine) (largest pack.Shape, err error) {
	compiled := map[pack.Shape]bool{}
	var spent time.Duration
	computed := 0
	for step := 0; p.Measured < dryRunLeast || p.Measured < dryRunSteps && spent < dryRunTime; step++ {
		if err := ctx.Err(); err != nil {
			return largest, err
		}
		in, err := m.draw(step)
		if err != nil {
			return largest, err
		}
		begin := time.Now()
		if _, _, err := m.compute(ctx, in); err != nil {
			return largest, err
		}
		shape := in.batch.Shape()
		// A step that compiles takes as long as many others.
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
	// By tokens computed: among few steps the shapes are not in the shares that they have in the run.
	p.StepsPerSecond = float64(computed) / spent.Seconds() / p.Computed
	p.Hours = float64(p.Steps) / p.StepsPerSecond / 3600
	return largest, nil
}

// count fills in the memory of the shape that was measured, and what else there is to choose.
func (p *Plan) count(m *machine, shape pack.Shape) {
	t := m.training()
	p.Memory = t.memory(shape, m.Memory)
	shape.Rows *= m.Memory.Packs
	p.Alternatives = t.alternatives(shape, m.Memory.Devices)
}
