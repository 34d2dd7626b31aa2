package lm

import (
	"slices"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/model/decoder"
	"hives/model/native"
	"hives/model/transformer"
)

// Model is a decoder with its head: in an engine's memory, or in that of kernels, which then compute in its place. A
// model of kernels has no Weights: whoever builds graphs of it or gives it adapters loads it for an engine.
type Model struct {
	*transformer.Weights
	Config  *decoder.Config
	Kernels *native.Model

	using sync.Mutex // Kernels, of which one pass runs at a time
}

// Load reads a folder or a GGUF file of a language model into the memory of a backend (nil: the host's). The head is
// the table of embeddings where the config ties the two, and a tensor of its own where it does not; a config that
// says one thing and weights that hold another are refused by the tensor's name. dtype is how the weights lie in
// memory; what products are computed in is the Runner's Arith.
func Load(backend compute.Backend, dir string, dtype dtypes.DType) (*Model, error) {
	cfg, err := config(dir)
	if err != nil {
		return nil, err
	}
	w, err := transformer.Load(cfg, transformer.From{Dir: dir, Backend: backend, DType: dtype})
	if err != nil {
		return nil, err
	}
	return &Model{Weights: w, Config: cfg}, nil
}

func config(dir string) (*decoder.Config, error) {
	path, err := transformer.ConfigPath(dir)
	if err != nil {
		return nil, err
	}
	cfg, err := decoder.LoadConfig(path)
	if err == nil {
		// The embedder reads over a head that its weights hold; here it is wanted.
		cfg.Head = true
	}
	return cfg, err
}

// Open is Load for a precision, on a backend or by kernels in its place (native.InPlaceOf), on so many threads.
func Open(backend compute.Backend, dir string, arith transformer.Arithmetic, threads int) (*Model, error) {
	cfg, err := config(dir)
	if err != nil {
		return nil, err
	}
	if arith == transformer.BF16 && native.InPlaceOf(backend, cfg) {
		return LoadKernels(dir, threads)
	}
	return Load(backend, dir, arith.Operand)
}

// LoadKernels is Load for a model that kernels of ours compute, in bfloat16, on so many threads; 0 takes all cores. A
// model that they do not fit is refused.
func LoadKernels(dir string, threads int) (*Model, error) {
	cfg, err := config(dir)
	if err != nil {
		return nil, err
	}
	k, err := native.Load(dir, cfg, transformer.LastToken, threads)
	if err != nil {
		return nil, err
	}
	return &Model{Config: cfg, Kernels: k}, nil
}

// Close frees the weights.
func (m *Model) Close() {
	if m.Kernels != nil {
		m.Kernels.Close()
		return
	}
	m.Weights.Close()
}

// Ladder are the lengths that prompts are padded to and windows grow along. Each is twice the one before, so a row of
// more than 16 tokens is never padded to twice its length, and nine rungs cover 8,192 positions: a graph is compiled
// for a rung and not for a length.
var Ladder = []int{32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}

// Bucket is the first rung that holds n tokens. More tokens than the last rung are an error and never cut: an answer
// to half a text would be one to another question.
//
//	Bucket(5) 32    Bucket(32) 32    Bucket(33) 64    Bucket(8193) refused
func Bucket(n int) (int, error) {
	at := slices.IndexFunc(Ladder, func(rung int) bool { return rung >= n })
	if at < 0 {
		return 0, fault.New(fault.Invalid, "%d tokens: at most %d are read at once; shorten the text", n,
			Ladder[len(Ladder)-1])
	}
	return Ladder[at], nil
}

// Slots is how long a cache for n tokens is: the first rung that holds them, and n itself above the last. A prompt may
// end at the ladder's top, and its answer stands behind it.
func Slots(n int) int {
	if b, err := Bucket(n); err == nil {
		return b
	}
	return n
}
