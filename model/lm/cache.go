package lm

import (
	"fmt"
	"sync/atomic"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/model/decoder"
)

// The cache's buffers are variables beside the weights. A graph that changes a variable is given its memory, so that
// XLA writes a new token's keys and values in place; as inputs and outputs all 2·L buffers would be copied for every
// token.

// cacheScope is where they stand, for each runner its own: two of one model, as with and without an adapter, must not
// write into each other's. A graph knows a variable itself, not its name, so the variables of one T stay when another T
// takes over, and only their memory goes.
const cacheScope = "/lm_cache"

// runners counts them, for the names of their caches.
var runners atomic.Int64

// buffers are the variables of T slots: keys of all layers, then values; nil before they were first made.
//
// The order, all keys and then all values, layer by layer, is what cache and keep take them apart by.
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

// bufferPath holds T, since buffers of two lengths have unlike shapes: "/lm_cache_1/keys_512_0" is layer 0 of 512
// slots.
func (r *Runner) bufferPath(kind string, slots, l int) string {
	return fmt.Sprintf("%s_%d/%s_%d_%d", cacheScope, r.number, kind, slots, l)
}

// CacheBytes is the memory of a cache for prompts of a length and answers of a length: 2·L·B·K·T·D numbers.
// SmolLM2-135M with 8 rows and 512 slots takes 189 MB in float32: 2·30·8·3·512·64 numbers of 4 bytes.
func (r *Runner) CacheBytes(prompt, answer int) (int64, error) {
	bucket, err := Bucket(prompt)
	if err != nil {
		return 0, err
	}
	return r.m.Config.CacheBytes(r.o.Rows, Slots(bucket+answer), r.o.Arith), nil
}

// makeCache gives the buffers of T slots memory, and takes it from those of another T. They need no clearing between
// batches: a query looks at its own row's slots from the first token to itself, and those were all written since.
//
// One T has memory at a time. A caller whose answers need now 256 and now 512 slots pays for the larger alone, and no
// graph is built again when it comes back to a length that it had before.
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

// dropCache frees the memory of the buffers in use. start is 0 from then on, so a Next without a Begin is refused and
// reads no freed memory.
func (r *Runner) dropCache() {
	for _, v := range r.buffers(r.slots) {
		if err := v.Reset(); err != nil {
			panic(err) // its memory is ours alone
		}
	}
	r.slots, r.start = 0, 0
}

// cache reads the buffers into a graph. The names are taken from r.slots while the graph is built: a graph belongs to
// one T, and its name says which.
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

// keep stores the buffers that a step has left. A step's graph owes this call: without it the new token's keys would
// be computed and forgotten, and the next token would look at zeros in its place.
func (r *Runner) keep(c *decoder.Cache) {
	for at, v := range r.buffers(r.slots) {
		if layers := r.m.Config.NumLayers; at < layers {
			v.SetValueGraph(c.Keys[at])
		} else {
			v.SetValueGraph(c.Values[at-layers])
		}
	}
}
