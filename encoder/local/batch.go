package local

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"

	"hives/encoder"
	"hives/internal/fault"
	"hives/pack"
)

// tokenise returns the ids of every input, framed as the model wants them. Worker w takes the inputs w, w +
// workers, …, so that long texts that stand together are shared out. The first error in time is reported, not the
// first in order.
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

// frame turns one input into ids and refuses what the model cannot embed. Given ids are not cut: whoever counts
// tokens would not expect to lose the last, on which a language model's vector rests.
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
		if id < 0 || int(id) >= l.model.Sizes().Vocabulary {
			return nil, fault.New(fault.Invalid, "id %d at position %d is outside the vocabulary of %d", id, at, l.model.Sizes().Vocabulary)
		}
	}
	if l.framed != nil {
		return in.IDs, l.framed.CheckGiven(in.IDs)
	}
	return in.IDs, nil
}

// embed runs one batch and files its unit vectors in out; bad tells that one is not finite. Of H numbers the
// first d are kept and then scaled: a shortened vector is a unit vector too.
func (l *Local) embed(ctx context.Context, b *pack.Batch, out [][]float32) (bad bool, err error) {
	flat, err := l.runner.Run(ctx, b)
	if err != nil {
		return false, err
	}
	h, d := l.runner.Dim(), l.identity.Dimension
	for slot, member := range b.Members {
		v, finite := unit(flat[slot*h : slot*h+d])
		if !finite {
			return true, nil
		}
		out[member] = v
	}
	return false, nil
}

// blame names the input of a batch whose vector is not finite. Its neighbours' vectors are not either, since a
// masked key has weight 0 and 0 · NaN is NaN, so each text is embedded again by itself. If each alone is finite,
// the fault is the engine's and no input is named.
func (l *Local) blame(ctx context.Context, b *pack.Batch, rows [][]int32) error {
	alone := make([][]float32, 1)
	for _, member := range b.Members {
		batches, err := pack.Many(rows[member:member+1], l.runner.Shapes())
		if err != nil {
			return err
		}
		bad, err := l.embed(ctx, &batches[0], alone)
		if err != nil {
			return err
		}
		if bad {
			return fault.New(fault.Corrupt, "input %d: the model's vector is not finite", member)
		}
	}
	return fault.New(fault.Unavailable, "the engine's vectors of inputs %v are not finite together, and finite one by one", b.Members)
}

// unit returns raw divided by its L2 norm, summed in float64, and whether every number is finite. A vector of
// zeros stays one: it has no direction, and an error would be the caller's to make.
func unit(raw []float32) (out []float32, finite bool) {
	sum := 0.0
	for _, x := range raw {
		sum += float64(x) * float64(x)
	}
	out = make([]float32, len(raw))
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return out, sum == 0
	}
	norm := math.Sqrt(sum)
	for i, x := range raw {
		out[i] = float32(float64(x) / norm)
	}
	return out, true
}
