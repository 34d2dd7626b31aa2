package steer

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/llm"
	"hives/internal/safetensorsio"
	"hives/internal/talk"
	"hives/model/lm"
)

// Matrix is a row a layer: [L+1][H].
type Matrix [][]float32

// Vectors are a trait's directions between the layers, and what they were made from.
type Vectors struct {
	Response   Matrix // over the answer's tokens; what steers
	Prompt     Matrix // over the prompt's
	PromptLast Matrix // of the prompt's last token

	Shuffled Matrix    // as Response, of pairs whose sides were swapped at random: a control
	Residual []float32 // [L+1] mean length of the residual stream at the answers' tokens: what a push is measured by

	About map[string]string
}

// The keys of About.
const (
	formatKey, format = "format", "hives.steer.vector/1"
	valueKey          = "value_id"
	weightsKey        = "weights_sha256"
	modelKey          = "model"
	templateKey       = "template"
	keptKey           = "pairs_kept"
)

// pair is what two answers of one question look like.
type pair struct{ plus, minus talk.States }

// difference is the mean over pairs of plus − minus, turned where flip says so, by layer. Each answer counts once,
// whatever its length: one of forty tokens would otherwise outweigh ten of four. Sums are float64, so that their order
// does not show.
func difference(pairs []pair, of func(talk.States) lm.Mean, flip func(n int) bool) Matrix {
	first := of(pairs[0].plus).State
	out := make(Matrix, len(first))
	for l := range first {
		sums := make([]float64, len(first[l]))
		for n, p := range pairs {
			sign := 1.
			if flip != nil && flip(n) {
				sign = -1
			}
			a, b := of(p.plus).State[l], of(p.minus).State[l]
			for k := range sums {
				sums[k] += sign * (float64(a[k]) - float64(b[k]))
			}
		}
		out[l] = make([]float32, len(sums))
		for k, x := range sums {
			out[l][k] = float32(x / float64(len(pairs)))
		}
	}
	return out
}

// newVectors makes all of a trait's directions. Half of the pairs, drawn by the seed, are turned for the shuffled one:
// turned by a coin each, some draws would leave most of the value in it.
//
//	8 pairs, all turned towards the value      mean 1.0 · d, d what the sides differ by
//	4 of them turned round                     mean 0.0 · d, and what is left is what single answers differ by
//
// What is left is as long as noise is, so the shuffled vector is also a measure of how much of the vector is noise.
func newVectors(pairs []pair, seed uint64) *Vectors {
	answer := func(s talk.States) lm.Mean { return s.Answer }
	turned := rand.New(rand.NewPCG(seed, 2)).Perm(len(pairs))[:len(pairs)/2]
	v := &Vectors{
		Response:   difference(pairs, answer, nil),
		Prompt:     difference(pairs, func(s talk.States) lm.Mean { return s.Prompt }, nil),
		PromptLast: difference(pairs, func(s talk.States) lm.Mean { return s.PromptLast }, nil),
		Shuffled:   difference(pairs, answer, func(n int) bool { return slices.Contains(turned, n) }),
	}
	for l := range v.Response {
		var sum float64
		for _, p := range pairs {
			sum += float64(p.plus.Answer.Norm[l]) + float64(p.minus.Answer.Norm[l])
		}
		v.Residual = append(v.Residual, float32(sum/float64(2*len(pairs))))
	}
	return v
}

