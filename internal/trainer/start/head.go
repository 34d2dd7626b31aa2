package start

import (
	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/model/decoder"
	"hives/model/lm"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// A language model is a decoder with a head: one more tensor, or the table of embeddings once more. It stands here as
// the embedder's type does, which is the decoder's weights and their adapters; the head is a matter of the config.

// withHead is a decoder's config with its head.
func withHead(arch transformer.Architecture) (transformer.Architecture, error) {
	cfg, ok := arch.(*decoder.Config)
	if !ok {
		return nil, fault.New(fault.Invalid, "a %s model writes no answers: give a language model", arch.Family())
	}
	of := *cfg
	of.Head = true
	return &of, nil
}

// loadHead loads a language model.
func loadHead(dir string) (transformer.Model, error) {
	m, err := lm.Load(nil, dir, dtypes.Float32)
	if err != nil {
		return nil, err
	}
	return qwen3embed.New(m.Config, m.Weights), nil
}

// Decoder returns the weights of a decoder. Of another kind of model it is a mistake of the program: Head refuses it.
func (p *Point) Decoder() *transformer.Weights { return p.Model.(*qwen3embed.Model).Weights }

// TokenizerDir is the folder, or the GGUF file, that the tokenizer and its template are read from.
func (p *Point) TokenizerDir() string { return p.tokenizerDir }
