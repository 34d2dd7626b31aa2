package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"

	"hives/encoder"
	"hives/internal/fault"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/tokenizer"
)

// Options of a local encoder; the zero value is the exact one.
type Options struct {
	Precision  string // f32 (default), mixed or bf16
	Dimensions int    // first numbers of each vector that are kept; 0 keeps all
	// Progress, if set, is called after each batch with the number of texts done.
	Progress func(done, total int)
}

// Local is an Encoder over a model in memory.
type Local struct {
	model    *qwen3embed.Model
	framed   *tokenizer.Framed // nil where the folder has no tokenizer: only ids can be embedded
	info     folder.Info
	identity encoder.Identity
	options  Options
	arith    qwen3embed.Arithmetic

	mu   sync.Mutex // one batch on the engine at a time
	exec *model.Exec
	own  bool // Close frees the weights too
}

// Open loads a model folder. The tokenizer is optional: without one, only ids can be embedded.
func Open(dir string, backend compute.Backend, engineName string, options Options) (*Local, error) {
	info, err := folder.Read(dir)
	if err != nil {
		return nil, err
	}
	dtype := dtypes.Float32
	if options.Precision == "bf16" {
		dtype = dtypes.BFloat16
	}
	m, err := qwen3embed.Load(dir, dtype)
	if err != nil {
		return nil, err
	}
	framed, err := OpenTokenizer(dir, info, m.Config.VocabSize)
	if err != nil {
		m.Close()
		return nil, err
	}
	l, err := New(m, framed, info, backend, options)
	if err != nil {
		m.Close()
		return nil, err
	}
	l.own = true
	l.identity.Name, l.identity.Engine = filepath.Base(filepath.Clean(dir)), engineName
	if l.identity.WeightsSHA256, err = checkHash(dir, info); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// checkHash identifies the weights and refuses a folder whose weights are not those that hives.json names.
func checkHash(dir string, info folder.Info) (string, error) {
	sum, err := folder.WeightsSHA256(dir)
	if err == nil && info.WeightsSHA256 != "" && info.WeightsSHA256 != sum {
		err = fault.New(fault.Mismatch, "weights in %s are not those that %s was written for; export the model again, or remove the file to take the defaults", dir, folder.InfoFile)
	}
	return sum, err
}

// OpenTokenizer reads a folder's tokenizer and checks that its ids fit the embedding table; nil
// without an error where the folder has none.
func OpenTokenizer(dir string, info folder.Info, vocabulary int) (*tokenizer.Framed, error) {
	path := filepath.Join(dir, folder.TokenizerFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	tok, err := tokenizer.Open(path)
	if err != nil {
		return nil, err
	}
	if err := tokenizer.FitsVocabulary(tok, vocabulary); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tokenizer.NewFramed(tok, info.MaxLength, info.EndToken)
}

// New wraps a model that is already in memory, for instance the one being trained: Encode sees the
// weights as they are at the call.
func New(m *qwen3embed.Model, framed *tokenizer.Framed, info folder.Info, backend compute.Backend, options Options) (*Local, error) {
	if options.Precision == "" {
		options.Precision = "f32"
	}
	arith, err := qwen3embed.ParseArithmetic(options.Precision)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	d := options.Dimensions
	if d < 0 || d > m.Config.HiddenSize {
		return nil, fault.New(fault.Invalid, "%d dimensions asked for, the model has %d", d, m.Config.HiddenSize)
	}
	if d == 0 {
		d = m.Config.HiddenSize
	}
	l := &Local{model: m, framed: framed, info: info, options: options, arith: arith}
	l.identity = encoder.Identity{Dimension: d, MaxLength: info.MaxLength, Pooling: string(info.Pooling)}
	if framed != nil {
		l.identity.TokenizerSHA256 = framed.Tokenizer.SHA256()
	}
	l.exec, err = model.NewExec(backend, m.Store, func(_ *model.Scope, ids, lengths *Node) *Node {
		unit := qwen3embed.Unit(m.Raw(ids, lengths, info.Pooling, arith), d)
		return ConvertDType(unit, dtypes.Float32)
	})
	if err != nil {
		return nil, err
	}
	l.exec.SetMaxCache(-1) // the shapes of plan are few
	return l, nil
}

// Identity says which vectors this encoder makes.
func (l *Local) Identity() encoder.Identity { return l.identity }

// Close frees the compiled graphs, and the weights if Open loaded them.
func (l *Local) Close() error {
	l.exec.Finalize()
	if l.own {
		l.model.Close()
	}
	return nil
}

// Encode implements encoder.Encoder.
func (l *Local) Encode(ctx context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	rows, err := l.tokenise(ctx, inputs)
	if err != nil {
		return nil, l.identity, err
	}
	out := make([][]float32, len(rows))
	done := 0
	for _, b := range plan(rows, l.info.MaxLength) {
		if err := ctx.Err(); err != nil {
			return nil, l.identity, err
		}
		if err := l.embed(b, rows, out); err != nil {
			return nil, l.identity, err
		}
		if done += len(b.rows); l.options.Progress != nil {
			l.options.Progress(done, len(rows))
		}
	}
	return out, l.identity, nil
}

var _ encoder.Encoder = (*Local)(nil)
