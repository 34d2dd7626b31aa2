package llm

import (
	"context"
	"fmt"
	"slices"

	"hives/internal/fault"
)

// Where a model answers.
const (
	AtEndpoint = "endpoint" // the default
	AtHome     = "local"    // computed by this program
)

// Local is how a model is computed here, in a configuration beside its name, which is then a folder or a GGUF file. All
// but Threads go into its Identity: they move the last digits of its numbers, and with them a near tie.
//
//	[[voters]]
//	model = "models/SmolLM2-135M-Instruct"
//	provider = "local"
//	batch = 8
type Local struct {
	Provider  string `toml:"provider"`  // endpoint (the default) or local
	Batch     int    `toml:"batch"`     // questions computed at once; 0: DefaultBatch
	Threads   int    `toml:"threads"`   // of one computation; 0: one a core
	Template  string `toml:"template"`  // a chat template by name; "": the model's own
	Precision string `toml:"precision"` // f32 (the default), mixed or bf16
	Engine    string `toml:"engine"`    // as --engine has it
}

// DefaultBatch fills the products of a small model on two cores; 32 is worth its memory on a larger machine.
const DefaultBatch = 8

// Opener opens a local model. Packages that ask models take one, so that they need know no engine.
type Opener func(ctx context.Context, dir string, l Local) (Provider, error)

// Cached is a provider that says what its cache of keys and values takes: 2·L·B·K·T·D numbers, L layers, B rows, K
// heads, T slots, D numbers a head.
type Cached interface {
	CacheBytes(prompt, answer int) (int64, error)
}

// Megabytes is a size for people.
func Megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// AtHome tells whether the model is computed here.
func (l Local) AtHome() bool { return l.Provider == AtHome }

// WithDefaults fills in what a local model was not told.
func (l Local) WithDefaults() Local {
	if l.AtHome() && l.Batch == 0 {
		l.Batch = DefaultBatch
	}
	return l
}

// Validate refuses a provider that there is none of, and settings of an engine for a model that runs on another's. A
// folder that is not there is for the Opener to say: it looks.
func (l Local) Validate() error {
	switch known := []string{"", AtEndpoint, AtHome}; {
	case !slices.Contains(known, l.Provider):
		return fault.New(fault.Invalid, "provider %q: want endpoint or local", l.Provider)
	case !l.AtHome() && l != (Local{Provider: l.Provider}):
		return fault.New(fault.Invalid, "batch, threads, template, precision and engine are for provider = \"local\": "+
			"an endpoint has its own")
	case l.Batch < 0 || l.Batch > 256 || l.Threads < 0:
		return fault.New(fault.Invalid, "batch %d, threads %d: want a batch of 1 to 256, or 0 for %d, and threads from 0",
			l.Batch, l.Threads, DefaultBatch)
	}
	return nil
}
