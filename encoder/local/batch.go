package local

import (
	"context"
	"fmt"
	"runtime"
	"sort"

	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sync/errgroup"

	"hives/encoder"
	"hives/internal/fault"
)

// batchTokens bounds B·S of a full batch: enough to fill the cores, little enough to stay in cache.
const batchTokens = 2048

// fewRows is the largest remainder that runs text by text rather than as a mostly empty batch.
const fewRows = 4

// tokenise returns the ids of every input, framed as the model wants them.
func (l *Local) tokenise(ctx context.Context, inputs []encoder.Input) ([][]int32, error) {
	rows := make([][]int32, len(inputs))
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() error {
			for i := w; i < len(inputs); i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				ids, err := l.frame(inputs[i])
				if err != nil {
					return fmt.Errorf("input %d: %w", i, err)
				}
				rows[i] = ids
			}
			return nil
		})
	}
	return rows, group.Wait()
}

// frame turns one input into ids and refuses what the model cannot embed.
func (l *Local) frame(in encoder.Input) ([]int32, error) {
	switch {
	case (in.Text == "") == (len(in.IDs) == 0):
		return nil, fault.New(fault.Invalid, "give either a text that is not empty or ids")
	case in.Text != "" && l.framed == nil:
		return nil, fault.New(fault.NotFound, "the model folder has no tokenizer.json: only ids can be embedded")
	case in.Text != "":
		ids, _, err := l.framed.Encode(in.Prompt + in.Text)
		return ids, err
	case in.Prompt != "":
		return nil, fault.New(fault.Invalid, "a prompt goes before a text, not before ids")
	case len(in.IDs) > l.info.MaxLength:
		return nil, fault.New(fault.Invalid, "%d ids, the model takes at most %d", len(in.IDs), l.info.MaxLength)
	}
	for at, id := range in.IDs {
		if id < 0 || int(id) >= l.model.Config.VocabSize {
			return nil, fault.New(fault.Invalid, "id %d at position %d is outside the vocabulary of %d", id, at, l.model.Config.VocabSize)
		}
	}
	return in.IDs, nil
}

// batch is one call of the engine: rows of similar length under one of few shapes.
type batch struct {
	rows     []int // positions in the input, at most size
	size     int   // B
	sequence int   // S
}

// plan sorts rows by length into batches. S is a power of two from 16, B either 1 or as many as fill
// batchTokens, so there are at most two shapes a power of two.
func plan(rows [][]int32, maxLength int) []batch {
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return len(rows[order[a]]) < len(rows[order[b]]) })

	var batches []batch
	for len(order) > 0 {
		sequence := bucket(len(rows[order[0]]), maxLength)
		fit := sort.Search(len(order), func(i int) bool { return len(rows[order[i]]) > sequence })
		full := max(1, batchTokens/sequence)
		for ; fit > fewRows && full > 1; fit -= min(full, fit) {
			n := min(full, fit)
			batches = append(batches, batch{order[:n], full, sequence})
			order = order[n:]
		}
		for ; fit > 0; fit-- {
			batches = append(batches, batch{order[:1], 1, sequence})
			order = order[1:]
		}
	}
	return batches
}

// bucket rounds a length up to a power of two, at least 16 and at most maxLength.
func bucket(length, maxLength int) int {
	s := 16
	for s < length {
		s *= 2
	}
	return max(length, min(s, maxLength))
}

// embed runs one batch and files its vectors in out. Places without a row hold one token that nobody reads.
func (l *Local) embed(b batch, rows [][]int32, out [][]float32) error {
	ids := make([]int32, b.size*b.sequence)
	lengths := make([]int32, b.size)
	for i := range lengths {
		lengths[i] = 1
	}
	for i, r := range b.rows {
		copy(ids[(i+1)*b.sequence-len(rows[r]):], rows[r])
		lengths[i] = int32(len(rows[r]))
	}
	flat, err := l.call(tensors.FromFlatDataAndDimensions(ids, b.size, b.sequence), lengths)
	if err != nil {
		return fmt.Errorf("embed %d rows of %d tokens: %w", b.size, b.sequence, err)
	}
	d := l.identity.Dimension
	for i, r := range b.rows {
		v := flat[i*d : (i+1)*d : (i+1)*d]
		for _, x := range v {
			if x-x != 0 {
				return fault.New(fault.Corrupt, "input %d: the model's vector is not finite", r)
			}
		}
		out[r] = v
	}
	return nil
}

func (l *Local) call(ids *tensors.Tensor, lengths []int32) ([]float32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	vectors, err := l.exec.Call1(ids, lengths)
	if err != nil {
		return nil, err
	}
	defer vectors.FinalizeAll()
	return tensors.CopyFlatData[float32](vectors)
}
