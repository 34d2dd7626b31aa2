package lm

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/model/decoder"
	"hives/model/transformer"
)

// Options of a Runner.
type Options struct {
	Backend compute.Backend
	Arith   transformer.Arithmetic
	Rows    int // B: of every batch; short ones are filled with rows that nobody reads
	Slots   int // T of a cache, at least: answers of unlike lengths then share its graphs; 0: as many as each needs
}

// Runner computes batches with a model in memory. It holds one batch at a time, and its methods take turns.
type Runner struct {
	m  *Model
	o  Options
	mu sync.Mutex
	// Graphs are never thrown away before Close: their number is bounded by the Ladder.
	made map[string]*model.Exec // graphs by what is fixed in them

	number int64 // of this runner, in the names of its cache
	rows   rows  // the batch, where kernels compute

	slots int     // T of the cache that exists; 0 without one
	first []int32 // [B] slot of each row's first token
	start int     // slot of the next token; 0 before Begin
	ends  int     // slot of the prompts' last tokens
	push  *push
}

// NewRunner prepares a model; a graph is compiled when its shape first comes. Several runners of one model share its
// weights, and each has a cache of its own.
func NewRunner(m *Model, o Options) (*Runner, error) {
	if o.Rows < 1 {
		return nil, fault.New(fault.Invalid, "batches of %d rows: want 1 or more", o.Rows)
	}
	return &Runner{m: m, o: o, made: make(map[string]*model.Exec), number: runners.Add(1)}, nil
}

// take is held by whoever computes.
func (r *Runner) take() (release func()) {
	r.mu.Lock()
	if r.m.Kernels == nil {
		return r.mu.Unlock
	}
	r.m.using.Lock()
	return func() { r.m.using.Unlock(); r.mu.Unlock() }
}

// Close frees the graphs and the cache, not the model.
func (r *Runner) Close() {
	if r.m.Kernels != nil {
		return
	}
	for _, exec := range r.made {
		exec.Finalize()
	}
	r.dropCache()
}

// Begin reads prompts, at most B of one Bucket, into the cache and returns the logits of the token behind each, [B][V].
// room is how many tokens may follow. steers[i], if any, go on through Next.
//
// It ends the batch before: its cache is written over. Worked example, drawn with a bucket of 4, B 2, room 3:
//
//	slot       0 1 2 3 4 5 6 7       T = Bucket(4 + 3)
//	"a b c"    . a b c ? ? ?         first 1
//	"x"        . . . x ? ? ?         first 3; both go on at slot 4
//
// All prompts end at the same slot, so one number says where the next token of every row goes.
func (r *Runner) Begin(prompts [][]int32, room int, steers [][]Steer) ([][]float32, error) {
	defer r.take()()
	bucket, err := r.bucket(prompts)
	if err != nil {
		return nil, err
	}
	slots := Slots(max(bucket+room, r.o.Slots))
	// A short prompt may want more room than a long one beside it has: the latter's row just goes on unread. What not
	// even the shortest could use is a mistake.
	shortest := slices.MinFunc(prompts, func(a, b []int32) int { return len(a) - len(b) })
	if longest := r.m.Config.MaxPositions; longest > 0 && len(shortest)+room > longest {
		return nil, fault.New(fault.Invalid, "%d tokens and an answer of %d: the model has %d positions; "+
			"shorten the one or the other", len(shortest), room, longest)
	}
	if r.push, err = r.m.newPush(r.o.Rows, steers); err != nil {
		return nil, err
	}
	if r.m.Kernels != nil {
		return r.beginRows(prompts, bucket, slots)
	}
	if err := r.makeCache(slots); err != nil {
		return nil, err
	}
	ids, lengths := r.lay(prompts, bucket)
	r.first = make([]int32, r.o.Rows)
	for row, n := range lengths {
		r.first[row] = int32(bucket) - n
	}
	r.start = 0
	return r.step(ids, bucket, len(prompts))
}

// bucket is the one that all prompts share. Rows of two buckets are refused and not padded to the longer: a row's
// shape, and with it its last bits, would then hang on its neighbours. Ids are checked here since the engine would
// read some other row of the table in silence.
func (r *Runner) bucket(prompts [][]int32) (int, error) {
	if len(prompts) == 0 || len(prompts) > r.o.Rows {
		return 0, fault.New(fault.Invalid, "%d rows in a batch of %d", len(prompts), r.o.Rows)
	}
	shared := 0
	for row, prompt := range prompts {
		if len(prompt) == 0 {
			return 0, fault.New(fault.Invalid, "row %d has no token", row)
		}
		if err := r.known(row, prompt); err != nil {
			return 0, err
		}
		own, err := Bucket(len(prompt))
		if err != nil {
			return 0, fmt.Errorf("row %d: %w", row, err)
		}
		if shared != 0 && own != shared {
			return 0, fault.New(fault.Mismatch, "rows of %d and of %d tokens: only rows of one bucket share a batch",
				len(prompts[0]), len(prompt))
		}
		shared = own
	}
	return shared, nil
}

// known refuses ids that the model has no embedding for: a gather would take another's in silence.
func (r *Runner) known(row int, ids []int32) error {
	for at, id := range ids {
		if id < 0 || int(id) >= r.m.Config.VocabSize {
			return fault.New(fault.Invalid, "row %d: id %d at %d is outside the vocabulary of %d", row, id, at,
				r.m.Config.VocabSize)
		}
	}
	return nil
}

