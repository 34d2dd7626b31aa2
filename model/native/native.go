//go:build goexperiment.simd && amd64

package native

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"hives/internal/bf16"
	"hives/internal/fault"
	"hives/model/decoder"
	"hives/model/transformer"
	"hives/pack"
)

// Model is a decoder's weights, packed for the kernels, and room for a pass. One pass runs at a time.
type Model struct {
	cfg     *decoder.Config
	pooling transformer.Pooling
	table   []byte // [V, H] bfloat16; nil where speech has them
	layers  []layer
	final   []float32    // gain of the norm above
	speech  *bf16.Matrix // [V, H] what makes tokens of states; nil in an embedder
	rotary  rotary
	threads int
	pass    pass
}

// layer holds matrices that read the same inputs as one: keys above values, gate above up.
type layer struct {
	inputNorm, postNorm []float32
	query, keyValue     *bf16.Matrix
	queryBias, kvBias   []float32 // nil where the family has none
	queryNorm, keyNorm  []float32 // nil where the family has none
	output              *bf16.Matrix
	gateUp, down        *bf16.Matrix
}

// Fits tells whether a model can be computed here, and nobody has switched it off.
func Fits(arch transformer.Architecture) bool {
	cfg, ok := arch.(*decoder.Config)
	return ok && os.Getenv(EnvVar) != "off" && bf16.Supported() &&
		cfg.Norm() == decoder.RMS && cfg.Activation() == decoder.SiLU
}