// norm is the length of a vector.
func norm(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// matrices are those that the file holds, by name.
// Reader and writer go through it, so that no tensor is written that is not read.
func (v *Vectors) matrices() map[string]*Matrix {
	return map[string]*Matrix{"response": &v.Response, "prompt": &v.Prompt, "prompt_last": &v.PromptLast,
		"shuffled": &v.Shuffled}
}

const residual = "residual" // the name of [L+1]

// encode writes the file's bytes.
// A file of SmolLM2 is 31 · 576 · 4 matrices of float32: 286 kB.
func (v *Vectors) encode(w io.Writer) error {
	var all []safetensorsio.Tensor
	for name, m := range v.matrices() {
		all = append(all, safetensorsio.Tensor{Name: name, DType: "F32", Shape: []int{len(*m), len((*m)[0])},
			Data: floats(slices.Concat(*m...))})
	}
	all = append(all, safetensorsio.Tensor{Name: residual, DType: "F32", Shape: []int{len(v.Residual)},
		Data: floats(v.Residual)})
	return safetensorsio.Write(w, all, v.About)
}

// floats are little-endian, as safetensors has them.
func floats(xs []float32) []byte {
	raw := make([]byte, 0, 4*len(xs))
	for _, x := range xs {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return raw
}

// Save writes the file, as a whole or not at all.
func (v *Vectors) Save(path string) error { return fsutil.WriteFile(path, v.encode) }

// Load reads a file that hives steer vector wrote.
func Load(path string) (*Vectors, error) {
	file, err := safetensorsio.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	v := &Vectors{About: file.Metadata()}
	if v.About[formatKey] != format {
		return nil, fault.New(fault.Mismatch, "%s: format %q: want %q, which hives steer vector writes", path,
			v.About[formatKey], format)
	}
	err = file.Guard(func() error {
		for name, into := range v.matrices() {
			flat, shape, err := readFloats(file, name, 2)
			if err != nil {
				return err
			}
			for l := range shape[0] {
				*into = append(*into, flat[l*shape[1]:(l+1)*shape[1]])
			}
		}
		v.Residual, _, err = readFloats(file, residual, 1)
		return err
	})
	if err == nil {
		err = v.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// readFloats copies a tensor out of the file. The file is mapped, and its memory goes with it: hence a copy. A number
// that is not finite would make every logit NaN, three commands later.
func readFloats(file *safetensorsio.File, name string, axes int) ([]float32, []int, error) {
	t, err := file.Tensor(name)
	if err != nil {
		return nil, nil, err
	}
	if t.DType != "F32" || len(t.Shape) != axes || slices.Contains(t.Shape, 0) {
		return nil, nil, fault.New(fault.Corrupt, "tensor %s is %s %v: want F32 of %d axes", name, t.DType, t.Shape, axes)
	}
	out := make([]float32, len(t.Data)/4)
	for k := range out {
		out[k] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*k:]))
		if x := float64(out[k]); math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, nil, fault.New(fault.Corrupt, "tensor %s: %v at %d", name, x, k)
		}
	}
	return out, t.Shape, nil
}

// check holds all matrices to one shape.
// Invariant of a loaded file: row l exists in all of them, and is as wide as the model.
func (v *Vectors) check() error {
	for name, m := range v.matrices() {
		if len(*m) != len(v.Residual) || len((*m)[0]) != len(v.Response[0]) {
			return fault.New(fault.Corrupt, "tensor %s is [%d %d] beside %d layers of %d", name, len(*m), len((*m)[0]),
				len(v.Residual), len(v.Response[0]))
		}
	}
	return nil
}

// Fits refuses a model that the vectors were not made with. Other weights of the same shape would be steered somewhere,
// and nobody would see that it is nowhere.
// The hash comes first: where the weights differ the width does not matter.
func (v *Vectors) Fits(id llm.Identity, layers, hidden int) error {
	if was := v.About[weightsKey]; was != id.Weights {
		return fault.New(fault.Mismatch, "it was made with weights of SHA-256 %s (%s), those of %s are %s: make it anew "+
			"for these (hives steer vector)",
			was, v.About[modelKey], id.Model, id.Weights)
	}
	if l, h := len(v.Response), len(v.Response[0]); l != layers+1 || h != hidden {
		return fault.New(fault.Mismatch, "it is [%d %d], the model asks for [%d %d]", l, h, layers+1, hidden)
	}
	return nil
}
