package kernel

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/optim"
	"hives/model/decoder"
	"hives/model/lm"
	"hives/model/transformer"
)

// Row is a prompt with its answer, and what the kernel is told of them.
// Tokens come from the caller: a kernel knows no template.
type Row struct {
	Prompt, Answer []int32   // the answer with its end of turn
	Vector         []float32 // [E] of the value
	Level          float64   // c
}

// Trainer computes batches of one shape with a kernel: B rows of S positions, N scored tokens a row.
// One shape, since a shape is compiled in seconds and rows of a kernel are short. Rows that are shorter are padded, and
// pay for it.
type Trainer struct {
	k       *Kernel
	backend compute.Backend
	arith   transformer.Arithmetic

	rows, length, scored int
	step, score          *model.Exec
	steps                int
}

// NewTrainer finds the one shape that holds all rows.
// All rows that will be trained on or scored are given, so that the longest is known.
func NewTrainer(k *Kernel, backend compute.Backend, arith transformer.Arithmetic, rows int, all []Row) (*Trainer,
	error) {
	t := &Trainer{k: k, backend: backend, arith: arith, rows: rows}
	longest := 0
	for n, r := range all {
		if len(r.Prompt) == 0 || len(r.Answer) == 0 || len(r.Vector) != k.In {
			return nil, fault.New(fault.Invalid, "row %d: a prompt of %d tokens, an answer of %d and a vector of %d: want "+
				"some, some and %d",
				n+1, len(r.Prompt), len(r.Answer), len(r.Vector), k.In)
		}
		longest, t.scored = max(longest, len(r.Prompt)+len(r.Answer)), max(t.scored, len(r.Answer))
	}
	if k.Form == SoftPrompt {
		longest += k.Rows
	}
	if positions := k.m.Config.MaxPositions; positions > 0 && longest > positions {
		return nil, fault.New(fault.Invalid, "a row of %d tokens, the soft prompt included: the model has %d positions",
			longest, positions)
	}
	var err error
	t.length, err = lm.Bucket(longest)
	return t, err
}

// Close frees the graphs and the kernel's memory.
func (t *Trainer) Close() {
	for _, exec := range []*model.Exec{t.step, t.score} {
		if exec != nil {
			exec.Finalize()
		}
	}
	t.k.drop()
}

// batch lays rows out as inputs of a graph: ids [B, S], lengths [B], each prompt's last position [B], the flat
// positions whose logits are asked for [B·N], the tokens behind them, their weights, and [e; c] [B, E+1].
//
//	B 2, S 8, N 2, prompts "a b" and "c d e", answers "x y" and "z", no soft prompt
//	ids        . . . . a b x y      ends 5     position 5 6      target x y     weight 1 1
//	           . . . . c d e z      ends 6     position 14 0     target z 0     weight 1 0
//
// A place of weight 0 reads some position's logits and counts for nothing.
func (t *Trainer) batch(rows []Row) []any {
	ids, lengths, ends := make([]int32, t.rows*t.length), make([]int32, t.rows), make([]int32, t.rows)
	position, target := make([]int32, t.rows*t.scored), make([]int32, t.rows*t.scored)
	weight, e := make([]float32, t.rows*t.scored), make([]float32, t.rows*(t.k.In+1))
	for b := range t.rows {
		lengths[b] = 1
		if b >= len(rows) {
			continue // nobody reads it
		}
		r, before := rows[b], 0
		if t.k.Form == SoftPrompt {
			before = t.k.Rows
		}
		lengths[b] = int32(before + len(r.Prompt) + len(r.Answer))
		answer := t.length - len(r.Answer)
		copy(ids[b*t.length+answer-len(r.Prompt):], r.Prompt)
		copy(ids[b*t.length+answer:], r.Answer)
		ends[b] = int32(answer - 1)
		for n, id := range r.Answer {
			at := b*t.scored + n
			position[at], target[at], weight[at] = int32(b*t.length+answer-1+n), id, 1
		}
		copy(e[b*(t.k.In+1):], r.Vector)
		e[b*(t.k.In+1)+t.k.In] = float32(r.Level)
	}
	return []any{
		tensors.FromFlatDataAndDimensions(ids, t.rows, t.length), lengths, ends, position, target, weight,
		tensors.FromFlatDataAndDimensions(e, t.rows, t.k.In+1),
	}
}

