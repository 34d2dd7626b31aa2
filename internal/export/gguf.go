package export

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// Values of {arch}.pooling_type. First-token pooling has a number in the format too; no model of that pooling is
// written here. llama.cpp pools by it when it is asked for embeddings; another number would give other vectors
// without an error.
var ggufPooling = map[transformer.Pooling]uint32{transformer.MeanTokens: 1, transformer.LastToken: 3}

// writeGGUF writes weights, sizes and tokenizer into one file.
//
// Nothing is held twice: rows are read from the loaded weights, encoded and written one at a time (gguf.Write).
//
// The order of the tensors is that of the layout, the same for every file of an architecture, so that equal weights
// give equal bytes.
func writeGGUF(o Options, m *qwen3embed.Model, info folder.Info, matrices gguf.Type) (Result, error) {
	v, err := vocabularyOf(o.Model, m.Config.VocabSize)
	if err != nil {
		return Result{}, err
	}
	end, err := v.endOf(o.Model, info.EndToken)
	if err != nil {
		return Result{}, err
	}
	var sources []gguf.Source
	for _, spec := range m.Config.Layout() {
		s, err := source(m, spec, matrices)
		if err != nil {
			return Result{}, err
		}
		sources = append(sources, s)
	}
	head, err := headSource(m, matrices)
	if err != nil {
		return Result{}, err
	}
	entries := append(sizes(o, m.Config, info), v.entries(end, info.EndToken != "")...)
	if v.chat != "" {
		entries = append(entries, gguf.Entry{Key: "tokenizer.chat_template", Value: v.chat})
	}
	err = fsutil.WriteFile(o.Out, func(w io.Writer) error {
		return gguf.Write(w, entries, append(sources, head...))
	})
	if err != nil {
		return Result{}, err
	}
	return measured(o, matrices)
}

// vocabularyOf reads the tokenizer of a folder, or the one in a GGUF file by way of the tokenizer.json that it means.
// The way round is longer and has one reader: what a tokenizer means is decided in one place.
func vocabularyOf(model string, rows int) (*vocabulary, error) {
	if exists(filepath.Join(model, folder.TokenizerFile)) {
		return readVocabulary(model, rows)
	}
	scratch, done, err := fsutil.Scratch("hives-export-*")
	if err != nil {
		return nil, err
	}
	defer done()
	if err := folder.CopyTokenizer(model, scratch); err != nil {
		return nil, err
	}
	return readVocabulary(scratch, rows)
}

// measured describes the file that was written. Its hash is of the whole file, for there is no part that is weights
// alone.
func measured(o Options, matrices gguf.Type) (Result, error) {
	stat, err := os.Stat(o.Out)
	if err != nil {
		return Result{}, err
	}
	sum, err := fsutil.SHA256(o.Out)
	return Result{Out: o.Out, Format: o.Format, DType: strings.ToLower(matrices.String()), Weights: sum,
		Bytes: stat.Size()}, err
}

// sizes are the keys that llama.cpp wants of the architecture. The file can neither say the longest text nor hold
// prompts; hives.json beside it does. llama.cpp computes by them alone, so that a wrong θ or ε would give other numbers
// and no error.
//
//	qwen3.block_count 28, qwen3.embedding_length 1024, qwen3.attention.head_count 16, …: the family's name leads each
func sizes(o Options, c *qwen3embed.Config, info folder.Info) []gguf.Entry {
	a := c.Family()
	return []gguf.Entry{
		{Key: "general.architecture", Value: a},
		{Key: "general.type", Value: "model"},
		{Key: "general.name", Value: o.Name},
		{Key: a + ".block_count", Value: uint32(c.NumLayers)},
		{Key: a + ".context_length", Value: uint32(cmp.Or(c.MaxPositions, info.MaxLength))},
		{Key: a + ".embedding_length", Value: uint32(c.HiddenSize)},
		{Key: a + ".feed_forward_length", Value: uint32(c.IntermediateSize)},
		{Key: a + ".attention.head_count", Value: uint32(c.NumHeads)},
		{Key: a + ".attention.head_count_kv", Value: uint32(c.NumKVHeads)},
		{Key: a + ".attention.key_length", Value: uint32(c.HeadDim)},
		{Key: a + ".attention.value_length", Value: uint32(c.HeadDim)},
		{Key: a + ".rope.dimension_count", Value: uint32(c.HeadDim)},
		{Key: a + ".rope.freq_base", Value: float32(c.RopeTheta)},
		{Key: a + ".attention.layer_norm_rms_epsilon", Value: float32(c.RMSNormEps)},
		{Key: a + ".vocab_size", Value: uint32(c.VocabSize)},
		{Key: a + ".pooling_type", Value: ggufPooling[info.Pooling]},
	}
}

