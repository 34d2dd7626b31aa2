//go:build goexperiment.simd && amd64

package native

import (
	"math"

	"hives/internal/bf16"
)

// head is room for the attention of one key-value head of a text.
type head struct {
	keys, values bf16.Matrix // [tokens, D] and its other way round, [D, tokens]
	in           bf16.Inputs // 16 queries, or what they take of each token
	turned       []float32   // a row that is normed and turned
	scores       []float32   // [16, tokens]
	sums         [16 * 16]float32
}

// tileTokens is how many queries are made together, those of the kernel's tile.
const tileTokens = 16

// attend makes p.mixed [asked, Q·D] of p.query and p.kv, text by text and head by head.
func (m *Model) attend(w *layer, texts []text) {
	kvHeads := m.cfg.NumKVHeads
	m.workers(len(texts)*kvHeads, 1, func(worker, from, to int) {
		for i := from; i < to; i++ {
			m.attendHead(w, &m.pass.heads[worker], texts[i/kvHeads], i%kvHeads)
		}
	})
}

// attendHead is softmax(q·kᵀ/√D)·v of the G query heads that ask key-value head k. A query sees the tokens of its text
// up to its own, so that of a long text half the blocks of 16 queries × 16 keys are never made:
//
//	queries 0–15     keys 0–15
//	queries 16–31    keys 0–31
func (m *Model) attendHead(w *layer, room *head, t text, k int) {
	c, p := m.cfg, &m.pass
	d, groups := c.HeadDim, c.NumHeads/c.NumKVHeads
	width := 2 * c.NumKVHeads * d // of a token's keys and values
	room.turned = grown(room.turned, d)
	room.keys.Reset(t.tokens, d)
	room.values.Reset(d, t.tokens)
	value := func(i int) []float32 {
		if i >= t.tokens {
			return nil
		}
		return p.kv[(t.at+i)*width+(c.NumKVHeads+k)*d:][:d]
	}
	for i := range t.tokens {
		m.turn(room.turned, p.kv[(t.at+i)*width+k*d:][:d], w.keyNorm, i)
		room.keys.Set(i, room.turned)
	}
	for i := 0; i < t.tokens; i += 2 {
		room.values.SetColumns(i/2, value(i), value(i+1))
	}
	for g := range groups {
		for first := 0; first < t.asked; first += tileTokens {
			m.tile(w, room, t, k*groups+g, first)
		}
	}
}

// tile makes up to 16 asked tokens of a query head, from the first on.
func (m *Model) tile(w *layer, room *head, t text, q, first int) {
	c, p := m.cfg, &m.pass
	d, stride := c.HeadDim, c.NumHeads*c.HeadDim
	n := min(tileTokens, t.asked-first)
	place := t.tokens - t.asked + first // of the first query in its text
	seen := place + n                   // by the last query
	room.in.Begin(tileTokens, d)
	for i := range tileTokens {
		if i < n {
			m.turn(room.turned, p.query[(t.from+first+i)*stride+q*d:][:d], w.queryNorm, place+i)
			room.in.Set(i, room.turned)
		} else {
			room.in.Set(i, nil)
		}
	}
	blocks := (seen + 15) / 16
	room.scores = grown(room.scores, tileTokens*blocks*16)
	for b := range blocks {
		room.keys.Block(&room.sums, b, &room.in, (d+1)/2)
		for i := range n {
			copy(room.scores[(i*blocks+b)*16:][:16], room.sums[i*16:])
		}
	}
	room.in.Begin(tileTokens, seen)
	for i := range tileTokens {
		if i < n {
			row := room.scores[i*blocks*16:]
			softmax(row[:place+i+1], 1/math.Sqrt(float64(d)))
			clear(row[place+i+1 : seen])
			room.in.Set(i, row[:seen])
		} else {
			room.in.Set(i, nil)
		}
	}
	for b := 0; b < d; b += 16 {
		room.values.Block(&room.sums, b/16, &room.in, (seen+1)/2)
		for i := range n {
			copy(p.mixed[(t.from+first+i)*stride+q*d+b:][:min(16, d-b)], room.sums[i*16:])
		}
	}
}

// turn norms a head's numbers, where the family does, and turns them by their position.
func (m *Model) turn(to, from, gain []float32, position int) {
	if gain != nil {
		norm(to, from, gain, m.cfg.RMSNormEps)
		from = to
	}
	m.rotary.turn(to, from, position)
}
