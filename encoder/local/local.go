package local

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"golang.org/x/sync/errgroup"

	"hives/encoder"
	"hives/internal/fault"
	"hives/model/folder"
	"hives/model/native"
	"hives/model/transformer"
	"hives/pack"
	"hives/tokenizer"
)

// Options of a local encoder; the zero value is the exact one.
type Options struct {
	Precision  string // f32 (default), mixed, mixed16 or bf16
	Dimensions int    // first numbers of each vector that are kept; 0 keeps all
	Pooling    string // last, mean or first, in place of what the model folder says; Open alone heeds it and the next
	MaxLength  int    // tokens a text, in place of what the model folder says
	Threads    int    // of package native, as many as the engine's; 0 takes all cores
	// States, if set, are those of all texts that will be embedded, in place of computing the layers below.
	States States
	// Progress, if set, is called after each batch with the number of texts done.
	Progress func(done, total int)
}

// Local is an Encoder over a model in memory. Encode may be called concurrently: texts are tokenised side by
// side, batches run one after another (Runner).
type Local struct {
	sizes    transformer.Sizes
	free     func()            // gives the weights back, if Open loaded them
	framed   *tokenizer.Framed // nil where the folder has no tokenizer: only ids can be embedded
	info     folder.Info
	identity encoder.Identity
	options  Options
	runner   *Runner
	length   Length
}

// Open loads a model folder. The tokenizer is optional: without one, only ids can be embedded. Weights that
// change while they are loaded are refused: half of two models is none. engineName goes into the identity.
func Open(dir string, backend compute.Backend, engineName string, options Options) (l *Local, err error) {
	err = folder.Unchanged(dir, func() error {
		l, err = open(dir, backend, engineName, options)
		return err
	})
	if err != nil && l != nil {
		l.Close()
		l = nil
	}
	return l, err
}

// open is Open without the watch for changes. What is checked costs most last: options, then weights, tokenizer,
// hash.
func open(dir string, backend compute.Backend, engineName string, options Options) (*Local, error) {
	info, err := folder.Read(dir)
	if err != nil {
		return nil, err
	}
	if err := options.over(&info); err != nil {
		return nil, err
	}
	arch, err := folder.Config(dir)
	if err != nil {
		return nil, err
	}
	stated, err := options.length(dir, &info, arch.Sizes().Made)
	if err != nil {
		return nil, err
	}
	framed, err := OpenTokenizer(dir, info, arch.Sizes().Vocabulary)
	if err != nil {
		return nil, err
	}
	// The hash is taken beside loading: each keeps a core busy.
	var sum string
	var hashing errgroup.Group
	hashing.Go(func() (err error) { sum, err = checkHash(dir, info); return err })
	l, err := options.load(dir, backend, arch, framed, info)
	if wrong := hashing.Wait(); err == nil && wrong != nil {
		l.Close()
		err = wrong
	}
	if err != nil {
		return nil, err
	}
	l.length = Length{MaxLength: info.MaxLength, Positions: arch.Sizes().Made, Stated: stated}
	l.identity.Name, l.identity.WeightsSHA256 = folder.Name(dir), sum
	if l.identity.Engine == "" {
		l.identity.Engine = engineName
	}
	return l, nil
}

// load takes the way of package native where there is one, and else that of the engine.
func (o Options) load(dir string, backend compute.Backend, arch transformer.Architecture, framed *tokenizer.Framed,
	info folder.Info) (*Local, error) {
	if o.Precision == "bf16" && o.States == nil && native.InPlaceOf(backend, arch) {
		l, err := o.begin(arch, framed, info)
		if err != nil {
			return nil, err
		}
		m, err := native.Load(dir, arch, info.Pooling, o.Threads)
		if err != nil {
			return nil, err
		}
		l.runner, l.free, l.identity.Engine = newKernelRunner(m, arch, info.MaxLength), m.Close, native.Name
		return l, nil
	}
	dtype := dtypes.Float32
	if o.Precision == "bf16" {
		dtype = dtypes.BFloat16
	}
	m, err := folder.LoadOn(backend, dir, dtype)
	if err != nil {
		return nil, err
	}
	l, err := New(m, framed, info, backend, o)
	if err != nil {
		m.Close()
		return nil, err
	}
	l.free = m.Close
	return l, nil
}

// over puts what was asked for in place of what the folder says.
func (o Options) over(info *folder.Info) error {
	if o.Pooling != "" {
		pooling, err := transformer.ParsePooling(o.Pooling)
		if err != nil {
			return fault.New(fault.Invalid, "%w", err)
		}
		info.Pooling = pooling
	}
	if o.MaxLength < 0 || o.MaxLength == 1 {
		return fault.New(fault.Invalid, "texts of at most %d tokens: want at least 2, a token and the end token", o.MaxLength)
	}
	return nil
}