// lay pads rows on the left to a length: [B·length] ids and [B] lengths. An empty row is one token, of id 0, since a
// pass asks for a real one in each row.
func (r *Runner) lay(rows [][]int32, length int) (ids, lengths []int32) {
	ids, lengths = make([]int32, r.o.Rows*length), make([]int32, r.o.Rows)
	for row := range r.o.Rows {
		lengths[row] = 1
		if row < len(rows) {
			copy(ids[(row+1)*length-len(rows[row]):], rows[row])
			lengths[row] = int32(len(rows[row]))
		}
	}
	return ids, lengths
}

// Next takes one token a row, in Begin's order, and returns the logits of the one behind it. A row that has ended
// takes any token: nobody reads what comes of it, and no other row looks at it. When the room of Begin is used up the
// error is fault.Exhausted.
func (r *Runner) Next(tokens []int32) ([][]float32, error) {
	defer r.take()()
	if r.start == 0 {
		return nil, fault.New(fault.Invalid, "no prompt was read")
	}
	if r.start >= r.slots {
		return nil, fault.New(fault.Exhausted, "the cache of %d slots is full", r.slots)
	}
	if r.m.Kernels != nil {
		return r.nextRows(tokens)
	}
	ids := make([]int32, r.o.Rows)
	copy(ids, tokens)
	return r.step(ids, 1, len(tokens))
}

// step feeds C tokens of every row: ids [B·C]. The window grows along the Ladder with the text, so early tokens do
// not pay for slots that are still empty: the first 32 slots are looked at alone, then 64, and so on up to T.
// Results: [rows][V].
func (r *Runner) step(ids []int32, tokens, rows int) ([][]float32, error) {
	window := r.slots // above the ladder all of them: else each token more would be a graph more
	if rung, err := Bucket(r.start + tokens); err == nil {
		window = min(rung, r.slots)
	}
	if err := decoder.CheckStep(r.start, tokens, window, r.slots); err != nil {
		return nil, err
	}
	exec, err := r.exec(fmt.Sprintf("step %d window %d of %d steered %v", tokens, window, r.slots, r.push != nil),
		func(_ *model.Scope, in []*Node) []*Node { return []*Node{r.stepGraph(in, window)} })
	if err != nil {
		return nil, err
	}
	inputs := []any{tensors.FromFlatDataAndDimensions(ids, r.o.Rows, tokens), int32(r.start), r.first,
		int32(r.start - r.boundary(tokens))}
	out, err := exec.Call(append(inputs, r.push.tensors(r.m, r.o.Rows)...)...)
	if err != nil {
		return nil, fmt.Errorf("%d tokens from slot %d on: %w", tokens, r.start, err)
	}
	r.start += tokens
	return matrix(out[0], rows)
}

// boundary is the slot of the prompts' last tokens: all prompts of a batch end at the same one.
func (r *Runner) boundary(tokens int) int {
	if r.start == 0 {
		r.ends = tokens - 1
	}
	return r.ends
}

// stepGraph is a step with its head: ids [B, C], start [], first [B], the start's distance from the prompts' last
// slot [], and a push → logits [B, V] of the last token.
func (r *Runner) stepGraph(in []*Node, window int) *Node {
	s := decoder.Step{IDs: in[0], Start: in[1], First: in[2], Window: window, Cache: r.cache(in[0].Graph())}
	b, c := s.IDs.Shape().Dim(0), s.IDs.Shape().Dim(1)
	behind := Add(Iota(s.IDs.Graph(), s.IDs.Shape(), 1), BroadcastToDims(ExpandLeftToRank(in[3], 2), b, c))
	f := decoder.Cached(r.m.Weights, &s, decoder.Options{Arith: r.o.Arith, Hook: hook(in[4:], behind)})
	logits := f.Logits(f.States(f.Embed(s.IDs), 0, decoder.LastTokens))
	r.keep(s.Cache)
	return ConvertDType(Reshape(logits, b, r.m.Config.VocabSize), dtypes.Float32)
}

// exec returns the graph of a name, built at its first use.
//
// Invariant: a name holds all that its builder closes over (tokens, window, T, whether anybody steers). One left out
// would run a graph of another shape or without the push.
func (r *Runner) exec(name string, build func(*model.Scope, []*Node) []*Node) (*model.Exec, error) {
	if exec, ok := r.made[name]; ok {
		return exec, nil
	}
	exec, err := model.NewExec(r.o.Backend, r.m.Store, build)
	if err != nil {
		return nil, fmt.Errorf("graph of %s: %w", name, err)
	}
	exec.SetMaxCache(-1) // the shapes are few
	r.made[name] = exec
	return exec, nil
}

// matrix copies the first rows of [B, V]. Each is cut at its own capacity, so that a caller who appends to one does
// not write into the next.
func matrix(t *tensors.Tensor, rows int) ([][]float32, error) {
	defer t.FinalizeAll()
	flat, err := tensors.CopyFlatData[float32](t)
	if err != nil {
		return nil, err
	}
	width := t.Shape().Dim(1)
	out := make([][]float32, rows)
	for row := range out {
		out[row] = flat[row*width : (row+1)*width : (row+1)*width]
	}
	return out, nil
}
