package lora

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
	"hives/model/transformer"
)

// PEFT's prefix of every tensor, and the endings of the two that make an adapter.
const (
	prefix  = "base_model.model."
	endingA = ".lora_A.weight"
	endingB = ".lora_B.weight"
)

// baseKey names, in the metadata of the weights, the SHA-256 of the base's weights. PEFT passes over it.
const baseKey = "base_sha256"

// Target is what adapters are read from and added to: the weights of an embedder, or of a language model.
type Target interface {
	Architecture() transformer.Architecture
	Variables() *model.Store
	Adapters() []transformer.Adapter
	AddAdapter(a transformer.Adapter, valuesA, valuesB []float32) error
}

// Origin says what an adapter was made for.
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

// Load adds the adapters of the folder dir to m, and returns the SHA-256 of the base that they were made for,
// where the folder says it.
func Load(dir string, m Target) (baseSHA256 string, err error) {
	c, err := readConfig(dir)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, WeightsFile)
	// Pickle runs code when it is read, so such files are refused by name rather than opened.
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fault.New(fault.NotFound, "%s is not there; pickled weights are not read: save with "+
			"safe_serialization=True", path)
	}
	file, err := safetensorsio.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := file.Guard(func() error { return add(file, c, m) }); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return file.Metadata()[baseKey], nil
}

// add pairs the file's tensors and adds each pair. pairs counts B's up and A's down: with as many of each it ends at
// 0, and a B whose A is missing is noticed.
func add(file *safetensorsio.File, c *config, m Target) error {
	pairs := 0
	for _, name := range file.Names() {
		if _, ok := strings.CutSuffix(name, endingB); ok {
			pairs++
			continue // with its A
		}
		stem, ok := strings.CutSuffix(name, endingA)
		if !ok {
			return fault.New(fault.Invalid, "tensor %s is neither …%s nor …%s: only linear layers' adapters are "+
				"supported", name, endingA, endingB)
		}
		if err := addPair(file, stem, c, m); err != nil {
			return err
		}
		pairs--
	}
	if n := len(file.Names()); n == 0 || pairs != 0 {
		return fault.New(fault.Corrupt, "%d tensors, which are not as many …%s as …%s", n, endingA, endingB)
	}
	return nil
}

// addPair checks the shapes, A [rank, in] and B [out, rank], before a number is read, and gives the product the
// factor that this rank has.
func addPair(file *safetensorsio.File, stem string, c *config, m Target) error {
	a, err := file.Tensor(stem + endingA)
	if err != nil {
		return err
	}
	b, err := file.Tensor(stem + endingB)
	if err != nil {
		return err
	}
	if len(a.Shape) != 2 || len(b.Shape) != 2 || a.Shape[0] != b.Shape[1] || a.Shape[0] < 1 {
		return fault.New(fault.Corrupt, "%s: A %v and B %v: want [rank, in] and [out, rank]", stem, a.Shape, b.Shape)
	}
	module, ok := strings.CutPrefix(stem, prefix)
	if !ok {
		return fault.New(fault.Invalid, "tensor %s: want names that begin with %s", a.Name, prefix)
	}
	name, needed := m.Architecture().Name(module+".weight", nil)
	if !needed {
		return nil // of what no vector needs, such as BERT's pooler, which PEFT's all-linear adapts too
	}
	valuesA, err := transformer.Floats(a)
	if err != nil {
		return err
	}
	valuesB, err := transformer.Floats(b)
	if err != nil {
		return err
	}
	rank := a.Shape[0]
	adapter := transformer.Adapter{Module: strings.TrimSuffix(name, ".weight"), Rank: rank, Scale: c.scale(rank)}
	return m.AddAdapter(adapter, valuesA, valuesB)
}
