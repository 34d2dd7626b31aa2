package lm

import (
	"context"
	"math"
	"slices"

	"hives/internal/fault"
	"hives/model/native"
)

// rows are a Runner's batch where kernels compute: a cache for each row, as long as the row is. Nothing is padded, and
// no number depends on the rows beside it.
type rows struct {
	caches []*native.Cache
	ends   []int // position of each prompt's last token
}

// readRows reads prompts; behind each there is room for some more tokens.
func (r *Runner) readRows(prompts [][]int32, room int) ([]float32, error) {
	k := r.m.Kernels
	parts := make([]native.Part, len(prompts))
	r.rows.ends = r.rows.ends[:0]
	for row, ids := range prompts {
		if row == len(r.rows.caches) {
			r.rows.caches = append(r.rows.caches, nil)
		}
		cache := &r.rows.caches[row]
		if *cache == nil || (*cache).Slots() < len(ids)+room {
			*cache = k.NewCache(len(ids) + room)
		}
		(*cache).Back(0)
		parts[row] = native.Part{IDs: ids, Asked: 1, Cache: *cache}
		r.rows.ends = append(r.rows.ends, len(ids)-1)
	}
	return k.States(context.Background(), parts, r.pushing())
}

// pushing adds the steers' push behind each layer, nil where nobody steers; see hook, which does so in a graph.
func (r *Runner) pushing() native.Hook {
	if r.push == nil {
		return nil
	}
	width := r.m.Config.HiddenSize
	return func(behind int, x []float32, at []native.Place) {
		if behind == 0 {
			return
		}
		for i, p := range at {
			part := r.push.body
			if p.Position == r.rows.ends[p.Part] {
				part = r.push.edge
			} else if p.Position > r.rows.ends[p.Part] {
				part = r.push.tail
			}
			row := part[((behind-1)*r.o.Rows+p.Part)*width:][:width]
			for k, v := range row {
				x[i*width+k] += v
			}
		}
	}
}

// beginRows is Begin's work.
func (r *Runner) beginRows(prompts [][]int32, bucket, slots int) ([][]float32, error) {
	states, err := r.readRows(prompts, slots-bucket)
	if err != nil {
		return nil, err
	}
	r.start, r.slots = bucket, slots
	return r.logits(states, len(prompts)), nil
}

// nextRows is Next's.
func (r *Runner) nextRows(tokens []int32) ([][]float32, error) {
	if len(tokens) > len(r.rows.ends) {
		return nil, fault.New(fault.Invalid, "%d tokens for %d rows", len(tokens), len(r.rows.ends))
	}
	parts := make([]native.Part, len(tokens))
	for row := range tokens {
		parts[row] = native.Part{IDs: tokens[row : row+1], Asked: 1, Cache: r.rows.caches[row]}
	}
	states, err := r.m.Kernels.States(context.Background(), parts, r.pushing())
	if err != nil {
		return nil, err
	}
	r.start++
	return r.logits(states, len(tokens)), nil
}

// logits are cut at their own capacity, as matrix does.
func (r *Runner) logits(states []float32, rows int) [][]float32 {
	flat, width := r.m.Kernels.Logits(states), r.m.Config.VocabSize
	out := make([][]float32, rows)
	for row := range out {
		out[row] = flat[row*width : (row+1)*width : (row+1)*width]
	}
	return out
}

// scoredTogether is how many tokens' logits are in memory at a time: 32 rows of 150,000 are 19 MB.
const scoredTogether = 32

// scoreRows fills out for questions of one kind, at most B. A prompt is read once; its last state says how probable
// each answer's first token is, and an answer's own tokens but the last are read behind it, one answer of each question
// at a time:
//
//	prompt "a b c", answers "d e f" and "g"      read a b c: log p(d), log p(g)
//	                                             read d e behind it: log p(e), log p(f); back to c
func (r *Runner) scoreRows(batch []*question, out [][]float64) error {
	prompts, room, err := r.prompts(batch)
	if err != nil {
		return err
	}
	states, err := r.readRows(prompts, room)
	if err != nil {
		return err
	}
	for at, logits := range r.logits(states, len(batch)) {
		total := native.LogSum(logits)
		for _, a := range batch[at].answers {
			out[a.row] = append(out[a.row], float64(logits[a.ids[0]])-total)
		}
	}
	most := len(slices.MaxFunc(batch, func(a, b *question) int { return len(a.answers) - len(b.answers) }).answers)
	for n := range most {
		if err := r.scoreTurn(batch, n, out); err != nil {
			return err
		}
	}
	return nil
}

// scoreTurn is the n-th answer of each question that has one of more than a token.
func (r *Runner) scoreTurn(batch []*question, n int, out [][]float64) error {
	var parts []native.Part
	var of []answer
	for at, q := range batch {
		part := native.Part{Cache: r.rows.caches[at]}
		part.Cache.Back(len(q.prompt))
		if n < len(q.answers) && len(q.answers[n].ids) > 1 {
			ids := q.answers[n].ids
			part.IDs, part.Asked = ids[:len(ids)-1], len(ids)-1
			of = append(of, q.answers[n])
		}
		parts = append(parts, part) // also an empty one, since a part's number says whose push it gets
	}
	if len(of) == 0 {
		return nil
	}
	states, err := r.m.Kernels.States(context.Background(), parts, r.pushing())
	if err != nil {
		return err
	}
	width := r.m.Config.HiddenSize
	for _, a := range of {
		for from := 1; from < len(a.ids); from += scoredTogether {
			ids := a.ids[from:min(from+scoredTogether, len(a.ids))]
			for k, logits := range r.logits(states[:len(ids)*width], len(ids)) {
				out[a.row] = append(out[a.row], float64(logits[ids[k]])-native.LogSum(logits))
			}
			states = states[len(ids)*width:]
		}
	}
	return nil
}

// meansRows fills out for at most B rows.
func (r *Runner) meansRows(batch []int, all [][]int32, spans [][]Span, out [][]Mean) error {
	layers, width := r.m.Config.NumLayers+1, r.m.Config.HiddenSize
	parts := make([]native.Part, len(batch))
	for at, row := range batch {
		if err := r.known(row, all[row]); err != nil {
			return err
		}
		parts[at] = native.Part{IDs: all[row], Asked: len(all[row])}
		for range spans[row] {
			one := Mean{make([][]float32, layers), make([]float32, layers)}
			for l := range layers {
				one.State[l] = make([]float32, width)
			}
			out[row] = append(out[row], one)
		}
	}
	look := func(behind int, x []float32, at []native.Place) {
		for i, p := range at {
			state, row := x[i*width:][:width], batch[p.Part]
			for k, s := range spans[row] {
				if p.Position < s.From || p.Position >= s.To {
					continue
				}
				share, squares := 1/float32(s.To-s.From), 0.0
				for j, v := range state {
					out[row][k].State[behind][j] += share * v
					squares += float64(v) * float64(v)
				}
				out[row][k].Norm[behind] += share * float32(math.Sqrt(squares))
			}
		}
	}
	_, err := r.m.Kernels.States(context.Background(), parts, look)
	return err
}
