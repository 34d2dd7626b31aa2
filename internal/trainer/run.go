package trainer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"hives/checkpoints"
	"hives/data"
	"hives/data/banks"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/runstore"
	"hives/internal/statecache"
	"hives/model/transformer"
	"hives/samplers"
)

// RunOptions say where a run lives and who watches it.
type RunOptions struct {
	Out          string // the run folder
	Resume       bool   // go on where the folder's newest good checkpoint stands
	AllowChanged bool   // resume although data, tokenizer or configuration differ
	WaitForSaves bool   // steps wait for checkpoints to be written, which then need no copy in memory
	Config       []byte // the effective configuration as TOML, stored with the run
	Versions     map[string]string
	Engine       *engine.Engine
	Observer     Observer
	// ResumeCommand is what a person types to go on, quoted for a shell; empty names the run folder alone.
	ResumeCommand string
}

// Summary is how a run ended.
type Summary struct {
	Steps           int
	Model           string // the final model folder
	AlreadyFinished bool
	Validation      *Validation // the last one, nil without held-out rows
}

// Run is Prepare and Ready.Run in one.
func Run(ctx context.Context, cfg Config, o RunOptions) (Summary, error) {
	ready, err := Prepare(ctx, cfg, o)
	if err != nil {
		return Summary{}, err
	}
	return ready.Run(ctx, o)
}

// openRun creates the run folder, or takes the run in it up again.
func openRun(stage int, o RunOptions) (run *runstore.Run, fresh bool, err error) {
	if o.Resume {
		run, err = runstore.Open(o.Out)
		if err == nil {
			return run, false, checkConfig(run, o)
		}
		if fault.Of(err) != fault.NotFound {
			return nil, false, err
		}
		o.Observer.Note(o.Out + " holds no run yet: beginning one")
	}
	run, err = runstore.Create(o.Out, o.Config, runstore.Info{Stage: stage, Versions: o.Versions})
	return run, true, err
}

// checkConfig refuses a resume under another configuration than the stored one.
func checkConfig(run *runstore.Run, o RunOptions) error {
	changed, err := changedConfig(o)
	if err == nil && changed {
		err = run.SetConfig(o.Config)
	}
	if err != nil {
		return errors.Join(err, run.Close())
	}
	return nil
}

// changedConfig compares the configuration with that of the run in o.Out and refuses a change that was not
// allowed.
func changedConfig(o RunOptions) (changed bool, err error) {
	changes, err := configChanges(o)
	if err == nil && !o.AllowChanged {
		err = runstore.RefuseChanges(changes)
	}
	return len(changes) > 0, err
}

// renamed tells a change that is none: an older name of the same setting.
func renamed(c runstore.Change) bool {
	older := func(value string) bool {
		return value == strconv.Quote(samplers.Drop) || value == strconv.Quote(samplers.Anchor)
	}
	switch c.Field {
	case "sampler.false_negatives":
		return older(c.Stored) && older(c.Given)
	case "model.precision":
		return samePrecision(c.Stored, c.Given)
	}
	return false
}

// samePrecision compares two names in quotes by the arithmetic that they stand for.
func samePrecision(a, b string) bool {
	of := func(quoted string) (transformer.Arithmetic, bool) {
		name, _ := strconv.Unquote(quoted)
		arithmetic, known := arithmetics[name]
		return arithmetic, known
	}
	one, known := of(a)
	other, alsoKnown := of(b)
	return known && alsoKnown && one == other
}

func configChanges(o RunOptions) ([]runstore.Change, error) {
	stored, err := runstore.Config(o.Out)
	if err != nil {
		return nil, err
	}
	if stored, err = complete(stored); err != nil {
		return nil, err
	}
	changes, err := runstore.ConfigChanges(stored, o.Config)
	return slices.DeleteFunc(changes, renamed), err
}

// loop is a run in memory.
type loop struct {
	cfg Config
	met met // of which a step was taken
	o   RunOptions
	run *runstore.Run

	start     *start
	corpus    *Corpus
	sampler   *samplers.IntraTheory // of Stage 1
	triple    *samplers.Triple      // of Stage 2
	files     *banks.Banks          // of Stage 2: the sentences
	banks     *Banks                // and their vectors
	layout    *Layout
	options   StepOptions
	stepper   *Stepper
	validator *Validator
	encoder   *local.Local
	metrics   *runstore.Metrics
	saver     *saver
	states    local.States      // after the frozen layers, nil where they are computed
	cache     *statecache.Cache // that holds them
	trial     bool              // a dry run, which writes nothing
	hashes    map[string]string
	stored    string // the configuration as TOML, as the run folder holds it

	rowNumbers []int        // in the training file, by training row
	warnings   []string     // to be said once somebody watches
	shared     *data.Shared // of held-out rows with trained ones, nil for nothing

	done      int // updates applied
	validated int // step of the newest validation in the log, −1 without one
	lossScale optim.LossScale
	lastStep  StepResult
	last      *Validation
	best      *runstore.Best // among the checkpoints, nil without one
	saveTook  time.Duration  // of the last checkpoint
}

