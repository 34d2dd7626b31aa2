package transformer

import (
	"fmt"
	"os"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
)

// Headed is an Architecture whose files may hold a head that no vector needs: the matrix that makes tokens of a
// language model's states, where it is not the table of embeddings.
type Headed interface {
	Architecture
	// WithHead is the same with the head as its last tensor; nil where the config speaks of none of its own, or where it
	// is among the tensors already.
	WithHead() Architecture
	// Carry notes that the head goes along, so that JSON speaks of it.
	Carry()
	// FileName is the name under which a tensor is saved: language models have the decoder's under a prefix.
	FileName(name string) string
}

// head is a tensor that goes along with weights which do not need it, from the file that they were loaded from into the
// one that they are saved in. It stays in its file until then: of a large vocabulary it is as large as a quarter of the
// model, and most who load an embedder never save it.
type head struct {
	Spec
	arch Architecture // that it is a tensor of
	path string
	stat os.FileInfo
}

// findHead looks for a head in the files that the weights were loaded from. It reads no number of it: headers are in
// memory, and rows are read when somebody saves.
//
//	config tied                          none is looked for: the table of embeddings is the head
//	not tied, lm_head.weight [V, H]      goes along
//	not tied, none in the files          none: an embedder that was saved without one; the config names the bare class
//	a language model (Config.Head)       none is looked for: it is among the tensors
func (w *Weights) findHead(dir string) error {
	h, ok := w.arch.(Headed)
	if !ok || h.WithHead() == nil {
		return nil
	}
	files, err := WeightFiles(dir)
	if err != nil {
		return err
	}
	full := h.WithHead()
	spec := full.Layout()[len(full.Layout())-1]
	for _, path := range files {
		found := false
		err := eachTensor(full, path, func(s Stored) error {
			// Of another shape it is no head, and is read over as ever.
			found = found || s.Name == spec.Name && slices.Equal(s.Shape, spec.Dims)
			return nil
		})
		switch {
		case fault.Of(err) == fault.Invalid, err == nil && !found:
			continue // of a type that is not read here it is read over as well
		case err != nil:
			return err
		}
		stat, err := os.Stat(path)
		if err != nil {
			return err
		}
		w.head = &head{spec, full, path, stat}
		h.Carry()
	}
	return nil
}

// Head reads the head that goes along, in a type; nil where there is none. Weeks of training may lie between loading
// and saving, so the file is looked at again, by number, length and time of writing. Another file in the place of the
// one that the weights came from is refused: its head would be another model's.
func (w *Weights) Head(dtype dtypes.DType) (spec Spec, value *tensors.Tensor, err error) {
	if w.head == nil {
		return Spec{}, nil, nil
	}
	now, err := os.Stat(w.head.path)
	if err != nil || !os.SameFile(now, w.head.stat) || now.Size() != w.head.stat.Size() ||
		!now.ModTime().Equal(w.head.stat.ModTime()) {
		return spec, nil, fault.New(fault.Mismatch, "%s, which holds the model's head (%s), was replaced since it was "+
			"loaded: put it back and start again", w.head.path, w.head.Name)
	}
	l := loader{Weights: w, dtype: dtype}
	err = eachTensor(w.head.arch, w.head.path, func(s Stored) (err error) {
		if s.Name == w.head.Name {
			value, err = l.convert(s)
		}
		return err
	})
	return w.head.Spec, value, err
}

// eachTensor hands on the tensors of a file that an architecture has a use for, under its own names. A file of a format
// that the architecture reads itself (GGUF) goes its way, any other is a safetensors file. The file is closed when it
// returns: a Stored is good until then.
func eachTensor(arch Architecture, path string, take func(Stored) error) error {
	if r, ok := arch.(Reader); ok {
		if other, err := r.Read(path, take); !other {
			return err
		}
	}
	file, err := safetensorsio.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Guard(func() error {
		for _, stored := range file.Names() {
			t, err := file.Tensor(stored)
			if err != nil {
				return err
			}
			name, needed := arch.Name(stored, t.Shape)
			if !needed {
				continue
			}
			s, err := fromSafetensors(file, t, name)
			if err == nil {
				err = take(s)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	})
}
