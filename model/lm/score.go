package lm

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/model/decoder"
)

// Score returns the log-probability of each token of rows[i] from from[i] on, given what stands before it:
// [i][len−from]. Rows of any lengths are taken; they are sorted into buckets, of the row and of what is scored in it,
// and computed B at a time. The head sees the scored positions alone. from[i] is also where a row's answer begins for
// its steers.
//
// Logarithms are natural. A row's answer is scored in one pass, without a cache: all its tokens are known beforehand,
// and the causal mask hides from each what comes after it.
func (r *Runner) Score(rows [][]int32, from []int, steers [][]Steer) ([][]float64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(from) != len(rows) || steers != nil && len(steers) != len(rows) {
		return nil, fault.New(fault.Mismatch, "%d rows, %d beginnings of answers, %d of steers", len(rows), len(from),
			len(steers))
	}
	type kind struct {
		length, scored int
		steered        bool // rows that nobody steers are not computed in a graph that does
	}
	var kinds []kind // in the order they first come
	members := make(map[kind][]int)
	for row, ids := range rows {
		if from[row] < 1 || from[row] >= len(ids) {
			return nil, fault.New(fault.Invalid, "row %d of %d tokens: its answer begins at %d, and needs a token before it "+
				"and one of its own",
				row, len(ids), from[row])
		}
		length, err := Bucket(len(ids))
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", row, err)
		}
		k := kind{length, scoredBucket(len(ids) - from[row]), steers != nil && Steered(steers[row])}
		if members[k] == nil {
			kinds = append(kinds, k)
		}
		members[k] = append(members[k], row)
	}
	out := make([][]float64, len(rows))
	for _, k := range kinds {
		for at := 0; at < len(members[k]); at += r.o.Rows {
			if err := r.score(members[k][at:min(at+r.o.Rows, len(members[k]))], k.length, k.scored, rows, from, steers,
				out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// scoredBucket is the power of two that holds n scored tokens: the head is most of a small model's work. An option of
// 3 tokens pays for 4 products with the table of V rows, not for as many as the whole row has tokens.
func scoredBucket(n int) int {
	bucket := 1
	for bucket < n {
		bucket *= 2
	}
	return bucket
}

// score computes one batch of rows and fills their places of out.
//
// Worked example, row "a b c d e" with from 3, drawn with P 8: the answer is "d e".
//
//	slot       0 1 2 3 4 5 6 7
//	token      . . . a b c d e        shift 3
//	position             5 6          logits at c are for d, at d for e
//	target               d e
//	ends                 5            the prompt's last token
//
// Places of position and target beyond a row's answer stay 0 and are not read.
func (r *Runner) score(batch []int, length, scored int, rows [][]int32, from []int, steers [][]Steer,
	out [][]float64) error {
	own, pushed := make([][]int32, len(batch)), make([][]Steer, len(batch))
	position, target := make([]int32, r.o.Rows*scored), make([]int32, r.o.Rows*scored)
	ends := make([]int32, r.o.Rows) // of each prompt: its last token's position
	for at, row := range batch {
		own[at] = rows[row]
		if steers != nil {
			pushed[at] = steers[row]
		}
		shift := length - len(rows[row])
		ends[at] = int32(shift + from[row] - 1)
		for n := range len(rows[row]) - from[row] {
			// the logits at a token are for the one behind it
			position[at*scored+n] = int32(at*length + shift + from[row] - 1 + n)
			target[at*scored+n] = rows[row][from[row]+n]
		}
	}
	if _, err := r.bucket(own); err != nil {
		return err
	}
	push, err := r.m.newPush(r.o.Rows, pushed)
	if err != nil {
		return err
	}
	exec, err := r.exec(fmt.Sprintf("score %d of %d steered %v", scored, length, push != nil),
		func(_ *model.Scope, in []*Node) []*Node { return []*Node{r.scoreGraph(in)} })
	if err != nil {
		return err
	}
	ids, lengths := r.lay(own, length)
	inputs := []any{tensors.FromFlatDataAndDimensions(ids, r.o.Rows, length), lengths, position, target, ends}
	result, err := exec.Call(append(inputs, push.tensors(r.m, r.o.Rows)...)...)
	if err != nil {
		return fmt.Errorf("score %d rows of %d tokens: %w", len(batch), length, err)
	}
	defer result[0].FinalizeAll()
	flat, err := tensors.CopyFlatData[float32](result[0])
	if err != nil {
		return err
	}
	for at, row := range batch {
		for n := range len(rows[row]) - from[row] {
			out[row] = append(out[row], float64(flat[at*scored+n]))
		}
	}
	return nil
}

// scoreGraph is whole rows at once: ids [B, P], lengths [B], the flat positions whose logits are wanted [N], the
// tokens behind them [N], each prompt's last position [B], and a push → log-probabilities [N]. N is B times the
// scored bucket. States of the asked positions are gathered before the head, so that the logits are [N, V] and never
// [B·P, V].
func (r *Runner) scoreGraph(in []*Node) *Node {
	ids, lengths, position, target, ends := in[0], in[1], in[2], in[3], in[4]
	behind := Sub(Iota(ids.Graph(), ids.Shape(), 1), BroadcastToDims(InsertAxes(ends, -1), ids.Shape().Dimensions...))
	f := decoder.Padded(r.m.Weights, ids, lengths, decoder.Options{Arith: r.o.Arith, Hook: hook(in[5:], behind)})
	states := f.States(f.Embed(ids), 0, decoder.Everywhere)        // [B, P, H]
	flat := Reshape(states, -1, r.m.Config.HiddenSize)             // [B·P, H]
	asked := InsertAxes(Gather(flat, InsertAxes(position, -1)), 0) // [1, N, H]
	logP := LogSoftmax(Squeeze(f.Logits(asked), 0))                // [N, V]
	chosen := Concatenate([]*Node{InsertAxes(Iota(ids.Graph(), target.Shape(), 0), -1), InsertAxes(target, -1)}, -1)
	return ConvertDType(Gather(logP, chosen), dtypes.Float32)
}
