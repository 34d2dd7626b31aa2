package sft

import (
	"hives/internal/fault"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/start"
)

// Settings are the sections of a run's configuration that this task goes by.
type Settings struct {
	Loop  loop.Settings
	Start start.Settings
	Data  Files
	SFT   Config
	Batch int // rows of a step
}

// Files name the rows. Their file is read as a whole: 10⁵ answers are some 50 MB.
type Files struct {
	Train, Validation string
	Fraction          float64 // of groups, held out where neither a file nor the rows say it
	SplitSeed         uint64
}

// Config is the section of its own. What it shares with the contrast stands elsewhere in the run's configuration: the
// rows of a step are sampler.batch_size, the adapters lora, the longest row model.max_length where that is said.
type Config struct {
	MaxLength int     `toml:"max_length" comment:"most tokens of a row, the end of its turn included"`
	Overlong  string  `toml:"overlong" comment:"a longer row: refuse, drop, or cut-prompt (from the left, never the answer)"`
	Mean      string  `toml:"mean" comment:"token: over the answer tokens of a batch; row: each row counts alike"`
	Template  string  `toml:"template" comment:"chatml, qwen3 or llama3; empty: the model's own"`
	Epochs    float64 `toml:"epochs" comment:"passes over the rows, where steps are not given"`
}

// Values of Config.
const (
	Refuse    = "refuse"
	Drop      = "drop"
	CutPrompt = "cut-prompt"
	ByToken   = "token"
	ByRow     = "row"
)

// Default is the paper's one epoch, with rows of up to 1,024 tokens.
func Default() Config {
	return Config{MaxLength: 1024, Overlong: Refuse, Mean: ByToken, Epochs: 1}
}

// Check refuses settings that do not go with each other, before a file is read. Several devices would each need the
// positions of their own rows; nobody has needed that yet, so it is refused rather than guessed.
func (s *Settings) Check() error {
	switch {
	case s.Batch%s.Loop.Memory.Packs != 0:
		return fault.New(fault.Invalid, "memory: %d rows in %d packs: want a divisor", s.Batch, s.Loop.Memory.Packs)
	case s.Loop.Memory.Devices > 1:
		return fault.New(fault.Invalid, "memory.devices %d: answers are trained on one device", s.Loop.Memory.Devices)
	case s.Start.Model.States != "":
		return fault.New(fault.Invalid, "model.states: states are kept for the contrast alone")
	}
	return CheckFigure(s.Loop.Log.Best)
}

// Figures of a validation that may decide the best checkpoint. The loss falls while a model learns the style of the
// answers; only the log-odds say that it tells the sides apart.
const (
	FigureLoss    = "loss"
	FigureLogOdds = "log_odds"
)

// CheckFigure refuses a figure that no validation has.
func CheckFigure(name string) error {
	if name != "" && name != FigureLoss && name != FigureLogOdds {
		return fault.New(fault.Invalid, "log.best %q: want %s, %s or nothing", name, FigureLoss, FigureLogOdds)
	}
	return nil
}
