package qwen3embed

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/gguf"
	"hives/internal/safetensorsio"
)

// Names of the files of a model folder that hold config and weights.
const (
	ConfigFile  = "config.json"
	WeightsFile = "model.safetensors"
	IndexFile   = "model.safetensors.index.json"
)

// Load reads the config and the weights of a model: a folder with config.json and one file, or shards with their
// index, names with or without the "model." prefix, float32, bfloat16 or float16; or a GGUF file, or the folder of
// one. They are converted to dtype (dtypes.InvalidDType keeps the config's). Every tensor must be used, present, of
// the right shape and finite.
func Load(dir string, dtype dtypes.DType) (*Model, error) { return LoadOn(nil, dir, dtype) }

// LoadOn is Load straight into the memory of a backend, where the weights then lie once. Without one they lie in
// this process' memory, and go to the backend, each for a moment twice, when they are first used.
func LoadOn(backend compute.Backend, dir string, dtype dtypes.DType) (*Model, error) {
	cfg, err := FolderConfig(dir)
	if err != nil {
		return nil, err
	}
	if dtype == dtypes.InvalidDType {
		dtype = storedType(cfg.DType)
	}
	files, err := WeightFiles(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{Config: cfg, Store: model.NewStore()}
	l := loader{model: m, backend: backend, dtype: dtype, want: map[string][]int{}}
	for _, spec := range cfg.Layout() {
		l.want[spec.Name] = spec.Dims
	}
	for _, path := range files {
		if err := l.read(path); err != nil {
			m.Close()
			return nil, err
		}
	}
	if err := l.complete(dir); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// FolderConfig reads the config of a model folder or a GGUF file.
func FolderConfig(dir string) (*Config, error) {
	path, err := gguf.Find(dir)
	if err != nil {
		return nil, err
	}
	if path == "" {
		path = filepath.Join(dir, ConfigFile)
	}
	return LoadConfig(path)
}

// WeightFiles lists the weights of a model folder: the single file, or the index's shards in order. A GGUF file is
// its own folder.
func WeightFiles(dir string) ([]string, error) {
	if path, err := gguf.Find(dir); err != nil || path != "" {
		return []string{path}, err
	}
	single := filepath.Join(dir, WeightsFile)
	if _, err := os.Stat(single); err == nil {
		return []string{single}, nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, IndexFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "model folder %s holds neither %s nor %s", dir, WeightsFile, IndexFile)
	} else if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", filepath.Join(dir, IndexFile), err)
	}
	var files []string
	for _, name := range index.WeightMap {
		if name != filepath.Base(name) {
			return nil, fault.New(fault.Invalid, "%s names a shard outside its folder", filepath.Join(dir, IndexFile))
		}
		if path := filepath.Join(dir, name); !slices.Contains(files, path) {
			files = append(files, path)
		}
	}
	slices.Sort(files)
	return files, nil
}

// loader fills a model from files and keeps account of what is still wanted.
type loader struct {
	model   *Model
	backend compute.Backend // nil: this process' memory
	dtype   dtypes.DType
	want    map[string][]int // by name, not yet seen
}

// stored is a tensor in a file of either format, read row by row.
type stored struct {
	name  string
	shape []int
	row   func(i int, dst []float32)
	// forget gives the memory of the stored rows from..to-1 back; rows of several tensors may share a page.
	forget func(from, to int)
}

func (l *loader) read(path string) error {
	if strings.HasSuffix(path, gguf.Extension) {
		return l.readGGUF(path)
	}
	file, err := safetensorsio.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, name := range file.Names() {
		t, err := file.Tensor(name)
		if err != nil {
			return err
		}
		if l.passedOver(t) {
			continue
		}
		s, err := fromSafetensors(file, t)
		if err == nil {
			err = l.take(s)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// passedOver tells tensors that cannot change a vector: an output head makes tokens of states, and inv_freq is a table
// that older releases of transformers kept, of what the config says as well.
func (l *loader) passedOver(t safetensorsio.Tensor) bool {
	head := []int{l.model.Config.VocabSize, l.model.Config.HiddenSize}
	return t.Name == "lm_head.weight" && slices.Equal(t.Shape, head) || strings.HasSuffix(t.Name, ".rotary_emb.inv_freq")
}

func (l *loader) take(s stored) error {
	dims, wanted := l.want[s.name]
	switch {
	case !wanted && l.model.Variable(s.name) != nil:
		return fault.New(fault.Corrupt, "tensor %s stands in the weights twice", s.name)
	case !wanted:
		return fault.New(fault.Mismatch, "tensor %s %v is not part of a model of this config", s.name, s.shape)
	case !slices.Equal(dims, s.shape):
		return fault.New(fault.Mismatch, "tensor %s is %v, the config asks for %v", s.name, s.shape, dims)
	}
	delete(l.want, s.name)
	value, err := l.convert(s)
	if err != nil {
		var bad *NonFiniteError
		if errors.As(err, &bad) {
			return fault.New(fault.Corrupt, "%w; these weights cannot be used", err)
		}
		return fmt.Errorf("tensor %s: %w", s.name, err)
	}
	return l.model.set(s.name, value)
}

func (l *loader) complete(dir string) error {
	if len(l.want) == 0 {
		return nil
	}
	var missing []string
	for _, spec := range l.model.Config.Layout() {
		if _, ok := l.want[spec.Name]; ok {
			missing = append(missing, spec.Name)
		}
	}
	shown := strings.Join(missing[:min(3, len(missing))], ", ")
	return fault.New(fault.Mismatch, "weights in %s lack %d of %d tensors: %s", dir, len(missing), len(l.model.Config.Layout()), shown)
}

func storedType(name string) dtypes.DType {
	switch name {
	case "bfloat16":
		return dtypes.BFloat16
	case "float16":
		return dtypes.Float16
	}
	return dtypes.Float32
}
