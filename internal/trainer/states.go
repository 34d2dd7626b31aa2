package trainer

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/encoder/local"
	"hives/internal/fault"
	"hives/internal/statecache"
	"hives/model/qwen3embed"
	"hives/pack"
)

// frozenWeights is the name of the hash of what a run leaves alone.
const frozenWeights = "frozen_weights"

// usedStates is the name of the hash of the cached states that a run trains on: two engines, or two orders of
// filling a cache, may differ in a state's last bit.
const usedStates = "states"

// checkFrozen refuses to freeze more than there is below the last layer.
func checkFrozen(c *qwen3embed.Config, layers int) error {
	if layers < 0 || layers >= c.NumLayers {
		return fault.Usage(fault.New(fault.Invalid, "model.freeze_layers %d: the model has %d layers, want 0 to %d", layers, c.NumLayers, c.NumLayers-1))
	}
	return nil
}

// statesKey tells apart everything that the states after a number of layers, whose weights have a hash, are
// made from.
func statesKey(c *qwen3embed.Config, weights string, layers int, dtype string) (statecache.Key, error) {
	sizes, err := json.Marshal([]any{c.Family, c.NumHeads, c.NumKVHeads, c.HeadDim, c.RMSNormEps, c.RopeTheta})
	return statecache.Key{Weights: weights + string(sizes), Layers: layers, Width: c.HiddenSize, Type: dtype}, err
}

// openStates opens the cache that the run is to use and fills in what it lacks of the run's texts. A trial that
// writes nothing gets numbers of no meaning instead.
func (l *loop) openStates(ctx context.Context, validator *Validator) error {
	if l.cfg.Model.States == "" {
		return nil
	}
	key, err := statesKey(l.start.model.Config, l.hashes[frozenWeights], l.cfg.Model.FreezeLayers, l.cfg.Model.statesType())
	if err != nil {
		return err
	}
	if l.trial {
		l.states = noise{key}
		return nil
	}
	if l.cache, err = statecache.Open(l.cfg.Model.States, key); err != nil {
		return err
	}
	l.states = l.cache
	// Every text that the run may embed: those of its steps, and held-out ones.
	steps := slices.Clone(l.corpus.ids)
	if l.banks != nil {
		steps = append(append(steps, l.banks.Individual.ids...), l.banks.Theory.ids...)
	}
	heldOut, err := validator.tokens(l.start.tokenizer)
	if err != nil {
		return err
	}
	if err := l.fillStates(ctx, slices.Concat(steps, heldOut)); err != nil {
		return err
	}
	l.hashes[usedStates], err = l.cache.Digest(steps)
	return err
}

func (l *loop) fillStates(ctx context.Context, texts [][]int32) error {
	lower, err := newLower(l.o.Engine.Backend, l.start.model, l.cfg.Model.FreezeLayers, l.cfg.Model.statesType(), l.start.info.MaxLength)
	if err != nil {
		return err
	}
	defer lower.exec.Finalize()
	moved, end := func(int) {}, func() {}
	defer func() { end() }()
	return l.cache.Fill(ctx, texts, statecache.Work{
		Compute: lower.compute,
		Begin: func(texts int, tokens int64) {
			l.o.Observer.Note(fmt.Sprintf("states after layer %d: %d texts of %d tokens are not in %s yet; they take %.2f GiB",
				l.cfg.Model.FreezeLayers, texts, tokens, l.cfg.Model.States, float64(l.cache.Size(tokens))/(1<<30)))
			if w, ok := l.o.Observer.(Worker); ok {
				moved, end = w.Work("states", "texts", texts)
			}
		},
		Done:    func(texts int) { moved(texts) },
		Waiting: func() { l.o.Observer.Note("waiting for another process that fills " + l.cfg.Model.States) },
	})
}

// lower computes the states of a model's lower layers.
type lower struct {
	exec   *model.Exec
	dtype  dtypes.DType
	shapes []pack.Shape
	width  int
}

// newLower prepares it. Whatever the steps compute in, states are computed in float32 and rounded once.
func newLower(backend compute.Backend, m *qwen3embed.Model, layers int, dtype string, maxLength int) (l *lower, err error) {
	l = &lower{shapes: local.Shapes(maxLength), width: m.Config.HiddenSize}
	if l.dtype, err = statecache.ParseType(dtype); err != nil {
		return nil, err
	}
	l.exec, err = model.NewExec(backend, m.Store, func(_ *model.Scope, ids, texts, last *Node) *Node {
		p := qwen3embed.Packed{IDs: ids, Texts: texts, Last: last, Frozen: layers}
		return ConvertDType(m.Lower(p, qwen3embed.F32), l.dtype)
	})
	if err == nil {
		l.exec.SetMaxCache(-1) // the shapes are few
	}
	return l, err
}

// compute is statecache.Work's.
func (l *lower) compute(ctx context.Context, texts [][]int32, put func(text int, states []byte) error) error {
	batches, err := pack.Many(texts, l.shapes)
	if err != nil {
		return err
	}
	for i := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.batch(&batches[i], put); err != nil {
			return err
		}
	}
	return nil
}

func (l *lower) batch(b *pack.Batch, put func(text int, states []byte) error) error {
	states, err := l.exec.Call1(tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Texts, b.Rows, b.Length), b.Last)
	if err != nil {
		return fmt.Errorf("states of %d rows of %d tokens: %w", b.Rows, b.Length, err)
	}
	defer states.FinalizeAll()
	var failed error
	err = states.ConstBytes(func(raw []byte) {
		token := l.width * l.dtype.Size()
		for _, s := range statecache.Spans(b) {
			part := raw[s.From*token : s.To*token]
			if failed = l.finite(part); failed == nil {
				failed = put(b.Members[s.Slot], part)
			}
			if failed != nil {
				return
			}
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

// finite refuses numbers that the type cannot hold: their exponent's bits are all ones.
func (l *lower) finite(raw []byte) error {
	size := l.dtype.Size()
	mask := byte(0x7c) // of float16's upper byte
	if l.dtype == dtypes.Float32 {
		mask = 0x7f
	}
	for i := size - 1; i < len(raw); i += size {
		if raw[i]&mask == mask && (l.dtype == dtypes.Float16 || raw[i-1]&0x80 != 0) {
			return fault.New(fault.Invalid, "the lower layers make a state that %s cannot hold; give --set model.states_type=f32", l.dtype)
		}
	}
	return nil
}

// noise stands in for states where only time and memory are asked for.
type noise struct{ key statecache.Key }

func (n noise) Layers() int { return n.key.Layers }

func (n noise) Gather(b *pack.Batch) (*tensors.Tensor, error) {
	dims := []int{b.Rows, b.Length, n.key.Width}
	draw := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, dims[0]*dims[1]*dims[2])
	for i := range values {
		values[i] = float32(draw.NormFloat64())
	}
	if n.key.Type == statecache.F32 {
		return tensors.FromFlatDataAndDimensions(values, dims...), nil
	}
	t := tensors.FromShape(shapes.Make(dtypes.Float16, dims...))
	err := tensors.MutableFlatData(t, func(flat []float16.Float16) {
		for i, v := range values {
			flat[i] = float16.FromFloat32(v)
		}
	})
	return t, err
}