// prepare does everything between the inputs and the first step; fresh tells a new run from one that is resumed.
func (l *loop) prepare(ctx context.Context, rows *Rows, fresh bool) error {
	stored := l.run.Info().Hashes
	if err := l.hashConfig(); err != nil {
		return err
	}
	if !fresh && !l.o.AllowChanged {
		if err := refuseChangedInputs(stored, l.hashes); err != nil {
			return err
		}
	}
	if err := l.prepareSteps(ctx, rows); err != nil {
		return err
	}
	l.noteChangedStates(stored)
	if err := l.run.SetHashes(l.hashes); err != nil {
		return err
	}
	l.describe(rows)
	return l.takeUp(fresh)
}

// read takes in everything that a run is made of and notes the hashes. What happens to the files after
// that does not matter to the run: it holds weights, tokenizer and rows in memory.
func (l *loop) read() (rows *Rows, err error) {
	if l.start, err = openStart(&l.cfg); err != nil {
		return nil, err
	}
	if rows, err = readRows(&l.cfg); err != nil {
		return nil, err
	}
	l.rowNumbers, l.shared = rows.Numbers, rows.Shared
	if l.shared != nil {
		l.warn("%s and %s share rows: %s; hold rows out with hives data split, or leave --validation out", l.cfg.Data.Validation, l.cfg.Data.Train, l.shared)
	}
	l.hashes = rows.Hashes
	if err := l.readBanks(rows.Validation); err != nil {
		return nil, err
	}
	if err := l.hashFrozen(); err != nil {
		return nil, err
	}
	l.hashes["tokenizer"], l.hashes["base"] = l.start.tokenizer.Tokenizer.SHA256(), l.start.base
	return rows, nil
}

// hashConfig adds the run's configuration to the hashes.
func (l *loop) hashConfig() error {
	config, err := l.run.Config()
	l.stored, l.hashes["config"] = string(config), fmt.Sprintf("%x", sha256.Sum256(config))
	return err
}

// refuseChangedInputs compares the hashes of a run's inputs with those it was begun with. The configuration
// has been compared field by field, cached states are compared when they are there, and an input that an older program did not hash cannot be.
func refuseChangedInputs(stored, now map[string]string) error {
	given := map[string]string{}
	for name := range stored {
		given[name] = now[name]
	}
	for _, later := range []string{"config", usedStates} {
		if was, ok := stored[later]; ok {
			given[later] = was
		}
	}
	return runstore.RefuseChanges(runstore.Changes(stored, given))
}

// build makes batches, steps and validation of what was read.
func (l *loop) build(ctx context.Context, rows *Rows) (err error) {
	if err := l.number(ctx, rows); err != nil {
		return err
	}
	return l.prepareSteps(ctx, rows)
}

func (l *loop) prepareSteps(ctx context.Context, rows *Rows) (err error) {
	backend := l.o.Engine.Backend
	if l.validator, err = NewValidator(backend, rows.Validation, l.cfg.Log.ValidationRows, &l.cfg); err != nil {
		return err
	}
	if err := l.openStates(ctx, l.validator); err != nil {
		return err
	}
	options := local.Options{States: l.states}
	if l.encoder, err = local.New(l.start.model, l.start.tokenizer, l.start.info, backend, options); err != nil {
		return err
	}
	if l.layout, err = l.newLayout(); err != nil {
		return err
	}
	if l.options, err = l.stepOptions(); err != nil {
		return err
	}
	l.stepper, err = NewStepper(backend, l.start.model, l.options)
	return err
}

// prepareSampler makes the sampler of the stage.
func (l *loop) prepareSampler(rows *Rows) (err error) {
	if l.corpus.Pairs, err = l.trainingPairs(); err != nil {
		return err
	}
	cfg := l.cfg.sampler(l.corpus.Labels.Alternatives(rows.Train))
	if l.cfg.Stage == 2 {
		return l.prepareStage2(cfg)
	}
	l.sampler, err = samplers.NewIntraTheory(l.corpus.Labels, cfg)
	return err
}

func (l *loop) stepOptions() (o StepOptions, err error) {
	o = StepOptions{
		Optimizer: l.cfg.optimizer(), Arithmetic: arithmetics[l.cfg.Model.Precision], Pooling: l.start.info.Pooling,
		Recompute: l.cfg.Memory.Recompute, LossScaling: l.cfg.halves(),
		Devices: l.cfg.Memory.Devices, SplitUpdate: l.cfg.Memory.SplitUpdate,
		Frozen: l.cfg.Model.FreezeLayers, States: l.states,
	}
	o.Objective.Ignores = l.corpus.Pairs.Ignores
	l.lossScale = optim.LossScale{Scale: 1}
	if o.LossScaling {
		l.lossScale = optim.NewLossScale()
	}
	if o.Objective.Hierarchical, err = l.cfg.lossConfig(); err != nil || l.cfg.Stage == 1 {
		return o, err
	}
	loss, err := l.cfg.stage2Loss()
	o.Objective.Stage2, o.Objective.Banks = &loss, l.banks
	return o, err
}