// Load reads the weights of a model folder or a GGUF file, of an architecture that Fits, and packs them as they come:
// the most that is in memory is what stays, 2 bytes a number. threads is how many work on a pass, all cores if it is 0.
// A config that asks for a head gives a language model, see Logits.
func Load(dir string, arch transformer.Architecture, pooling transformer.Pooling, threads int) (*Model, error) {
	if !Fits(arch) {
		return nil, fault.New(fault.Unavailable, "a %s model cannot be computed without an engine here", arch.Family())
	}
	cfg := arch.(*decoder.Config)
	if err := arch.Refuses(pooling); err != nil {
		return nil, err
	}
	if err := bf16.Check(); err != nil {
		return nil, err
	}
	m := &Model{cfg: cfg, pooling: pooling, layers: make([]layer, cfg.NumLayers), threads: threads}
	if threads < 1 {
		m.threads = runtime.GOMAXPROCS(0)
	}
	if cfg.Head {
		m.speech = bf16.NewMatrix(cfg.VocabSize, cfg.HiddenSize)
	}
	if !cfg.Head || cfg.OwnHead() {
		m.table = bf16.Room(2 * cfg.VocabSize * cfg.HiddenSize)
	}
	for l := range m.layers {
		m.layers[l] = newLayer(cfg)
	}
	m.rotary.of(cfg)
	if err := m.read(dir); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Close frees the weights. No pass may be under way.
func (m *Model) Close() {
	bf16.Free(m.table)
	m.table = nil
	if m.speech != nil {
		m.speech.Free()
	}
	for _, w := range m.layers {
		for _, x := range []*bf16.Matrix{w.query, w.keyValue, w.output, w.gateUp, w.down} {
			x.Free()
		}
	}
	m.layers = nil
}

// parcel is some rows of a tensor on their way from the file to where they belong.
type parcel struct {
	file  func(i int, row []float32)
	first int
	width int
	rows  []float32
}

const parcelNumbers = 1 << 16

// read files all tensors: one goroutine reads rows and looks whether they are finite, the others pack them.
func (m *Model) read(dir string) error {
	way, packing := make(chan parcel, 2), sync.WaitGroup{}
	for range max(1, m.threads-1) {
		packing.Go(func() {
			for p := range way {
				for i := 0; i*p.width < len(p.rows); i++ {
					p.file(p.first+i, p.rows[i*p.width:][:p.width])
				}
			}
		})
	}
	err := transformer.Each(m.cfg, dir, func(s transformer.Stored) error {
		file, err := m.filer(s.Name)
		if err != nil {
			return err
		}
		var next parcel
		err = s.Rows(func(i int, row []float32) {
			if len(next.rows)+len(row) > cap(next.rows) {
				if next.rows != nil {
					way <- next
				}
				next = parcel{file, i, len(row), make([]float32, 0, max(parcelNumbers, len(row)))}
			}
			next.rows = append(next.rows, row...)
		})
		way <- next
		return err
	})
	close(way)
	packing.Wait()
	return err
}

func newLayer(c *decoder.Config) layer {
	heads, kv, h, f := c.NumHeads*c.HeadDim, c.NumKVHeads*c.HeadDim, c.HiddenSize, c.IntermediateSize
	return layer{
		query: bf16.NewMatrix(heads, h), keyValue: bf16.NewMatrix(2*kv, h), output: bf16.NewMatrix(h, heads),
		gateUp: bf16.NewMatrix(2*f, h), down: bf16.NewMatrix(h, f),
	}
}

// filer says where the rows of a tensor go.
func (m *Model) filer(tensor string) (func(i int, row []float32), error) {
	l, name := 0, tensor
	if rest, ok := strings.CutPrefix(tensor, "layers."); ok {
		number, inner, _ := strings.Cut(rest, ".")
		if _, err := fmt.Sscan(number, &l); err != nil {
			return nil, fault.New(fault.Mismatch, "tensor %s: %w", tensor, err)
		}
		name = inner
	}
	file := m.place(&m.layers[l], name)
	if file == nil {
		return nil, fault.New(fault.Unavailable, "tensor %s: no use is known for it without an engine; %s=off "+
			"computes by the engine", tensor, EnvVar)
	}
	return file, nil
}

// place is that of the rows of a layer's tensor, or of one around the layers; nil for a name that is not known.
func (m *Model) place(y *layer, name string) func(i int, row []float32) {
	below := func(w *bf16.Matrix, first int) func(int, []float32) {
		return func(i int, row []float32) { w.Set(first+i, row) }
	}
	part := func(to *[]float32, first, size int) func(int, []float32) { // the one row of a vector
		if *to == nil {
			*to = make([]float32, size)
		}
		return func(_ int, row []float32) { copy((*to)[first:], row) }
	}
	h, d, f := m.cfg.HiddenSize, m.cfg.HeadDim, m.cfg.IntermediateSize
	heads, kv := m.cfg.NumHeads*d, m.cfg.NumKVHeads*d
	switch name {
	case "embed_tokens.weight":
		if m.table == nil { // the head is tied to it
			return below(m.speech, 0)
		}
		return func(i int, row []float32) { bf16.Put(m.table[2*i*h:], row) }
	case "lm_head.weight":
		return below(m.speech, 0)
	case "norm.weight":
		return part(&m.final, 0, h)
	case "input_layernorm.weight":
		return part(&y.inputNorm, 0, h)
	case "self_attn.q_proj.weight":
		return below(y.query, 0)
	case "self_attn.k_proj.weight":
		return below(y.keyValue, 0)
	case "self_attn.v_proj.weight":
		return below(y.keyValue, kv)
	case "self_attn.q_proj.bias":
		return part(&y.queryBias, 0, heads)
	case "self_attn.k_proj.bias":
		return part(&y.kvBias, 0, 2*kv)
	case "self_attn.v_proj.bias":
		return part(&y.kvBias, kv, 2*kv)
	case "self_attn.q_norm.weight":
		return part(&y.queryNorm, 0, d)
	case "self_attn.k_norm.weight":
		return part(&y.keyNorm, 0, d)
	case "self_attn.o_proj.weight":
		return below(y.output, 0)
	case "post_attention_layernorm.weight":
		return part(&y.postNorm, 0, h)
	case "mlp.gate_proj.weight":
		return below(y.gateUp, 0)
	case "mlp.up_proj.weight":
		return below(y.gateUp, f)
	case "mlp.down_proj.weight":
		return below(y.down, 0)
	}
	return nil
}

// Vectors are those of a batch's slots, [T, H] raw: not normalised. A slot without a text has zeros. Padding costs
// nothing, and what stands there is not read.
func (m *Model) Vectors(ctx context.Context, b *pack.Batch) ([]float32, error) {
	h, texts := m.cfg.HiddenSize, m.parts(b)
	states, err := m.States(ctx, texts, nil)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(b.Last)*h)
	for slot, t := range texts {
		mean(out[slot*h:][:h], states[:t.Asked*h])
		states = states[t.Asked*h:]
	}
	return out, nil
}

// parts are a batch's texts, by their slots. A language model's vector is its last token's state, or the mean of all.
func (m *Model) parts(b *pack.Batch) []Part {
	all := make([]Part, len(b.Members))
	for at, slot := range b.Texts {
		if slot >= 0 {
			all[slot].IDs = append(all[slot].IDs, b.IDs[at])
		}
	}
	for i := range all {
		if all[i].Asked = 1; m.pooling == transformer.MeanTokens {
			all[i].Asked = len(all[i].IDs)
		}
	}
	return all
}

// mean of rows.
func mean(to, rows []float32) {
	n := len(rows) / len(to)
	for t := range n {
		for i, v := range rows[t*len(to):][:len(to)] {
			to[i] += v
		}
	}
	for i := range to {
		to[i] /= float32(n)
	}
}
