package lora

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
	"hives/model/transformer"
)

// PEFT's prefix of every tensor, and the endings of the two that make an adapter.
//
//	base_model.model.layers.3.self_attn.q_proj.lora_A.weight
const (
	prefix  = "base_model.model."
	endingA = ".lora_A.weight"
	endingB = ".lora_B.weight"
)

// baseKey names, in the metadata of the weights, the SHA-256 of the base's weights. PEFT passes over it.
const baseKey = "base_sha256"

// Target is what adapters are read from and added to: the weights of an embedder, or of a language model. A further
// kind of model is adapted by these four methods alone.
type Target interface {
	Architecture() transformer.Architecture
	Variables() *model.Store
	Adapters() []transformer.Adapter
	AddAdapter(a transformer.Adapter, valuesA, valuesB []float32) error
}

// Origin says what an adapter was made for. The name is for people and PEFT; the hash decides.
type Origin struct {
	Name   string // of the base model
	SHA256 string // of its weights, or empty
}

// Save writes m's adapters, which l describes, into the folder dir. The weights come first and the configuration
// last: a folder without the latter is no adapter, so a kill in between leaves nothing that loads.
func Save(dir string, m Target, l transformer.LoRA, base Origin) error {
	raw, err := encodeConfig(l, m.Architecture(), base.Name)
	if err != nil {
		return err
	}
	var infos []safetensorsio.Info
	paths := map[string]string{} // of variables, by tensor
	for _, a := range m.Adapters() {
		for ending, path := range map[string]string{endingA: a.A(), endingB: a.B()} {
			name := prefix + a.Module + ending
			paths[name] = path
			infos = append(infos,
				safetensorsio.Info{Name: name, DType: "F32", Shape: m.Variables().GetVariable(path).Shape().Dimensions})
		}
	}
	// A map gave them in any order; the file's bytes must not depend on it.
	slices.SortFunc(infos, func(a, b safetensorsio.Info) int { return strings.Compare(a.Name, b.Name) })
	// One adapter at a time is copied out of the engine.
	fetch := func(info safetensorsio.Info) (raw []byte, err error) {
		value, err := m.Variables().GetVariable(paths[info.Name]).Value()
		if err == nil {
			err = value.ConstBytes(func(b []byte) { raw = append(raw, b...) })
		}
		return raw, err
	}
	meta := map[string]string{"format": "pt"} // which transformers asks for
	if base.SHA256 != "" {
		meta[baseKey] = base.SHA256
	}
	if err := fsutil.MakeFolders(dir); err != nil {
		return fsutil.Classify(err, dir)
	}
	err = fsutil.WriteFile(filepath.Join(dir, WeightsFile), func(w io.Writer) error {
		return safetensorsio.WriteStream(w, infos, meta, fetch)
	})
	if err != nil {
		return err
	}
	return fsutil.WriteBytes(filepath.Join(dir, ConfigFile), raw)
}

// Load adds the adapters of the folder dir to m, and returns the SHA-256 of the base that they were made for, where
// the folder says it. It does not compare the base: whether another will do is for the caller to say. Of an error
// some adapters may have been added; the caller drops the model, or them.
func Load(dir string, m Target) (baseSHA256 string, err error) {
	pairs, base, err := Pairs(dir)
	if err != nil {
		return "", err
	}
	for _, p := range pairs {
		name, needed := m.Architecture().Name(p.Module+".weight", nil)
		if !needed {
			continue // of what no vector needs, such as BERT's pooler, which PEFT's all-linear adapts too
		}
		adapter := transformer.Adapter{Module: strings.TrimSuffix(name, ".weight"), Rank: p.Rank, Scale: p.Scale}
		if err := m.AddAdapter(adapter, p.A, p.B); err != nil {
			return "", fmt.Errorf("%s: %w", filepath.Join(dir, WeightsFile), err)
		}
	}
	return base, nil
}
