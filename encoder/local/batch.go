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
		if id < 0 || int(id) >= l.sizes.Vocabulary {
			return nil, fault.New(fault.Invalid, "id %d at position %d is outside the vocabulary of %d", id, at,
				l.sizes.Vocabulary)
		}
	}
	if l.framed != nil {
		return in.IDs, l.framed.CheckGiven(in.IDs)
	}
	return in.IDs, nil
}

// embed runs one batch and files its unit vectors in out; bad says what is wrong with one. Of H numbers the
// first d are kept and then scaled: a shortened vector is a unit vector too.
func (l *Local) embed(ctx context.Context, b *pack.Batch, out [][]float32) (bad string, err error) {
	flat, err := l.runner.Run(ctx, b)
	if err != nil {
		return "", err
	}
	h, d := l.runner.Dim(), l.identity.Dimension
	for slot, member := range b.Members {
		v, bad := unit(flat[slot*h : slot*h+d])
		if bad != "" {
			return bad, nil
		}
		out[member] = v
	}
	return "", nil
}

// blame names the input of a batch whose vector is zero or not finite. Its neighbours' vectors are not either, since a
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
		if bad != "" {
			return fault.New(fault.Corrupt, "input %d: the model's vector %s", member, bad)
		}
	}
	return fault.New(fault.Unavailable, "the engine's vectors of inputs %v are not finite together, and finite one by one",
		b.Members)
}

// What makes a vector no unit vector. A zero one has no direction: its cosine with anything would be 0, which looks
// like an answer.
const (
	notFinite = "is not finite"
	isZero    = "is zero and has no direction: are its weights zeros?"
)

// unit returns raw divided by its L2 norm, summed in float64, or what is wrong with it.
func unit(raw []float32) (out []float32, bad string) {
	sum := 0.0
	for _, x := range raw {
		sum += float64(x) * float64(x)
	}
	switch {
	case sum == 0:
		return nil, isZero
	case math.IsNaN(sum) || math.IsInf(sum, 0):
		return nil, notFinite
	}
	out = make([]float32, len(raw))
	norm := math.Sqrt(sum)
	for i, x := range raw {
		out[i] = float32(float64(x) / norm)
	}
	return out, ""
}
