package transformer

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
)

// Save writes config.json and model.safetensors into dir, each atomically. The weights keep the type
// they have in memory, so loading them again gives the same bits. Adapters are merged into what is written;
// the model keeps them.
//
// Tensors are fetched one by one while the file is written, so that saving needs room for the largest, not for all.
func (w *Weights) Save(dir string) error {
	infos := make([]safetensorsio.Info, 0, len(w.Layout()))
	for _, spec := range w.Layout() {
		dtype := fileType(w.Variable(spec.Name).DType())
		infos = append(infos, safetensorsio.Info{Name: spec.Name, DType: dtype, Shape: spec.Dims})
	}
	err := fsutil.WriteFile(filepath.Join(dir, WeightsFile), func(out io.Writer) error {
		return safetensorsio.WriteStream(out, infos, map[string]string{"format": "pt"}, w.fetch)
	})
	if err != nil {
		return err
	}
	config, err := w.arch.JSON(w.dtypeName())
	if err != nil {
		return err
	}
	return fsutil.WriteBytes(filepath.Join(dir, ConfigFile), config)
}

// fetch copies one tensor's bytes out of the store.
func (w *Weights) fetch(info safetensorsio.Info) (raw []byte, err error) {
	value, err := w.effective(info.Name)
	if err == nil {
		err = value.ConstBytes(func(b []byte) { raw = append(raw, b...) })
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", info.Name, err)
	}
	return raw, nil
}

func (w *Weights) dtypeName() string {
	switch w.Variable(w.Layout()[0].Name).DType() {
	case dtypes.BFloat16:
		return "bfloat16"
	case dtypes.Float16:
		return "float16"
	case dtypes.Float64:
		return "float64"
	}
	return "float32"
}

func fileType(dtype dtypes.DType) string {
	switch dtype {
	case dtypes.BFloat16:
		return "BF16"
	case dtypes.Float16:
		return "F16"
	case dtypes.Float64:
		return "F64"
	}
	return "F32"
}
