package trainer

import (
	"context"

	"hives/data/theories"
	"hives/internal/fsutil"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/sft"
	"hives/internal/trainer/start"
	"hives/internal/trainer/step"
	"hives/internal/whatis"
)

// tasks reads what a stage is made of. A further task is a package that makes loop.Inputs, its section of Config,
// and a line here.
var tasks = map[int]func(context.Context, *Config, theories.Set) (loop.Inputs, error){
	1:   readContrast,
	2:   readContrast,
	SFT: readSFT,
}

// readContrast returns no inputs beside an error: a nil *contrast.Inputs in the interface would not be nil.
func readContrast(ctx context.Context, cfg *Config, known theories.Set) (loop.Inputs, error) {
	settings := cfg.contrast()
	settings.Theories = known
	in, err := contrast.Read(ctx, settings)
	if err != nil {
		return nil, err
	}
	return in, nil
}

// readSFT knows no theories: of a value a row of answers has the name alone.
func readSFT(ctx context.Context, cfg *Config, _ theories.Set) (loop.Inputs, error) {
	in, err := sft.Read(ctx, cfg.sft())
	if err != nil {
		return nil, err
	}
	return in, nil
}

// read reads what the run is made of; its rows are of the theories known.
func (c *Config) read(ctx context.Context, known theories.Set) (loop.Inputs, error) {
	return tasks[c.Stage](ctx, c, known)
}

// RunOptions say where a run lives and who watches it.
type RunOptions = loop.Options

// Names of what a run tells those who watch it.
type (
	Observer   = loop.Observer
	Observers  = loop.Observers
	Recorder   = loop.Recorder
	Saved      = loop.Saved
	StepLine   = loop.StepLine
	HeldOut    = loop.Validation     // of any task
	Validation = contrast.Validation // the line of a contrast's
	Number     = step.Number
	Plan       = loop.Plan
	Replay     = loop.Replay
)

// Files beside a final model.
const (
	AdapterFolder = start.AdapterFolder
	BanksFile     = contrast.BanksFile
)

// Summary is how a run ended. A run that was finished before says so, and has no validation of now.
type Summary struct {
	Steps           int
	Model           string // the final model folder
	AlreadyFinished bool
	Validation      *Validation // the last one of a contrast, nil without held-out rows
}

// Ready is a run whose settings, folder, rows and weights have been read and found good. There is no engine yet, and
// nothing has been written.
//
// The parts of a run's beginning, each of which needs what the one before made:
//
//	Config ─Validate► ─lookAt► folder free, or a run to go on with ─read► loop.Inputs ─► Ready
//	Ready ─openRun► runstore.Run ─loop.Train► task, graphs, checkpoint, steps, final/
type Ready struct {
	settings loop.Settings
	inputs   loop.Inputs
	done     *Summary // of a run that is finished
}

// Run is Prepare and Ready.Run in one.
func Run(ctx context.Context, cfg Config, o RunOptions) (Summary, error) {
	ready, err := Prepare(ctx, cfg, o)
	if err != nil {
		return Summary{}, err
	}
	return ready.Run(ctx, o)
}

// Prepare does everything of a run that needs no engine: what is wrong with settings or inputs is said before one is
// opened and before a folder is made. Run or Close ends what it returns.
func Prepare(ctx context.Context, cfg Config, o RunOptions) (*Ready, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	// The folder before the files: a folder that the run cannot have is known in a moment, weights take minutes to
	// read.
	done, err := lookAt(&cfg, o)
	if err != nil || done != nil {
		return &Ready{done: done}, err
	}
	in, err := cfg.read(ctx, o.Theories)
	if err != nil {
		return nil, err
	}
	return &Ready{settings: cfg.loop(), inputs: in}, nil
}

// Finished is the summary of a run that has nothing left to do, nil of any other.
func (r *Ready) Finished() *Summary { return r.done }

// Close frees a run that was not begun.
func (r *Ready) Close() {
	if r.inputs != nil {
		r.inputs.Close()
	}
}

// Run trains from the start or from a checkpoint to the end of the schedule, and frees everything. When ctx ends it
// saves a checkpoint after the step in flight and returns an error marked with fault.Saved.
func (r *Ready) Run(ctx context.Context, o RunOptions) (Summary, error) {
	if r.done != nil {
		return *r.done, nil
	}
	defer r.Close()
	// The folder is made when everything has been read: a mistake in the inputs leaves none behind.
	run, fresh, err := openRun(r.settings.Stage, o)
	if err != nil {
		return Summary{}, err
	}
	defer run.Close()
	// The folder's lock is held until the last file is written: run.Close comes after Train, and Train after every
	// save.
	s, err := loop.Train(ctx, r.settings, r.inputs, run, fresh, o)
	out := Summary{Steps: s.Steps, Model: s.Model}
	if s.Validation != nil {
		out.Validation, _ = s.Validation.Line.(*Validation)
	}
	return out, err
}

// DryRun does everything up to the first steps, takes some, and writes nothing.
func DryRun(ctx context.Context, cfg Config, o RunOptions) (*Plan, error) {
	// A dry run measures steps. A validation would add its own memory to the peak.
	cfg.Log.ValidationRows = 0
	return loop.DryRun(ctx, cfg.loop(), o, func(ctx context.Context) (loop.Inputs, error) {
		return cfg.read(ctx, o.Theories)
	})
}

// ReplayStep takes one step of the run in o.Out again, see loop.ReplayStep. Settings must be those that the run was
// begun with, unless o.AllowChanged.
func ReplayStep(ctx context.Context, cfg Config, o RunOptions, at int) (*Replay, error) {
	info, err := CheckReplay(&cfg, o, at)
	if err != nil {
		return nil, err
	}
	cfg.Log.ValidationRows = 0 // no validation: a replay is about one batch
	in, err := cfg.read(ctx, o.Theories)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return loop.ReplayStep(ctx, cfg.loop(), in, o, info.Hashes, at)
}

// CheckInputs refuses a model and files that are not there, before an engine opens for them. It reads next to
// nothing, so that what a dry run measures of memory is the run's own. A path that is wrong is said with what it is
// instead.
func CheckInputs(cfg *Config) error {
	from, checkpoint, err := start.Origin(cfg.Model.From)
	if err != nil {
		return err
	}
	files := []string{cfg.Data.Train, cfg.Data.Validation}
	if cfg.Stage == 2 {
		files = append(files, cfg.Stage2.IndividualBank, cfg.Stage2.TheoryBank)
	}
	// A checkpoint was found by looking into it; of fresh weights there is a config alone; else a folder must
	// hold a model.
	switch dir, config, fresh := start.Locate(from); {
	case checkpoint != "":
	case fresh:
		files = append(files, config)
	default:
		err = whatis.Model(dir)
	}
	for _, path := range files {
		if err == nil && path != "" {
			err = fsutil.CheckReadable(path)
		}
	}
	return err
}
