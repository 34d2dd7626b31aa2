//go:build goexperiment.simd && amd64

package native

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"hives/internal/bf16"
)

// Part is the new tokens of a row: a whole text, or what follows on what its cache holds.
type Part struct {
	IDs   []int32
	Asked int    // of the last tokens, whose states are wanted: 1 to all
	Cache *Cache // nil for a text by itself
}

// Place is where a token stands: in which part, and at which position of its row.
type Place struct{ Part, Position int }

// Hook is shown the residual stream x [N, H] after a number of layers, and may change it: 0 is what the table of
// embeddings gave, l is the sum that l layers have built, before the final norm. at says where each of the N tokens
// stands. The last layer gives the asked tokens alone.
type Hook func(behind int, x []float32, at []Place)

// pass is what a pass through the layers computes between them, kept from one to the next.
type pass struct {
	x         []float32   // [N, H] the residual stream
	query, kv []float32   // [N, Q·D], [N, 2·K·D]
	mixed     []float32   // [N, Q·D] what attention makes
	gateUp    []float32   // [N, 2·F]
	in        bf16.Inputs // of the next product
	heads     []head      // room for attention, one a worker
	rows      [][]float32 // a row of what goes into a product, one a worker
	states    []float32   // what States returns
}

// text is where a part stands in a pass: its tokens, and those that are asked for.
type text struct {
	Part
	number int // of the part
	at     int // of its first token in x, as long as all are there
	past   int // tokens in its cache before
	asked  int // tokens that ask for something: all, and in the last layer those whose states are wanted
	from   int // where they begin in query and mixed
}

// passTokens is how many tokens go through the layers together, if no part is longer. More of them read weights from
// memory less often and leave less of what lies between two products in the caches.
const passTokens = 384

// States are those of the asked tokens after the final norm, [Σ Asked, H] in the order of the parts, good until the
// next call. Caches hold the new tokens too, then. The hook may be nil. A context that ends is seen between two passes.
func (m *Model) States(ctx context.Context, parts []Part, hook Hook) ([]float32, error) {
	h, p := m.cfg.HiddenSize, &m.pass
	p.states = p.states[:0]
	for first := 0; first < len(parts); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		next, tokens := first, 0
		for next < len(parts) && (next == first || tokens+len(parts[next].IDs) <= passTokens) {
			tokens += len(parts[next].IDs)
			next++
		}
		n := m.run(parts[first:next], first, hook)
		for t := range n {
			norm(p.x[t*h:][:h], p.x[t*h:][:h], m.final, m.cfg.RMSNormEps)
		}
		p.states = append(p.states, p.x[:n*h]...)
		first = next
	}
	return p.states, nil
}

// run takes some parts, counted from first, through the layers, and leaves the n asked tokens of x.
func (m *Model) run(parts []Part, first int, hook Hook) (n int) {
	texts, n, wanted := m.begin(parts, first)
	see := func(behind int) {
		if hook != nil {
			hook(behind, m.pass.x[:n*m.cfg.HiddenSize], places(texts))
		}
	}
	see(0)
	for l := range m.layers {
		asked := n
		if l == len(m.layers)-1 && wanted < n {
			asked = 0
			for i := range texts {
				texts[i].asked, texts[i].from = texts[i].Asked, asked
				asked += texts[i].Asked
			}
		}
		m.layer(l, texts, n, asked)
		n = asked
		see(l + 1)
	}
	for _, t := range texts {
		if t.Cache != nil {
			t.Cache.tokens += len(t.IDs)
		}
	}
	return n
}

// begin looks the tokens up and says where each part stands; wanted is how many tokens are asked for.
func (m *Model) begin(parts []Part, first int) (texts []text, n, wanted int) {
	h, p := m.cfg.HiddenSize, &m.pass
	for len(p.rows) < m.threads {
		p.rows, p.heads = append(p.rows, nil), append(p.heads, head{})
	}
	for i, part := range parts {
		t := text{Part: part, number: first + i, at: n, asked: len(part.IDs), from: n}
		if part.Cache != nil {
			t.past = part.Cache.tokens
		}
		texts = append(texts, t)
		n, wanted = n+len(part.IDs), wanted+part.Asked
		m.rotary.upTo(t.past + len(part.IDs))
	}
	p.x = grown(p.x, n*h)
	for _, t := range texts {
		for k, id := range t.IDs {
			m.embed(p.x[(t.at+k)*h:][:h], id)
		}
	}
	return texts, n, wanted
}

