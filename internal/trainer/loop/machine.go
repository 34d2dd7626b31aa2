package loop

import (
	"context"
	"fmt"

	"hives/checkpoints"
	"hives/data/theories"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/trainer/step"
	"hives/pack"
)

// Options say where a run lives and who watches it.
type Options struct {
	Out          string // the run folder
	Resume       bool   // go on where the folder's newest good checkpoint stands
	AllowChanged bool   // resume although data, tokenizer or configuration differ
	WaitForSaves bool   // steps wait for checkpoints to be written, which then need no copy in memory
	Config       []byte // the effective configuration as TOML, stored with the run
	Versions     map[string]string
	Theories     theories.Set // of the rows; the files of own ones are kept with the run
	Engine       *engine.Engine
	Observer     Observer
	// ResumeCommand is what a person types to go on, quoted for a shell; empty names the run folder alone.
	ResumeCommand string
}

// machine takes steps of a task. It knows no run folder: a dry run and a replay have nothing more than it.
//
// The states of a run, and what moves between them:
//
//	       draw(n)            before            apply                          compute
//	n ──► rows, rate, texts ──► banks renewed ──► loss, gradients, update ──► finite: done = n+1
//	                                                                        ├ f16 gradients overflow: done = n+1,
//	                                                                        │ scale halved, weights as they were
//	                                                                        └ else: done = n, the run ends
//
// In the last case weights and moments are those of n: the graph itself keeps the old ones where the norm is not
// finite, so there is no moment at which bad weights could be saved.
//
// Invariant: done counts steps of the schedule, done − Skipped updates of Adam (TestCountersComeBack,
// TestSkippedStepChangesNothing).
type machine struct {
	Settings
	watch   Observers
	task    Task
	stepper *step.Stepper

	// The position. After step n it is a function of n and of the tensors: counters say it to a checkpoint.
	done      int // updates applied
	lossScale optim.LossScale
	last      *step.Result // of the newest step, nil before the first

	met        map[pack.Shape]bool // of which a step was taken
	overwrites bool                // whether the engine writes results over what they replace
}

// openMachine turns what a task has read into something that can take steps.
func openMachine(ctx context.Context, s Settings, in Inputs, o Options, room Room) (*machine, error) {
	m := &machine{Settings: s, watch: Observers{o.Observer}, lossScale: optim.LossScale{Scale: 1},
		met: map[pack.Shape]bool{}, overwrites: o.Engine.Name != engine.Go}
	if s.LossScaling {
		m.lossScale = optim.NewLossScale()
	}
	room.Backend, room.Watch = o.Engine.Backend, m.watch
	var err error
	// From here on the task is the machine's to close; what was read stays its caller's.
	if m.task, err = in.Open(ctx, room); err != nil {
		return nil, err
	}
	// Nothing is compiled yet. So a run that is refused while its checkpoint is read has lost no minutes.
	m.stepper, err = step.New(room.Backend, m.task, step.Options{
		Optimizer: s.optimizer(m.task.Parameters().Own), Recompute: s.Memory.Recompute, SplitUpdate: s.Memory.SplitUpdate,
		LossScaling: s.LossScaling, Devices: s.Memory.Devices,
	})
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// input is what goes into a step.
type input struct {
	step  int // counted from 0
	batch *Batch
	rate  float64
}

// draw makes the input of a step: a function of configuration, rows and step, of nothing before it.
func (m *machine) draw(at int) (*input, error) {
	schedule, err := m.schedule()
	if err != nil {
		return nil, err
	}
	// The rate is computed here in float64 and is an input of the graph: a schedule inside the graph would be
	// compiled, and a resumed run of more steps would be another program.
	in := &input{step: at, rate: m.Optimizer.LearningRate * schedule.Multiplier(at)}
	in.batch, err = m.task.Draw(at)
	return in, err
}

// before lets the task renew what is older than the weights.
func (m *machine) before(ctx context.Context) error {
	if p, ok := m.task.(Preparer); ok {
		return p.Before(ctx, m.done)
	}
	return nil
}

// compute applies the step that the run stands before. Gradients that overflow f16 skip the update and lower
// the loss scale; after anything else that is not a number the run cannot go on, and stands where it stood.
//
// Example, scale 65,536 and 10 updates done: the gradients of the 11th overflow. Weights, moments and Adam's
// count of updates stay, done becomes 11, for the schedule and the batches go on, and the scale 32,768: the next
// step is the 12th of the run and the 11th of Adam.
func (m *machine) compute(ctx context.Context, in *input) (result step.Result, goOn bool, err error) {
	if err := m.before(ctx); err != nil {
		return result, false, err
	}
	m.meets(in.batch.Shape())
	if result, err = m.apply(in); err != nil {
		return result, false, fault.New(fault.Unavailable, "step %d: %w", m.done+1, err)
	}
	// A loss that is not finite ends the run in any precision: no scale brings it back. Gradients alone may overflow f16,
	// and then the step is skipped, until the scale is 1 and they are truly not finite.
	goOn = result.Finite()
	if m.LossScaling && result.LossFinite() {
		goOn = m.lossScale.Step(goOn)
	}
	if goOn {
		m.done++
	}
	return result, goOn, nil
}

// apply runs the step's graphs. Adam counts the updates that changed something.
func (m *machine) apply(in *input) (step.Result, error) {
	return m.stepper.Step(&in.batch.Batch, m.done-m.lossScale.Skipped, in.rate, m.lossScale.Scale)
}

// meets says so where a step is the first of its shape: it compiles, which may take longer than many steps.
func (m *machine) meets(shape pack.Shape) {
	if !m.met[shape] {
		m.met[shape] = true
		m.watch.Phase(fmt.Sprintf("compiling steps of %d × %d tokens", shape.Rows, shape.Length))
	}
}

// restore puts the machine where a checkpoint was made.
func (m *machine) restore(c *checkpoints.Checkpoint) error {
	// Before the first tensor is written: a refused checkpoint leaves the weights as they were.
	if err := m.task.Accepts(c); err != nil {
		return err
	}
	if err := m.task.Parameters().Restore(c, optim.MomentType(m.Memory.Moments)); err != nil {
		return err
	}
	m.done = c.Meta.Step
	m.setCounters(c.Meta.Counters)
	return nil
}

// refuseTooFar refuses to resume a run that stands beyond its new end.
func (m *machine) refuseTooFar() error {
	if m.done <= m.Steps {
		return nil
	}
	return fault.Usage(fault.New(fault.Invalid,
		"steps %d: the run stands after step %d already; give --steps %d or more", m.Steps, m.done, m.done))
}

func (m *machine) close() {
	if m.stepper != nil {
		m.stepper.Close()
	}
	m.task.Close()
}