// describe says what is about to be trained, with the figures a person would check first.
func (l *loop) describe(rows *Rows) {
	stats, sizes, note := l.stats(), l.start.model.Sizes(), l.o.Observer.Note
	for _, line := range l.warnings {
		note(line)
	}
	note(fmt.Sprintf("model: %d parameters, %d layers, hidden %d; texts of at most %d tokens, %s pooling",
		transformer.Parameters(l.start.model.Architecture()), sizes.Layers, sizes.Hidden, l.start.info.MaxLength, l.start.info.Pooling))
	if l.cfg.LoRA.Rank > 0 {
		note(l.describeAdapters())
	} else if frozen := l.cfg.Model.FreezeLayers; frozen > 0 {
		note(fmt.Sprintf("trained: %d parameters; %d of the embeddings and the first %d layers stay as they are",
			numbersIn(l.stepper.params), numbersIn(l.stepper.fixed), frozen))
	}
	note(fmt.Sprintf("rows: %d to train on, %d held out; %d texts cut to length, %d bad rows left out",
		len(rows.Train), len(rows.Validation), l.corpus.Truncated, rows.Skipped))
	for _, s := range rows.Notes {
		note(s)
	}
	for _, t := range stats.Theories {
		note(fmt.Sprintf("  %s: %d anchors, %d without a positive; %.1f %% of unlike rows would be false negatives",
			t.Theory, t.Anchors, t.Singletons, 100*t.Rate))
	}
	note(l.describePairs())
	if l.triple != nil {
		t := l.triple.Stats()
		note(fmt.Sprintf("batches: %d hierarchical rows; %d of %d individual anchors with rows; %d of %d theory anchors with rows; %s banks",
			t.Parts[0], t.Individual.IDs, len(l.banks.Individual.ids), t.Theory.IDs, len(l.banks.Theory.ids), l.cfg.Stage2.Banks))
	}
	note(fmt.Sprintf("steps: %d of %d texts, an epoch is %d steps; the loss of knowing nothing is %.3f",
		l.cfg.Steps, l.cfg.Sampler.BatchSize, stats.BatchesPerEpoch, l.unknowing()))
}

// stats are those of the hierarchical rows.
func (l *loop) stats() samplers.Stats {
	if l.triple != nil {
		return l.triple.Stats().Hierarchical
	}
	return l.sampler.Stats()
}

// takeUp restores the newest good checkpoint, if there is one, and opens the log behind it.
func (l *loop) takeUp(fresh bool) error {
	after, taken := -1, checkpoints.Meta{Step: -1}
	if !fresh {
		c, damaged, err := checkpoints.Latest(l.run.CheckpointDir())
		for _, d := range damaged {
			l.o.Observer.Note("passed over: " + d.Error())
		}
		switch {
		case fault.Of(err) == fault.NotFound:
			l.o.Observer.Note("no checkpoint yet: starting at step 0")
		case err != nil:
			return err
		default:
			defer c.Close()
			if err := l.restore(c); err != nil {
				return err
			}
			l.done, after, taken = c.Meta.Step, c.Meta.Step, c.Meta
			l.setCounters(c.Meta.Counters)
			if err := l.refuseTooFar(); err != nil {
				return err
			}
			l.o.Observer.Note(fmt.Sprintf("going on after step %d of %d", l.done, l.cfg.Steps))
			for _, change := range runstore.Changes(c.Meta.Versions, l.o.Versions) {
				l.o.Observer.Note("unlike before, so the last bits may differ: " + change.String())
			}
		}
		if err := l.recallBest(); err != nil {
			return err
		}
		if err := l.run.Resumed(l.done, l.o.Versions); err != nil {
			return err
		}
	}
	if l.done > 0 && !l.run.HasMetrics() {
		l.o.Observer.Note(fmt.Sprintf("metrics.jsonl is gone: it begins anew after step %d; what was logged before is lost, the training is not", l.done))
	}
	var err error
	l.metrics, err = l.run.OpenMetrics(after)
	if err != nil {
		return err
	}
	keep := checkpoints.Keep{Last: l.cfg.Log.KeepCheckpoints, Best: l.cfg.Log.Best}
	l.saver = newSaver(l.run.CheckpointDir(), keep, l.o.WaitForSaves)
	l.saver.before, l.saver.after, l.saver.meta = l.metrics.Sync, l.saved, taken
	l.saver.write = l.timed(l.saver.write)
	l.validated = l.metrics.Last("validation")
	return nil
}
