package fuse

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/internal/lora"
	"hives/internal/safetensorsio"
	"hives/model/transformer"
)

// source is one of the models: the tensors of a folder, and what an adapter adds to some of them. Ten adapters of one
// base are ten sources over the base's one set of mapped files.
type source struct {
	path   string
	files  []*safetensorsio.File
	tensor map[string]stored
	pairs  map[string]lora.Pair // by tensor; none of a whole model
}

// stored is a tensor and the file that it lies in.
type stored struct {
	file *safetensorsio.File
	safetensorsio.Tensor
}

// openModel maps the weights of a model folder. Whoever opens it owes close. Nothing is read but headers: of ten models
// of 1.2 GB each a wrong one is named in a moment.
func openModel(dir string) (s *source, err error) {
	if file, err := gguf.Find(dir); err != nil || file != "" {
		return nil, errors.Join(err, fault.New(fault.Invalid, "%s is a GGUF file: models are fused from safetensors, of "+
			"which GGUF keeps a rounding", dir))
	}
	paths, err := transformer.WeightFiles(dir)
	if err != nil {
		return nil, err
	}
	s = &source{path: dir, tensor: map[string]stored{}}
	for _, path := range paths {
		file, err := safetensorsio.Open(path)
		if err == nil {
			s.files = append(s.files, file)
			err = s.take(file, path)
		}
		if err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// take enters a file's tensors. Names are those of the file: nothing is known here of layers or heads, so that any
// model in safetensors can be fused, and a tensor that this project does not know is fused like any other.
func (s *source) take(file *safetensorsio.File, path string) error {
	for _, name := range file.Names() {
		t, err := file.Tensor(name)
		if err != nil {
			return err
		}
		if _, ok := kinds[t.DType]; !ok {
			return fault.New(fault.Invalid, "%s: tensor %s is of type %s: want F32, BF16, F16 or F64", path, name, t.DType)
		}
		if _, twice := s.tensor[name]; twice {
			return fault.New(fault.Corrupt, "%s: tensor %s stands in another shard too", path, name)
		}
		s.tensor[name] = stored{file, t}
	}
	return nil
}

// close frees the files that are the source's own; an adapter's has none.
func (s *source) close() {
	for _, f := range s.files {
		f.Close()
	}
}

// adapted is a base with the adapter of a folder. Its files are the base's, which closes them. An adapter that does
// not say what it was made for is taken at its word: PEFT's files have no hash.
func adapted(base *source, dir, baseSHA256 string) (*source, error) {
	pairs, madeFor, err := lora.Pairs(dir)
	if err != nil {
		return nil, err
	}
	if madeFor != "" && madeFor != baseSHA256 {
		return nil, fault.New(fault.Mismatch, "%s was made for weights of SHA-256 %s, those of %s are %s: only adapters "+
			"of one base can be fused", dir, madeFor, base.path, baseSHA256)
	}
	s := &source{path: dir, tensor: base.tensor, pairs: map[string]lora.Pair{}}
	for _, p := range pairs {
		name, err := base.weightOf(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		s.pairs[name] = p
	}
	return s, nil
}

// weightOf finds the tensor that a pair adds to. A model with a head calls its layers model.layers, one without a head
// layers, and PEFT follows the class that was adapted.
//
//	layers.0.self_attn.q_proj     model.layers.0.self_attn.q_proj.weight of a language model
//	layers.0.self_attn.q_proj     layers.0.self_attn.q_proj.weight of an encoder
func (s *source) weightOf(p lora.Pair) (string, error) {
	name := p.Module + ".weight"
	for _, n := range []string{name, "model." + name, strings.TrimPrefix(name, "model.")} {
		t, ok := s.tensor[n]
		if !ok {
			continue
		}
		if !slices.Equal(t.Shape, []int{p.Out, p.In}) {
			return "", fault.New(fault.Mismatch, "adapter of %s: B·A is [%d %d], the weight %v", n, p.Out, p.In, t.Shape)
		}
		return n, nil
	}
	return "", fault.New(fault.Mismatch, "adapter of %s: %s has no such weight", p.Module, s.path)
}

// vector is a tensor of a source as numbers: W, or W + Scale·B·A. The product is made anew for each block that is read,
// rank·2 operations a number: it is never in memory as a whole, and never rounded to W's type before the mean is taken.
func (s *source) vector(name string) Vector {
	t := s.tensor[name]
	v := &weights{stored: t, kind: kinds[t.DType], model: s.path, n: 1}
	for _, d := range t.Shape {
		v.n *= d
	}
	if p, ok := s.pairs[name]; ok {
		v.pair = &p
	}
	return v
}

// weights reads a stored tensor. n is its count of numbers, the product of its shape.
type weights struct {
	stored
	kind
	model string
	n     int
	pair  *lora.Pair
}

// Len implements Vector.
func (w *weights) Len() int { return w.n }

// Read decodes a piece and gives its pages back, so that a tensor of every model is never resident as a whole. x − x
// is 0 of every finite x, and NaN of NaN and of ±∞: one comparison finds the three.
func (w *weights) Read(dst []float64, at int) error {
	bad := -1
	err := w.file.Guard(func() error {
		raw := w.Data[at*w.width : (at+len(dst))*w.width]
		for i := range dst {
			dst[i] = w.read(raw[i*w.width:])
			if dst[i]-dst[i] != 0 && bad < 0 {
				bad = at + i
			}
		}
		w.file.Forget(raw)
		return nil
	})
	if err == nil && bad >= 0 {
		err = fault.New(fault.Corrupt, "%w", &transformer.NonFiniteError{Tensor: w.Name, Index: bad})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w.model, err)
	}
	if w.pair != nil {
		addPair(dst, at, w.pair)
	}
	return nil
}

// addPair adds the numbers from at on of Scale·B·A, row by row of the product; a piece may begin and end within one.
//
//	In 4, a piece of 6 numbers from 2 on:   row 0 columns 2 3, row 1 columns 0 1 2 3
//
// Ranks are added up in their order, as lora.Merge does, so that both give the same bits (TestAdaptersAreMergedFirst).
func addPair(dst []float64, at int, p *lora.Pair) {
	for i := 0; i < len(dst); {
		row, col := (at+i)/p.In, (at+i)%p.In
		n := min(p.In-col, len(dst)-i)
		for r := range p.Rank {
			up := p.Scale * float64(p.B[row*p.Rank+r])
			for c, down := range p.A[r*p.In+col : r*p.In+col+n] {
				dst[i+c] += up * float64(down)
			}
		}
		i += n
	}
}

// less is θ − base as a vector: what tuning has changed. Most of a tensor of an expert is its base, and the angle
// between two experts is then small whatever they learned; between their changes it is often near 90°.
type less struct {
	tuned, base Vector
}

func (d *less) Len() int { return d.tuned.Len() }

// Read takes the difference in float64: two bfloat16 numbers of like size differ exactly in it.
func (d *less) Read(dst []float64, at int) error {
	if err := d.tuned.Read(dst, at); err != nil {
		return err
	}
	base := make([]float64, len(dst))
	if err := d.base.Read(base, at); err != nil {
		return err
	}
	for i, b := range base {
		dst[i] -= b
	}
	return nil
}

// fits refuses a model that is not of the same kind as the first: other tensors, another config or another tokenizer.
// The mean of two models that number their tokens differently would be computed without complaint, and mean nothing.
// Stored types may differ: the numbers are what is fused.
func (s *source) fits(first *source) error {
	for name, t := range first.tensor {
		other, ok := s.tensor[name]
		switch {
		case !ok:
			return fault.New(fault.Mismatch, "%s has no tensor %s, which %s has", s.path, name, first.path)
		case !slices.Equal(t.Shape, other.Shape):
			return fault.New(fault.Mismatch, "tensor %s is %v in %s and %v in %s", name, t.Shape, first.path, other.Shape,
				s.path)
		}
	}
	for name := range s.tensor {
		if _, ok := first.tensor[name]; !ok {
			return fault.New(fault.Mismatch, "%s has the tensor %s, which %s has not", s.path, name, first.path)
		}
	}
	if err := sameJSON(first.path, s.path, transformer.ConfigFile, notes); err != nil {
		return err
	}
	return sameJSON(first.path, s.path, "tokenizer.json", nil)
}

// notes are the keys of config.json that change no number of a model. Any other key counts, also one that is not known
// here: two values of rope_theta, or of something newer, are two ways of reading the same weights.
var notes = []string{"_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache", "model_name"}

// sameJSON compares a file of two folders by what it says, and names the first key that differs, in the order of the
// keys. A file that neither has is the same; one that only one has differs in its first key.
//
//	config.json differs: rope_theta is 10000 in a and 1000000 in b
func sameJSON(a, b, name string, but []string) error {
	one, err := readJSON(filepath.Join(a, name))
	if err != nil {
		return err
	}
	other, err := readJSON(filepath.Join(b, name))
	if err != nil {
		return err
	}
	keys := slices.AppendSeq(slices.Collect(maps.Keys(one)), maps.Keys(other)) // those of both twice, which does no harm
	slices.Sort(keys)
	for _, key := range keys {
		if x, y := string(one[key]), string(other[key]); x != y && !slices.Contains(but, key) {
			return fault.New(fault.Mismatch, "%s differs: %s is %s in %s and %s in %s", name, key, brief(x), a, brief(y), b)
		}
	}
	return nil
}

// readJSON reads an object whose values are kept as compact JSON with sorted keys, so that spaces do not differ.
func readJSON(path string) (map[string]json.RawMessage, error) {
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	out := map[string]json.RawMessage{}
	for key, value := range all {
		if out[key], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// brief is a value for an error message. A vocabulary in a message would hide what the message is about.
func brief(s string) string {
	switch {
	case s == "":
		return "not said"
	case len(s) > 60:
		return s[:60] + "…"
	}
	return s
}