// endOf finds the token that ends a text, or pads where none does. A GGUF file must name one either way;
// add_eos_token says whether it is put behind texts.
func (v *vocabulary) endOf(model, endToken string) (uint32, error) {
	token, err := padToken(model, endToken)
	if err != nil {
		return 0, err
	}
	return v.id(token)
}

// entries are the tokenizer's keys. The end token is put behind every text if the model wants one, and nothing before
// it. Padding is the end token too: Python pads with it in the other export, and a mask tells the two apart. pre
// names the splitter; llama.cpp refuses a name that it does not know.
func (v *vocabulary) entries(end uint32, ends bool) []gguf.Entry {
	return []gguf.Entry{
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: v.pre},
		{Key: "tokenizer.ggml.tokens", Value: v.tokens},
		{Key: "tokenizer.ggml.token_type", Value: v.types},
		{Key: "tokenizer.ggml.merges", Value: v.merges},
		{Key: "tokenizer.ggml.eos_token_id", Value: end},
		{Key: "tokenizer.ggml.padding_token_id", Value: end},
		{Key: "tokenizer.ggml.add_bos_token", Value: false},
		{Key: "tokenizer.ggml.add_eos_token", Value: ends},
	}
}

// source names a tensor as GGUF does and reads its rows. Gains of norms are F32 always: llama.cpp multiplies by
// nothing else. The order of q's and k's rows differs for llama (neighbouring pairs), so row i of the file may be
// another row of the weights.
//
//	norm.weight [1024]                          F32, whatever was asked for
//	layers.3.mlp.up_proj.weight [3072, 1024]    as asked
//	a matrix of 1,000 columns as Q8_0           F16: 1,000 is no multiple of 32
func source(m *qwen3embed.Model, spec transformer.Spec, matrices gguf.Type) (gguf.Source, error) {
	value, err := m.Variable(spec.Name).Value()
	if err != nil {
		return gguf.Source{}, fmt.Errorf("read %s: %w", spec.Name, err)
	}
	return sourceOf(m, spec, value, matrices), nil
}

// headSource is the head that goes along with the weights; none where the table of embeddings is the head: llama.cpp
// takes the table where a file has no output.weight.
func headSource(m *qwen3embed.Model, matrices gguf.Type) ([]gguf.Source, error) {
	spec, value, err := m.Head(m.Variable("norm.weight").DType())
	if err != nil || value == nil {
		return nil, err
	}
	return []gguf.Source{sourceOf(m, spec, value, matrices)}, nil
}

func sourceOf(m *qwen3embed.Model, spec transformer.Spec, value *tensors.Tensor, matrices gguf.Type) gguf.Source {
	name, order := qwen3embed.GGUFName(spec.Name, m.Config)
	// Names follow llama.cpp's (blk.3.attn_q.weight for layers.3.self_attn.q_proj.weight).
	s := gguf.Source{Name: name, Type: matrices, Shape: spec.Dims}
	if len(spec.Dims) == 1 {
		s.Type = gguf.F32
	} else if matrices == gguf.Q8_0 && spec.Dims[1]%32 != 0 {
		s.Type = gguf.F16 // no whole blocks, as llama.cpp's own tool does
	}
	s.Row = func(i int, dst []float32) error { return readRow(value, order(i), dst) }
	return s
}

// readRow decodes one row of a variable. dst holds one row; the three types are those that weights are loaded as. The
// values are looked at in place and never copied as a whole.
func readRow(value *tensors.Tensor, i int, dst []float32) error {
	var unknown error
	err := value.ConstFlatData(func(flat any) {
		// A variable lies row by row, so row i is one piece.
		from, to := i*len(dst), (i+1)*len(dst)
		switch all := flat.(type) {
		case []float32:
			copy(dst, all[from:to])
		// Widening is exact, so a file of the stored type has the stored bits.
		case []bfloat16.BFloat16:
			for k, x := range all[from:to] {
				dst[k] = x.Float32()
			}
		case []float16.Float16:
			for k, x := range all[from:to] {
				dst[k] = x.Float32()
			}
		default:
			unknown = fault.New(fault.Invalid, "weights of type %s are not written", value.DType())
		}
	})
	if err == nil {
		err = unknown
	}
	return err
}

// parseGGUFType reads the type of matrices; empty keeps that of the weights. Weights that were loaded as something
// else are written as float32, which holds them all exactly.
func parseGGUFType(name string, stored dtypes.DType) (gguf.Type, error) {
	if name == "" {
		name = map[dtypes.DType]string{dtypes.BFloat16: "bfloat16", dtypes.Float16: "float16"}[stored]
	}
	switch name {
	case "", "float32":
		return gguf.F32, nil
	case "bfloat16":
		return gguf.BF16, nil
	case "float16":
		return gguf.F16, nil
	case "q8_0":
		return gguf.Q8_0, nil
	}
	return 0, fault.Usage(fault.New(fault.Invalid, "dtype %q: want float32, bfloat16, float16 or q8_0", name))
}
