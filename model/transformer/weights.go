package transformer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/internal/whatis"
)

// Names of the files of a model folder that hold config and weights.
const (
	ConfigFile  = "config.json"
	WeightsFile = "model.safetensors"
	IndexFile   = "model.safetensors.index.json"
)

// From says where weights are read from and where they go.
type From struct {
	Dir     string          // model folder, or a GGUF file
	Backend compute.Backend // whose memory the weights are to lie in, once; nil: this process' memory
	DType   dtypes.DType    // what they are converted to; dtypes.InvalidDType keeps the config's
}

// Load reads the weights for an architecture: one file, or shards with their index, of float32, bfloat16 or float16,
// or what the architecture reads itself (Reader). Every tensor must be used, present, of the right shape and finite.
//
// Without a backend, the weights go to it, each for a moment twice, when they are first used.
func Load(arch Architecture, from From) (*Weights, error) {
	if from.DType == dtypes.InvalidDType {
		from.DType = storedType(arch.Sizes().DType)
	}
	w := &Weights{arch: arch, Store: model.NewStore()}
	l := loader{w, from.Backend, from.DType}
	err := Each(arch, from.Dir, l.take)
	if err == nil {
		err = w.findHead(from.Dir)
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Each hands every tensor of a model's files on, in the files' order, and holds them to the architecture's layout: each
// once, of its shape, none that is not in it and none missing. take owes the look at the numbers (Stored.Rows).
func Each(arch Architecture, dir string, take func(Stored) error) error {
	files, err := WeightFiles(dir)
	if err != nil {
		return err
	}
	a := account{arch: arch, want: map[string][]int{}, had: map[string]bool{}}
	for _, spec := range arch.Layout() {
		a.want[spec.Name] = spec.Dims
	}
	for _, path := range files {
		err := eachTensor(arch, path, func(s Stored) error {
			if err := a.strike(s); err != nil {
				return err
			}
			return take(s)
		})
		if err != nil {
			return err
		}
	}
	return a.settled(dir)
}

// Reader is an Architecture that reads files of another format than safetensors.
type Reader interface {
	// Read hands every tensor of such a file on; other is true of any other file, which is left alone.
	Read(path string, take func(Stored) error) (other bool, err error)
}

// ConfigPath is where the config of a model folder lies, or of a GGUF file, which is its own.
func ConfigPath(dir string) (string, error) {
	path, err := gguf.Find(dir)
	if err == nil && path == "" {
		path = filepath.Join(dir, ConfigFile)
	}
	return path, err
}

// WeightFiles lists the weights of a model folder: the single file, or the index's shards in order. A GGUF file is
// its own folder. An index says in which shard each tensor lies,
//
//	{"weight_map": {"embed_tokens.weight": "model-00001-of-00002.safetensors", …}}
//
// of which the names of the files alone are of use here: every tensor of every shard is taken, and held to the layout.
func WeightFiles(dir string) ([]string, error) {
	if path, err := gguf.Find(dir); err != nil || path != "" {
		return []string{path}, err
	}
	single := filepath.Join(dir, WeightsFile)
	if _, err := os.Stat(single); err == nil {
		return []string{single}, nil
	}
	raw, err := fsutil.ReadRegular(filepath.Join(dir, IndexFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "model folder %s holds neither %s nor %s", dir, WeightsFile, IndexFile)
	} else if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		path := filepath.Join(dir, IndexFile)
		return nil, whatis.JSON(path, fault.New(fault.Corrupt, "%s: %w", path, err))
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

// account is what is still wanted of files, and what they have given.
//
// Invariant: a tensor of the layout is in want, or in had, and never both. So a second one of a name is told from one
// that nobody asked for, and what is left in want at the end is what the files lack.
type account struct {
	arch Architecture
	want map[string][]int // by name, not yet seen
	had  map[string]bool
}

// Stored is a tensor in a file, read row by row; a tensor of one axis is one row.
type Stored struct {
	Name  string
	Shape []int
	Row   func(i int, dst []float32)
	// Forget gives the memory of the stored rows from..to-1 back; rows of several tensors may share a page.
	Forget func(from, to int)
}

// Rows visits each row in turn, in one buffer, and gives pages of the file back behind it. A number that is not finite
// is an error.
func (s Stored) Rows(visit func(i int, row []float32)) error {
	width := s.Shape[len(s.Shape)-1]
	rows, row, forgotten, chunk := size(s.Shape)/width, make([]float32, width), 0, max(1, forgetNumbers/width)
	for i := range rows {
		s.Row(i, row)
		if at := notFinite(row); at >= 0 {
			return fault.New(fault.Corrupt, "%w; these weights cannot be used", &NonFiniteError{s.Name, i*width + at})
		}
		visit(i, row)
		if i+1-forgotten == chunk {
			s.Forget(forgotten, i+1)
			forgotten = i + 1
		}
	}
	s.Forget(forgotten, rows)
	return nil
}

// strike takes a tensor off what is wanted, and refuses one that is not.
func (a *account) strike(s Stored) error {
	dims, wanted := a.want[s.Name]
	switch {
	case a.had[s.Name]:
		return fault.New(fault.Corrupt, "tensor %s stands in the weights twice", s.Name)
	case !wanted:
		return fault.New(fault.Mismatch, "tensor %s %v is not part of a model of this config", s.Name, s.Shape)
	case !slices.Equal(dims, s.Shape):
		return fault.New(fault.Mismatch, "tensor %s is %v, the config asks for %v", s.Name, s.Shape, dims)
	}
	delete(a.want, s.Name)
	a.had[s.Name] = true
	return nil
}

func (a *account) settled(dir string) error {
	if len(a.want) == 0 {
		return nil
	}
	var missing []string
	for _, spec := range a.arch.Layout() {
		if _, ok := a.want[spec.Name]; ok {
			missing = append(missing, spec.Name)
		}
	}
	shown := strings.Join(missing[:min(3, len(missing))], ", ")
	return fault.New(fault.Mismatch, "weights in %s lack %d of %d tensors: %s",
		dir, len(missing), len(a.arch.Layout()), shown)
}

// loader makes variables of tensors.
type loader struct {
	*Weights
	backend compute.Backend
	dtype   dtypes.DType
}

func (l *loader) take(s Stored) error {
	value, err := l.convert(s)
	if err != nil {
		return err
	}
	return l.set(s.Name, value)
}
