package lm

import (
	"fmt"
	"sync/atomic"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/model/decoder"
)

// The cache's buffers are variables beside the weights. A graph that changes a variable is given its memory, so that XLA
// writes a new token's keys and values in place; as inputs and outputs all 2·L buffers would be copied for every token.

// cacheScope is where they stand, for each runner its own: two of one model, as with and without an adapter, must not
// write into each other's. A graph knows a variable itself, not its name, so the variables of one T stay when another T
// takes over, and only their memory goes.
const cacheScope = "/lm_cache"

// runners counts them, for the names of their caches.
var runners atomic.Int64

// buffers are the variables of T slots: keys of all layers, then values; nil before they were first made.
func (r *Runner) buffers(slots int) (all []*model.Variable) {
	for _, kind := range []string{"keys", "values"} {
		for l := range r.m.Config.NumLayers {
			if v := r.m.Store.GetVariable(r.bufferPath(kind, slots, l)); v != nil {
				all = append(all, v)
			}
		}
	}
	return all
}

func (r *Runner) bufferPath(kind string, slots, l int) string {
	return fmt.Sprintf("%s_%d/%s_%d_%d", cacheScope, r.number, kind, slots, l)
}

// CacheBytes is the memory of a cache for prompts of a length and answers of a length: 2·L·B·K·T·D numbers. SmolLM2 with
// 8 rows and 512 slots takes 189 MB in float32.
func (r *Runner) CacheBytes(prompt, answer int) (int64, error) {
	bucket, err := Bucket(prompt)
	if err != nil {
		return 0, err
	}
	slots, err := Bucket(bucket + answer)
	return r.m.Config.CacheBytes(r.o.Rows, slots, r.o.Arith), err
}

// makeCache gives the buffers of T slots memory, and takes it from those of another T. They need no clearing between
// batches: a query looks at its own row's slots from the first token to itself, and those were all written since.
func (r *Runner) makeCache(slots int) (err error) {
	if r.slots == slots {
		return nil
	}
	r.dropCache()
	shape := r.m.Config.CacheShape(r.o.Rows, slots, r.o.Arith)
	if made := r.buffers(slots); made != nil {
		for _, v := range made {
			if err == nil {
				err = v.SetValue(tensors.FromShape(shape))
			}
		}
	} else {
		for l := range r.m.Config.NumLayers {
			for _, kind := range []string{"keys", "values"} {
				if err == nil {
					_, err = r.m.Store.CreateVariable(r.bufferPath(kind, slots, l), tensors.FromShape(shape))
				}
			}
		}
	}
	if err != nil {
		return fmt.Errorf("cache of %d slots: %w", slots, err)
	}
	r.slots = slots
	return nil
}

// dropCache frees the memory of the buffers in use.
func (r *Runner) dropCache() {
	for _, v := range r.buffers(r.slots) {
		if err := v.Reset(); err != nil {
			panic(err) // its memory is ours alone
		}
	}
	r.slots, r.start = 0, 0
}

// cache reads the buffers into a graph.
func (r *Runner) cache(g *Graph) *decoder.Cache {
	c, layers := &decoder.Cache{}, r.m.Config.NumLayers
	for at, v := range r.buffers(r.slots) {
		if at < layers {
			c.Keys = append(c.Keys, v.ValueGraph(g))
		} else {
			c.Values = append(c.Values, v.ValueGraph(g))
		}
	}
	return c
}

// keep stores the buffers that a step has left.
func (r *Runner) keep(c *decoder.Cache) {
	for at, v := range r.buffers(r.slots) {
		if layers := r.m.Config.NumLayers; at < layers {
			v.SetValueGraph(c.Keys[at])
		} else {
			v.SetValueGraph(c.Values[at-layers])
		}
	}
}
