//go:build goexperiment.simd && amd64

package native

import (
	"math"

	"hives/internal/bf16"
)

// kept are the keys and values of one key-value head of a row.
type kept struct {
	keys, values bf16.Matrix // [tokens, D] and its other way round, [D, tokens]
}

// head is room for the attention of one key-value head of a part.
type head struct {
	own    kept        // of a part without a cache
	in     bf16.Inputs // 16 queries, or what they take of each token
	turned []float32   // a row that is normed and turned
	scores []float32   // [16, tokens]
	sums   [16 * 16]float32
}

// tileRows is how many queries are made together: those of the kernel's tile.
const tileRows = 16

// attend makes p.mixed [asked, Q·D] of p.query and p.kv, part by part and head by head.
func (m *Model) attend(l int, texts []text) {
	kvHeads := m.cfg.NumKVHeads
	m.workers(len(texts)*kvHeads, 1, func(worker, from, to int) {
		for i := from; i < to; i++ {
			m.attendHead(l, &m.pass.heads[worker], texts[i/kvHeads], i%kvHeads)
		}
	})
}

// attendHead is softmax(q·kᵀ/√D)·v of the G query heads that ask key-value head k. A query sees the tokens of its row
// up to its own, so that of a long text half the blocks of 16 queries × 16 keys are never made. Queries of all G heads
// stand in one tile, since they ask the same keys: for G = 2
//
//	tile 1    tokens 0–7, both heads     keys 0–15
//	tile 2    tokens 8–15                keys 0–15
//	tile 3    tokens 16–23               keys 0–31
func (m *Model) attendHead(l int, room *head, t text, k int) {
	c, p := m.cfg, &m.pass
	d, width := c.HeadDim, 2*c.NumKVHeads*c.HeadDim // of a token's keys and values
	room.turned = grown(room.turned, d)
	has := &room.own
	if t.Cache != nil {
		has = &t.Cache.heads[l*c.NumKVHeads+k]
	} else {
		has.keys.Reset(len(t.IDs), d)
		has.values.Reset(d, len(t.IDs))
	}
	for i := range t.IDs {
		row := p.kv[(t.at+i)*width:]
		m.turn(room.turned, row[k*d:][:d], m.layers[l].keyNorm, t.past+i)
		has.keys.Set(t.past+i, room.turned)
		has.values.SetColumn(t.past+i, row[(c.NumKVHeads+k)*d:][:d])
	}
	if n := t.past + len(t.IDs); n%2 == 1 { // its neighbour takes part in the products, with a share of 0
		has.values.SetColumn(n, nil)
	}
	groups := c.NumHeads / c.NumKVHeads
	for g := 0; g < groups; g += tileRows {
		heads := min(tileRows, groups-g)
		for first := 0; first < t.asked; first += tileRows / heads {
			m.tile(l, room, has, t, tile{k*groups + g, heads, first, min(tileRows/heads, t.asked-first)})
		}
	}
}

// tile is some query heads of some asked tokens.
type tile struct{ query, heads, first, tokens int }

// rows visits the rows of a tile: token by token, and head by head in it.
func (a tile) rows(visit func(row, token, query int)) {
	for i := range a.tokens * a.heads {
		visit(i, a.first+i/a.heads, a.query+i%a.heads)
	}
}

// tile makes p.mixed of a tile.
func (m *Model) tile(l int, room *head, has *kept, t text, a tile) {
	c, p := m.cfg, &m.pass
	d, stride := c.HeadDim, c.NumHeads*c.HeadDim
	place := t.past + len(t.IDs) - t.asked // of the first asked token in its row
	seen := place + a.first + a.tokens     // by the last query
	room.in.Begin(tileRows, d)
	a.rows(func(row, token, query int) {
		m.turn(room.turned, p.query[(t.from+token)*stride+query*d:][:d], m.layers[l].queryNorm, place+token)
		room.in.Set(row, room.turned)
	})
	room.rest(a)
	blocks := (seen + 15) / 16
	room.scores = grown(room.scores, tileRows*blocks*16)
	for b := range blocks {
		has.keys.Block(&room.sums, b, &room.in, (d+1)/2)
		for row := range a.tokens * a.heads {
			copy(room.scores[(row*blocks+b)*16:][:16], room.sums[row*16:])
		}
	}
	room.in.Begin(tileRows, seen)
	a.rows(func(row, token, _ int) {
		shares := room.scores[row*blocks*16:][:seen]
		softmax(shares[:place+token+1], 1/math.Sqrt(float64(d)))
		clear(shares[place+token+1:])
		room.in.Set(row, shares)
	})
	room.rest(a)
	for b := 0; b < d; b += 16 {
		has.values.Block(&room.sums, b/16, &room.in, (seen+1)/2)
		a.rows(func(row, token, query int) {
			copy(p.mixed[(t.from+token)*stride+query*d+b:][:min(16, d-b)], room.sums[row*16:])
		})
	}
}

// rest fills the rows of the kernel's tile that a tile does not need.
func (r *head) rest(a tile) {
	for row := a.tokens * a.heads; row < tileRows; row++ {
		r.in.Set(row, nil)
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
