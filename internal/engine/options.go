package engine

import (
	"os"
	"slices"
	"strings"

	"hives/internal/fault"
)

// Kind names an engine as the --engine flag does. An opened Engine's is never Auto.
type Kind string

const (
	Auto Kind = "auto"
	CUDA Kind = "cuda"
	CPU  Kind = "cpu"
	Go   Kind = "go"
)

// EnvVar holds the engine's kind where no flag does. A flag goes before it.
const EnvVar = "HIVES_ENGINE"

// FlagUsage is the help text of every program's --engine flag.
const FlagUsage = "engine for the arithmetic: auto, cuda, cpu or go (auto takes the first that works; $" + EnvVar +
	" sets it too)"

// kinds are all there are; the messages list them in this order.
var kinds = []Kind{Auto, CUDA, CPU, Go}

// ParseKind reads a kind; the empty string means $HIVES_ENGINE, and auto where that is empty too. The message names
// where the word came from, since a variable that was set long ago is easily forgotten.
func ParseKind(s string) (Kind, error) {
	from := "--engine"
	if s == "" {
		s, from = os.Getenv(EnvVar), EnvVar
	}
	if s == "" {
		return Auto, nil
	}
	k := Kind(strings.ToLower(s))
	if !slices.Contains(kinds, k) {
		return "", fault.Usage(fault.New(fault.Invalid, "%s: unknown engine %q: choose auto, cuda, cpu or go", from, s))
	}
	return k, nil
}

// Options say which engine to open and how. The zero value is auto with the defaults below.
type Options struct {
	Kind    Kind   // "" means $HIVES_ENGINE, else auto
	Plugin  string // path of a plugin to use in place of the installed one; its kind is Kind (cpu where auto)
	Threads int    // threads for one computation on cpu and go; 0 means one a core. It holds for the process

	// CUDA only.
	Preallocate    bool    // take GPU memory at once rather than as needed
	MemoryFraction float64 // share of GPU memory to preallocate; 0 means the plugin's default, 0.75
	VisibleDevices []int   // ids of the GPUs to use; empty means all
	Allocator      string  // "" for the plugin's default, or bfc, cuda_async, platform, vmm
	TF32           bool    // multiply f32 with 10 bits of mantissa: quicker, but outside the parity bounds

	SkipSelfTest bool // for the self-test's own measurements
}

// validate refuses settings that no engine can follow.
// The allocator's name goes into a string of options (configString), where a comma would begin another one.
func (o Options) validate() error {
	if o.Threads < 0 || o.Threads > 4096 {
		return fault.New(fault.Invalid, "engine: threads must be in 0..4096, got %d", o.Threads)
	}
	if o.MemoryFraction < 0 || o.MemoryFraction > 1 {
		return fault.New(fault.Invalid, "engine: memory fraction must be in 0..1, got %g", o.MemoryFraction)
	}
	if strings.ContainsAny(o.Allocator, ",=") {
		return fault.New(fault.Invalid, "engine: unknown allocator %q: choose bfc, cuda_async, platform or vmm",
			o.Allocator)
	}
	return nil
}