// embed looks a token up.
func (m *Model) embed(to []float32, id int32) {
	if m.table == nil {
		m.speech.Get(int(id), to)
		return
	}
	bf16.Get(to, m.table[2*int(id)*len(to):])
}

// places are those of the tokens that x holds.
func places(texts []text) (at []Place) {
	for _, t := range texts {
		for k := range t.asked {
			at = append(at, Place{t.number, t.past + len(t.IDs) - t.asked + k})
		}
	}
	return at
}

// layer is one block over n tokens, of which asked go on: x [n, H] becomes [asked, H].
func (m *Model) layer(l int, texts []text, n, asked int) {
	c, p, w := m.cfg, &m.pass, &m.layers[l]
	h, f, heads := c.HiddenSize, c.IntermediateSize, c.NumHeads*c.HeadDim

	m.normed(w.inputNorm, n)
	p.kv = m.product(p.kv, w.keyValue, n, w.kvBias)
	if asked < n { // those that go on stand at the front from here on
		for _, t := range texts {
			copy(p.x[t.from*h:][:t.asked*h], p.x[(t.at+len(t.IDs)-t.asked)*h:])
		}
		m.normed(w.inputNorm, asked)
	}
	p.query = m.product(p.query, w.query, asked, w.queryBias)

	p.mixed = grown(p.mixed, asked*heads)
	m.attend(l, texts)
	m.fill(asked, heads, func(t int, _ []float32) []float32 { return p.mixed[t*heads:][:heads] })
	m.added(w.output, asked)

	m.normed(w.postNorm, asked)
	p.gateUp = m.product(p.gateUp, w.gateUp, asked, nil)
	m.fill(asked, f, func(t int, row []float32) []float32 {
		gated(row, p.gateUp[t*2*f:][:f], p.gateUp[t*2*f+f:][:f])
		return row
	})
	m.added(w.down, asked)
}

// normed puts the norm of the first n tokens into the next product.
func (m *Model) normed(gain []float32, n int) {
	h := m.cfg.HiddenSize
	m.fill(n, h, func(t int, row []float32) []float32 {
		norm(row, m.pass.x[t*h:][:h], gain, m.cfg.RMSNormEps)
		return row
	})
}

// fill puts n tokens of a width into the next product; of may make one in row.
func (m *Model) fill(n, width int, of func(t int, row []float32) []float32) {
	m.pass.in.Begin(n, width)
	m.workers(n, 16, func(worker, from, to int) {
		row := grown(m.pass.rows[worker], width)
		m.pass.rows[worker] = row
		for t := from; t < to; t++ {
			m.pass.in.Set(t, of(t, row))
		}
	})
}

// product is what was filled times a matrix, plus a bias where there is one: [n, out].
func (m *Model) product(y []float32, w *bf16.Matrix, n int, bias []float32) []float32 {
	y = grown(y, n*w.Out)
	m.workers(w.Groups(), 1, func(_, from, to int) { w.Multiply(y, w.Out, &m.pass.in, from, to, false) })
	if bias != nil {
		for t := range n {
			for i, b := range bias {
				y[t*w.Out+i] += b
			}
		}
	}
	return y
}

// added adds what was filled times a matrix to the stream.
func (m *Model) added(w *bf16.Matrix, n int) {
	m.workers(w.Groups(), 1, func(_, from, to int) { w.Multiply(m.pass.x, w.Out, &m.pass.in, from, to, true) })
}

func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// workers divides n items among as many goroutines as there are threads, in shares of at least grain. A share is taken
// when the one before is done, so that a core that others use too does less. A panic in any is the caller's, who may
// recover from it: in a goroutine of its own it would end the process.
func (m *Model) workers(n, grain int, do func(worker, from, to int)) {
	cores := min(m.threads, (n+grain-1)/grain)
	if cores <= 1 {
		do(0, 0, n)
		return
	}
	share := max(grain, n/(4*cores))
	var next atomic.Int64
	var wrong atomic.Value
	work := func(worker int) {
		defer func() {
			if r := recover(); r != nil {
				wrong.CompareAndSwap(nil, fmt.Sprintf("%v, in\n%s", r, debug.Stack()))
			}
		}()
		for {
			from := int(next.Add(int64(share))) - share
			if from >= n {
				return
			}
			do(worker, from, min(from+share, n))
		}
	}
	var group sync.WaitGroup
	for worker := 1; worker < cores; worker++ {
		group.Go(func() { work(worker) })
	}
	work(0)
	group.Wait()
	if r := wrong.Load(); r != nil {
		panic(r)
	}
}
