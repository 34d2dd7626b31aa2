//go:build goexperiment.simd && amd64

package native

// Cache holds the keys, already turned, and the values of a row's tokens so far, for all layers.
type Cache struct {
	heads  []kept // [L, K]
	tokens int
	slots  int
}

// NewCache has room for so many tokens of one row: 2·L·K·D·2 bytes each.
func (m *Model) NewCache(slots int) *Cache {
	c := &Cache{heads: make([]kept, m.cfg.NumLayers*m.cfg.NumKVHeads), slots: slots}
	for i := range c.heads {
		c.heads[i].keys.Reset(slots, m.cfg.HeadDim)
		c.heads[i].values.Reset(m.cfg.HeadDim, slots)
	}
	return c
}

// Slots is how many tokens it has room for.
func (c *Cache) Slots() int { return c.slots }

// Back forgets all tokens but the first n. What stands behind them is written over by whatever comes next, and nobody
// sees it until then.
func (c *Cache) Back(n int) { c.tokens = n }

// Logits are what a language model says of the next token, from States: [n, H] → [n, V].
func (m *Model) Logits(states []float32) []float32 {
	h := m.cfg.HiddenSize
	n := len(states) / h
	m.fill(n, h, func(t int, _ []float32) []float32 { return states[t*h:][:h] })
	return m.product(nil, m.speech, n, nil)
}