// checkHash identifies the weights and refuses a folder whose weights are not those that hives.json names:
// pooling, length and end token in that file are those of other weights, and would be wrong for these without any
// error.
func checkHash(dir string, info folder.Info) (string, error) {
	sum, err := folder.WeightsSHA256(dir)
	if err == nil && info.WeightsSHA256 != "" && info.WeightsSHA256 != sum {
		err = fault.New(fault.Mismatch, "weights in %s are not those that %s was written for; export the model again, "+
			"or remove the file to take the defaults", dir, folder.InfoFile)
	}
	return sum, err
}

// OpenTokenizer reads the tokenizer of a folder or a GGUF file and checks that its ids fit the embedding table;
// nil without an error where there is none. Ids beyond the table would be read from its last row by some engines,
// and no error would say so.
func OpenTokenizer(dir string, info folder.Info, vocabulary int) (*tokenizer.Framed, error) {
	tok, err := tokenizer.Open(dir)
	if fault.Of(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := tokenizer.FitsVocabulary(tok, vocabulary); err != nil {
		return nil, fmt.Errorf("tokenizer of %s: %w", dir, err)
	}
	if info.EndToken == "" {
		return tokenizer.NewFramedAsFile(tok, info.MaxLength)
	}
	return tokenizer.NewFramed(tok, info.MaxLength, info.EndToken)
}

// New wraps a model that is already in memory, for instance the one being trained: Encode sees the weights as
// they are at the call. framed may be nil, and then texts are refused. The caller keeps the model and closes it
// after the Local.
func New(m transformer.Model, framed *tokenizer.Framed, info folder.Info, backend compute.Backend,
	options Options) (*Local, error) {
	if options.Precision == "" {
		options.Precision = "f32"
	}
	arith, err := transformer.ParseArithmetic(options.Precision)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	l, err := options.begin(m.Architecture(), framed, info)
	if err != nil {
		return nil, err
	}
	l.runner, err = newRunner(m, backend, info.Pooling, arith, info.MaxLength, options.States)
	return l, err
}

// begin is a Local without its runner.
func (o Options) begin(arch transformer.Architecture, framed *tokenizer.Framed, info folder.Info) (*Local, error) {
	if err := info.Fits(arch); err != nil {
		return nil, err
	}
	d, hidden := o.Dimensions, arch.Sizes().Hidden
	if d < 0 || d > hidden {
		return nil, fault.New(fault.Invalid, "%d dimensions asked for, the model has %d", d, hidden)
	}
	if d == 0 {
		d = hidden
	}
	l := &Local{sizes: arch.Sizes(), framed: framed, info: info, options: o}
	l.identity = encoder.Identity{Dimension: d, MaxLength: info.MaxLength, Pooling: string(info.Pooling)}
	if framed != nil {
		l.identity.TokenizerSHA256 = framed.Tokenizer.SHA256()
	}
	return l, nil
}

// Runner is the model on its engine, for callers who pack batches themselves. Close ends it.
func (l *Local) Runner() *Runner { return l.runner }

// Tokenizer frames texts for the model; nil where the folder has none.
func (l *Local) Tokenizer() *tokenizer.Framed { return l.framed }

// Length is how long a text may be.
func (l *Local) Length() Length { return l.length }

// Identity says which vectors this encoder makes.
func (l *Local) Identity() encoder.Identity { return l.identity }

// Close frees the compiled graphs, and the weights if Open loaded them.
func (l *Local) Close() error {
	l.runner.Close()
	if l.free != nil {
		l.free()
	}
	return nil
}

// Encode implements encoder.Encoder. Texts are packed longest first, so they come back out of order and are filed
// by number; an error leaves no vectors, not even those that were done.
func (l *Local) Encode(ctx context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	rows, err := l.tokenise(ctx, inputs)
	if err != nil {
		return nil, l.identity, err
	}
	batches, err := pack.Many(rows, l.runner.Shapes())
	if err != nil {
		return nil, l.identity, err
	}
	out := make([][]float32, len(rows))
	done := 0
	for i := range batches {
		bad, err := l.embed(ctx, &batches[i], out)
		if err == nil && bad != "" {
			err = l.blame(ctx, &batches[i], rows)
		}
		if err != nil {
			return nil, l.identity, err
		}
		if done += len(batches[i].Members); l.options.Progress != nil {
			l.options.Progress(done, len(rows))
		}
	}
	return out, l.identity, nil
}

var _ encoder.Encoder = (*Local)(nil)