// logP is the log-probability of each scored token under the kernel: [B·N].
// The head sees scored positions alone: with all of them its product would be most of the work.
func (t *Trainer) logP(in []*Node) *Node {
	ids, lengths, ends, position, target, e := in[0], in[1], in[2], in[3], in[4], in[6]
	// Rows end together, so a row of n tokens begins at S − n.
	first := SubScalar(Neg(lengths), -t.length)
	o := decoder.Options{Arith: t.arith, Hook: t.k.hook(t.k.output(e), first, ends)}
	f := decoder.Padded(t.k.m.Weights, ids, lengths, o)
	states := f.States(f.Embed(ids), 0, decoder.Everywhere)                   // [B, S, H]
	flat := Reshape(states, -1, t.k.m.Config.HiddenSize)                      // [B·S, H]
	logits := f.Logits(InsertAxes(Gather(flat, InsertAxes(position, -1)), 0)) // [1, B·N, V]
	all := LogSoftmax(ConvertDType(Squeeze(logits, 0), dtypes.Float32))       // [B·N, V]
	row := InsertAxes(Iota(ids.Graph(), target.Shape(), 0), -1)               // [B·N, 1]
	return Gather(all, Concatenate([]*Node{row, InsertAxes(target, -1)}, -1)) // [B·N]
}

// loss is the mean of −log p over the batch's answer tokens, and the kernel's variables in the graph.
// A mean over tokens, not over rows: a row of twenty tokens counts twenty times.
func (t *Trainer) loss(in []*Node) (loss *Node, params []*Node) {
	weight := in[5]
	loss = Neg(Div(ReduceAllSum(Mul(t.logP(in), weight)), ReduceAllSum(weight)))
	for _, v := range t.k.variables() {
		params = append(params, v.ValueGraph(loss.Graph()))
	}
	return loss, params
}

// Step does one update with at most B rows and returns the loss before it. The language model is not among what
// changes. The gradient goes back through every layer above the push and ends there: weights of the model are constants
// of the graph. A loss that is not finite ends the run; the update has then left all numbers as they were.
func (t *Trainer) Step(rows []Row, rate float64) (float64, error) {
	if t.step == nil {
		o := optim.Default(0)
		var err error
		t.step, err = model.NewExec(t.backend, t.k.m.Store, func(_ *model.Scope, in []*Node) []*Node {
			loss, params := t.loss(in)
			// Only the kernel's four matrices are differentiated for, and only they are handed to the optimiser.
			grads := Gradient(loss, params...)
			norm, _ := o.Update(t.k.m.Store, grads, t.k.variables(), in[7], in[8])
			return []*Node{loss, norm}
		})
		if err != nil {
			return 0, err
		}
	}
	out, err := t.step.Call(append(t.batch(rows), rate, float64(t.steps))...)
	if err != nil {
		return 0, fmt.Errorf("step %d: %w", t.steps+1, err)
	}
	loss, norm := float64(tensors.ToScalar[float32](out[0])), tensors.ToScalar[float64](out[1])
	if math.IsNaN(loss) || math.IsInf(loss, 0) || math.IsNaN(norm) || math.IsInf(norm, 0) {
		return 0, fault.New(fault.Corrupt, "step %d: loss %v, gradient of length %v: try a smaller rate", t.steps+1, loss,
			norm)
	}
	t.steps++
	return loss, nil
}

// Train runs steps over rows, each batch a function of the seed and the step.
// An epoch is a permutation of the seed and its number, dealt out B at a time; a batch may lie across two.
func (t *Trainer) Train(ctx context.Context, rows []Row, steps int, rate float64, seed uint64,
	each func(loss float64)) error {
	for t.steps < steps {
		if ctx.Err() != nil {
			return fault.New(fault.Canceled, "stopped: %w", context.Cause(ctx))
		}
		var batch []Row
		for n := range t.rows {
			at := t.steps*t.rows + n
			epoch := rand.New(rand.NewPCG(seed, uint64(at/len(rows)))).Perm(len(rows))
			batch = append(batch, rows[epoch[at%len(rows)]])
		}
		loss, err := t.Step(batch, rate)
		if err != nil {
			return err
		}
		each(loss)
	}
	return nil
}

// Score is the log-probability of each row's answer under the kernel.
// A short last batch is filled with rows that nobody reads.
func (t *Trainer) Score(rows []Row) ([]float64, error) {
	if t.score == nil {
		var err error
		t.score, err = model.NewExec(t.backend, t.k.m.Store, func(_ *model.Scope, in []*Node) []*Node {
			return []*Node{t.logP(in)}
		})
		if err != nil {
			return nil, err
		}
	}
	var out []float64
	for at := 0; at < len(rows); at += t.rows {
		part := rows[at:min(at+t.rows, len(rows))]
		result, err := t.score.Call(t.batch(part)...)
		if err != nil {
			return nil, err
		}
		flat, err := tensors.CopyFlatData[float32](result[0])
		if err != nil {
			return nil, err
		}
		for b, r := range part {
			total := 0.
			for n := range r.Answer {
				total += float64(flat[b*t.scored+n])
			}
			out = append(out, total)
		}
	}
	return out, nil
}
