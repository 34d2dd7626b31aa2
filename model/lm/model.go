package lm

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/model/decoder"
	"hives/model/transformer"
)

// Model is a decoder with its head.
type Model struct {
	*transformer.Weights
	Config *decoder.Config
}

// Load reads a folder or a GGUF file of a language model into the memory of a backend (nil: the host's). The head is the
// table of embeddings where the config ties the two, and a tensor of its own where it does not; a config that says one
// thing and weights that hold another are refused by the tensor's name.
func Load(backend compute.Backend, dir string, dtype dtypes.DType) (*Model, error) {
	path, err := transformer.ConfigPath(dir)
	if err != nil {
		return nil, err
	}
	cfg, err := decoder.LoadConfig(path)
	if err != nil {
		return nil, err
	}
	cfg.Head = true
	w, err := transformer.Load(cfg, transformer.From{Dir: dir, Backend: backend, DType: dtype})
	if err != nil {
		return nil, err
	}
	return &Model{w, cfg}, nil
}

// Ladder are the lengths that prompts are padded to and windows grow along: each is twice the one before, so a row is never
// padded to more than twice its length, and a model of 8,192 positions has nine graphs a kind at most.
var Ladder = []int{32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}

// Bucket is the first rung that holds n tokens.
func Bucket(n int) (int, error) {
	at := slices.IndexFunc(Ladder, func(rung int) bool { return rung >= n })
	if at < 0 {
		return 0, fault.New(fault.Invalid, "%d tokens: at most %d are read at once; shorten the text", n, Ladder[len(Ladder)-1])
	}
	return Ladder[at], nil
}
