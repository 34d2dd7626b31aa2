package transformer

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
)

// Save writes config.json and model.safetensors into dir, each atomically. The weights keep the type
// they have in memory, so loading them again gives the same bits. Adapters are merged into what is written;
// the model keeps them.
//
// Tensors are fetched one by one while the file is written, so that saving needs room for the largest, not for all.
func (w *Weights) Save(dir string) error {
	infos, own := make([]safetensorsio.Info, 0, len(w.Layout())+1), map[string]string{} // own: by the name in the file
	add := func(spec Spec, dtype dtypes.DType) {
		name := w.fileName(spec.Name)
		own[name] = spec.Name
		infos = append(infos, safetensorsio.Info{Name: name, DType: fileType(dtype), Shape: spec.Dims})
	}
	for _, spec := range w.Layout() {
		add(spec, w.Variable(spec.Name).DType())
	}
	if w.head != nil {
		add(w.head.Spec, w.dtype())
	}
	err := fsutil.WriteFile(filepath.Join(dir, WeightsFile), func(out io.Writer) error {
		return safetensorsio.WriteStream(out, infos, map[string]string{"format": "pt"},
			func(info safetensorsio.Info) ([]byte, error) { return w.fetch(own[info.Name]) })
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
func (w *Weights) fetch(name string) (raw []byte, err error) {
	var value *tensors.Tensor
	if w.head != nil && name == w.head.Name {
		_, value, err = w.Head(w.dtype())
	} else {
		value, err = w.effective(name)
	}
	if err == nil {
		err = value.ConstBytes(func(b []byte) { raw = append(raw, b...) })
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return raw, nil
}

func (w *Weights) fileName(name string) string {
	if h, ok := w.arch.(Headed); ok {
		return h.FileName(name)
	}
	return name
}

// dtype is that of the matrices.
func (w *Weights) dtype() dtypes.DType { return w.Variable(w.Layout()[0].Name).DType() }

func (w *Weights) dtypeName() string {
	switch w.dtype() {
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
