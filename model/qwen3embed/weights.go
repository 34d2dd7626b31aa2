package qwen3embed

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
)

// Names of the files of a model folder that hold config and weights.
const (
	ConfigFile  = "config.json"
	WeightsFile = "model.safetensors"
	IndexFile   = "model.safetensors.index.json"
)

// Load reads config.json and the weights of a model folder: one file, or shards with their index;
// names with or without the "model." prefix; float32, bfloat16 or float16, converted to dtype
// (dtypes.InvalidDType keeps the config's). Every tensor must be used, present, of the right shape and finite.
func Load(dir string, dtype dtypes.DType) (*Model, error) {
	cfg, err := LoadConfig(filepath.Join(dir, ConfigFile))
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
	l := loader{model: m, dtype: dtype, want: map[string][]int{}}
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

// WeightFiles lists the weights of a model folder: the single file, or the index's shards in order.
func WeightFiles(dir string) ([]string, error) {
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
	model *Model
	dtype dtypes.DType
	want  map[string][]int // by name, not yet seen
}

func (l *loader) read(path string) error {
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
		if err := l.take(path, strings.TrimPrefix(name, "model."), t); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) take(path, name string, t safetensorsio.Tensor) error {
	dims, wanted := l.want[name]
	switch {
	case !wanted && l.model.Variable(name) != nil:
		return fault.New(fault.Corrupt, "%s: tensor %s stands in the weights twice", path, name)
	case !wanted:
		return fault.New(fault.Mismatch, "%s: tensor %s %v is not part of a model of this config.json", path, name, t.Shape)
	case !slices.Equal(dims, t.Shape):
		return fault.New(fault.Mismatch, "%s: tensor %s is %v, config.json asks for %v", path, name, t.Shape, dims)
	}
	delete(l.want, name)
	value, err := l.convert(t)
	if err != nil {
		var bad *NonFiniteError
		if errors.As(err, &bad) {
			return fault.New(fault.Corrupt, "%s: %w; these weights cannot be used", path, err)
		}
		return fmt.Errorf("%s: tensor %s: %w", path, name, err)
	}
	return l.model.set(name, value)
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
