//go:build goexperiment.simd && amd64

package native

import (
	"sync"
	"sync/atomic"

	"hives/internal/bf16"
	"hives/model/transformer"
)

// pass is what a pass through the layers computes between them, kept from one to the next.
type pass struct {
	x         []float32   // [N, H] the residual stream
	query, kv []float32   // [N, Q·D], [N, 2·K·D]
	mixed     []float32   // [N, Q·D] what attention makes
	gateUp    []float32   // [N, 2·F]
	in        bf16.Inputs // of the next product
	heads     []head      // room for attention, one a worker
	rows      [][]float32 // a row of what goes into a product, one a worker
}

// text is where a text stands in a pass: its tokens, and those that are asked for. In the last layer of a model that
// pools the last token, a text asks for that one alone, which spares the work on the others.
type text struct {
	span
	at          int // of its first token in x
	asked, from int // tokens asked for, and where they begin in query and mixed
}

// run puts the vectors of some texts into out, by their slots.
func (m *Model) run(ids []int32, some []span, out []float32) {
	h := m.cfg.HiddenSize
	texts, n := m.begin(ids, some)
	for l := range m.layers {
		asked := n
		if l == len(m.layers)-1 && m.pooling == transformer.LastToken {
			asked = len(texts)
			for i := range texts {
				texts[i].asked, texts[i].from = 1, i
			}
		}
		m.layer(&m.layers[l], texts, n, asked)
	}
	for _, t := range texts {
		vector := out[t.slot*h : (t.slot+1)*h]
		for k := range t.asked {
			row := m.pass.x[(t.from+k)*h:][:h]
			norm(row, row, m.final, m.cfg.RMSNormEps)
			for i, v := range row {
				vector[i] += v
			}
		}
		for i := range vector {
			vector[i] /= float32(t.asked)
		}
	}
}

// begin looks the tokens up and says where each text stands.
func (m *Model) begin(ids []int32, some []span) (texts []text, n int) {
	h := m.cfg.HiddenSize
	for _, s := range some {
		texts = append(texts, text{s, n, s.tokens, n})
		n += s.tokens
		m.rotary.upTo(s.tokens)
	}
	p := &m.pass
	for len(p.rows) < m.threads {
		p.rows, p.heads = append(p.rows, nil), append(p.heads, head{})
	}
	p.x = grown(p.x, n*h)
	for _, t := range texts {
		for k := range t.tokens {
			bf16.Get(p.x[(t.at+k)*h:][:h], m.table[2*int(ids[t.ids+k])*h:])
		}
	}
	return texts, n
}

// layer is one block over n tokens, of which asked go on: x [n, H] becomes [asked, H].
func (m *Model) layer(w *layer, texts []text, n, asked int) {
	c, p := m.cfg, &m.pass
	h, f, heads := c.HiddenSize, c.IntermediateSize, c.NumHeads*c.HeadDim

	m.normed(w.inputNorm, n)
	p.kv = m.product(p.kv, w.keyValue, n, w.kvBias)
	if asked < n { // those that go on stand at the front from here on
		for i, t := range texts {
			copy(p.x[i*h:][:h], p.x[(t.at+t.tokens-1)*h:])
		}
		m.normed(w.inputNorm, asked)
	}
	p.query = m.product(p.query, w.query, asked, w.queryBias)

	p.mixed = grown(p.mixed, asked*heads)
	m.attend(w, texts)
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
		row := m.pass.row(worker, width)
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

func (p *pass) row(worker, width int) []float32 {
	p.rows[worker] = grown(p.rows[worker], width)
	return p.rows[worker]
}

func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// workers divides n items among as many goroutines as there are threads, in shares of at least grain. A share is taken
// when the one before is done, so that a core that others use too does less.
func (m *Model) workers(n, grain int, do func(worker, from, to int)) {
	cores := min(m.threads, (n+grain-1)/grain)
	if cores <= 1 {
		do(0, 0, n)
		return
	}
	share := max(grain, n/(4*cores))
	var next atomic.Int64
	work := func(worker int) {
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
}
