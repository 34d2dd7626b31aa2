package lm

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/model/decoder"
)

// Score returns the log-probability of each token of rows[i] from from[i] on, given what stands before it:
// [i][len−from]. Rows of any lengths are taken. from[i] is also where a row's answer begins for its steers.
// Logarithms are natural.
//
// Rows that share a prompt, which are the options of one question, share its pass: prompts are read into the cache, B
// of one bucket at a time, and the answers behind them one by one, each over the one before it. Five options of four
// tokens behind a prompt of 200 cost 256 + 5·4 tokens so, and not 5·256.
//
// Invariant: a row's numbers follow from its prompt's bucket and its own answer's, not from the rows beside it. A batch
// that is being written (Begin, Next) is lost: its cache is used.
func (r *Runner) Score(rows [][]int32, from []int, steers [][]Steer) ([][]float64, error) {
	defer r.take()()
	asked, err := r.questions(rows, from, steers)
	if err != nil {
		return nil, err
	}
	defer func() { r.start = 0 }() // what lies in the cache is nobody's prompt any more
	out := make([][]float64, len(rows))
	for _, kind := range asked.kinds {
		for batch := range slices.Chunk(asked.members[kind], r.o.Rows) {
			if r.m.Kernels != nil {
				if err := r.scoreRows(batch, out); err != nil {
					return nil, err
				}
				continue
			}
			if err := r.read(batch, kind.length); err != nil {
				return nil, err
			}
			for _, turn := range turns(batch) {
				if err := r.score(batch, turn, out); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

// question is a prompt with the answers that are scored behind it.
type question struct {
	prompt  []int32
	steer   []Steer
	answers []answer
}

// answer is what stands behind the prompt in one of Score's rows.
type answer struct {
	row int
	ids []int32
}

// kind is what questions of one batch share.
type kind struct {
	length  int  // the bucket of their prompts
	steered bool // prompts that nobody steers are not computed in a graph that does
}

// questions are those of one call by their kinds.
type questions struct {
	kinds   []kind // in the order they first come
	members map[kind][]*question
}

// questions finds the rows that share a prompt and its steers. Callers give options as whole rows, since that is what
// a score is of; that they share their beginning is seen here, wherever they stand among the rows.
func (r *Runner) questions(rows [][]int32, from []int, steers [][]Steer) (*questions, error) {
	if len(from) != len(rows) || steers != nil && len(steers) != len(rows) {
		return nil, fault.New(fault.Mismatch, "%d rows, %d beginnings of answers, %d of steers", len(rows), len(from),
			len(steers))
	}
	all, known := &questions{members: map[kind][]*question{}}, map[string]*question{}
	for row, ids := range rows {
		if from[row] < 1 || from[row] >= len(ids) {
			return nil, fault.New(fault.Invalid, "row %d of %d tokens: its answer begins at %d, and needs a token before it "+
				"and one of its own",
				row, len(ids), from[row])
		}
		var steer []Steer
		if steers != nil {
			steer = steers[row]
		}
		key := promptKey(ids[:from[row]], steer)
		q := known[key]
		if q == nil {
			q = &question{prompt: ids[:from[row]], steer: steer}
			bucket, err := Bucket(len(q.prompt))
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", row, err)
			}
			k := kind{bucket, Steered(steer)}
			if all.members[k] == nil {
				all.kinds = append(all.kinds, k)
			}
			all.members[k], known[key] = append(all.members[k], q), q
		}
		q.answers = append(q.answers, answer{row, ids[from[row]:]})
	}
	return all, nil
}

// promptKey tells prompts apart. Steers are one question's where they are one list in memory: equal ones of other lists
// are read twice, which costs time and changes nothing.
func promptKey(ids []int32, steer []Steer) string {
	key := make([]byte, 0, 4*len(ids)+16)
	for _, id := range ids {
		key = binary.LittleEndian.AppendUint32(key, uint32(id))
	}
	if len(steer) > 0 {
		key = fmt.Appendf(key, "%p %d", &steer[0], len(steer))
	}
	return string(key)
}

// read takes the prompts of a batch into the cache. There is room behind them for the longest answer, a bucket's length
// at least, so that batches of one bucket have one cache whatever their answers.
func (r *Runner) read(batch []*question, bucket int) error {
	prompts, longest, err := r.prompts(batch)
	if err != nil {
		return err
	}
	longest = scoredBucket(longest)
	if err := r.makeCache(Slots(max(bucket+longest, r.o.Slots))); err != nil {
		return err
	}
	ids, lengths := r.lay(prompts, bucket)
	r.first = make([]int32, r.o.Rows)
	for row, n := range lengths {
		r.first[row] = int32(bucket) - n
	}
	r.start = 0
	_, err = r.step(ids, bucket, len(prompts))
	return err
}

// prompts are those of a batch, whose steers are taken into the push; longest is the length of its longest answer.
func (r *Runner) prompts(batch []*question) (all [][]int32, longest int, err error) {
	pushed := make([][]Steer, len(batch))
	for at, q := range batch {
		all, pushed[at] = append(all, q.prompt), q.steer
		for _, a := range q.answers {
			longest = max(longest, len(a.ids))
			if err := r.known(a.row, a.ids); err != nil {
				return nil, 0, err
			}
		}
	}
	if _, err := r.bucket(all); err != nil {
		return nil, 0, err
	}
	r.push, err = r.m.newPush(r.o.Rows, pushed)
	return all, longest, err
}

// turn is one answer of each question of a batch, all of one bucket; a question without one more has a nil.
type turn struct {
	tokens  int // C
	answers []*answer
}

// turns orders the answers of a batch by their buckets.
//
//	questions with answers of 3, 4, 9 and of 4 tokens     turns of 4: (3, 4), (4, –); of 16: (9, –)
func turns(batch []*question) (all []turn) {
	left := map[int][][]*answer{} // by bucket, then by question
	for at, q := range batch {
		for i := range q.answers {
			c := scoredBucket(len(q.answers[i].ids))
			if left[c] == nil {
				left[c] = make([][]*answer, len(batch))
			}
			left[c][at] = append(left[c][at], &q.answers[i])
		}
	}
	for _, c := range slices.Sorted(maps.Keys(left)) {
		for n := 0; ; n++ {
			t, any := turn{c, make([]*answer, len(batch))}, false
			for at, own := range left[c] {
				if n < len(own) {
					t.answers[at], any = own[n], true
				}
			}
			if !any {
				break
			}
			all = append(all, t)
		}
	}
	return all
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

// score computes one turn behind the prompts in the cache and fills its rows of out.
//
// Worked example, a prompt "a b c" of bucket 4, the answer "d e f", C 4:
//
//	slot       0 1 2 3 4 5 6
//	prompt     . a b c                the slots that read has filled
//	step             c d e .          again from the prompt's last token on: the logits at c are for d
//	target           d e f .
//
// What stands at the dot behind the answer is not read, and no token before it sees it.
func (r *Runner) score(batch []*question, t turn, out [][]float64) error {
	rows, begin := r.o.Rows, r.ends
	ids, target := make([]int32, rows*t.tokens), make([]int32, rows*t.tokens)
	for at, a := range t.answers {
		if a == nil {
			continue
		}
		ids[at*t.tokens] = batch[at].prompt[len(batch[at].prompt)-1]
		copy(ids[at*t.tokens+1:(at+1)*t.tokens], a.ids)
		copy(target[at*t.tokens:], a.ids)
	}
	window := Slots(begin + t.tokens)
	if err := decoder.CheckStep(begin, t.tokens, window, r.slots); err != nil {
		return err
	}
	exec, err := r.exec(fmt.Sprintf("score %d window %d of %d steered %v", t.tokens, window, r.slots, r.push != nil),
		func(_ *model.Scope, in []*Node) []*Node { return []*Node{r.scoreGraph(in, window)} })
	if err != nil {
		return err
	}
	inputs := []any{tensors.FromFlatDataAndDimensions(ids, rows, t.tokens), int32(begin), r.first,
		tensors.FromFlatDataAndDimensions(target, rows, t.tokens)}
	result, err := exec.Call(append(inputs, r.push.tensors(r.m, rows)...)...)
	if err != nil {
		return fmt.Errorf("score answers of %d tokens behind %d: %w", t.tokens, begin+1, err)
	}
	defer result[0].FinalizeAll()
	flat, err := tensors.CopyFlatData[float32](result[0])
	if err != nil {
		return err
	}
	for at, a := range t.answers {
		if a != nil {
			for n := range a.ids {
				out[a.row] = append(out[a.row], float64(flat[at*t.tokens+n]))
			}
		}
	}
	return nil
}

// scoreGraph is a step from the prompts' last token on: ids [B, C], start [], first [B], the tokens behind each [B, C],
// and a push → their log-probabilities [B·C].
func (r *Runner) scoreGraph(in []*Node, window int) *Node {
	s := decoder.Step{IDs: in[0], Start: in[1], First: in[2], Window: window, Cache: r.cache(in[0].Graph())}
	target := Reshape(in[3], -1)                    // [B·C]
	behind := Iota(s.IDs.Graph(), s.IDs.Shape(), 1) // [B, C]: 0 at the prompt's last token
	f := decoder.Cached(r.m.Weights, &s, decoder.Options{Arith: r.o.Arith, Hook: hook(in[4:], behind)})
	logits := f.Logits(f.States(f.Embed(s.IDs), 0, decoder.Everywhere)) // [B, C, V]
	r.keep(s.Cache)
	logP := LogSoftmax(Reshape(logits, -1, r.m.Config.VocabSize)) // [B·C, V]
	chosen := Concatenate([]*Node{InsertAxes(Iota(s.IDs.Graph(), target.Shape(), 0), -1), InsertAxes(target, -1)}, -1)
	return ConvertDType(Gather(logP, chosen), dtypes.Float32)
}
