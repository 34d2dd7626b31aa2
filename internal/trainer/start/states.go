package start

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute"

	"hives/encoder/local"
	"hives/internal/statecache"
	"hives/model/transformer"
)

// UsedStates is the name of the hash of the kept states that a run trains on: two engines may differ in a state's last
// bit.
const UsedStates = "states"

// Watcher is told of the work before the first step. A loop's Observers are one.
type Watcher interface {
	Note(line string)
	Work(label, unit string, total int) (moved func(n int), end func())
}

// States are those after the frozen layers, kept on disk, text by text, for all runs above the same layers. A nil
// States has none: they are computed at each step.
type States struct {
	local.States
	cache *statecache.Cache // nil in a trial
	hash  string
}

// statesKey tells apart everything that the states after a number of layers, whose weights have a hash, are
// made from.
func statesKey(a transformer.Architecture, weights string, layers int, dtype string) (statecache.Key, error) {
	config, err := transformer.Fingerprint(a.First(layers))
	return statecache.Key{Weights: weights, Config: config, Layers: layers, Width: a.Sizes().Hidden, Type: dtype}, err
}

// OpenStates opens the cache that the run is to use and fills in what it lacks of texts: those of the run's
// steps, whose states make its hash, and others that it will embed. A trial, which writes nothing, gets numbers
// of no meaning instead.
func (p *Point) OpenStates(ctx context.Context, backend compute.Backend, watch Watcher, trial bool,
	steps, others [][]int32) (*States, error) {
	m := &p.cfg.Model
	if m.States == "" {
		return nil, nil
	}
	// The key holds everything that the states are made from, so that runs may share a folder without asking each
	// other.
	key, err := statesKey(p.Model.Architecture(), p.Frozen, m.FreezeLayers, m.statesType())
	if err != nil {
		return nil, err
	}
	if trial {
		return &States{States: noise{key}}, nil
	}
	cache, err := statecache.Open(m.States, key)
	if err != nil {
		return nil, err
	}
	s := &States{States: cache, cache: cache}
	// All texts at once, before the first step: a step that waits for states would wait in every run anew.
	if err = p.fillStates(ctx, cache, backend, watch, slices.Concat(steps, others)); err == nil {
		s.hash, err = cache.Digest(steps)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// fillStates computes what the cache lacks, and says so: it may take longer than the training that it spares.
func (p *Point) fillStates(ctx context.Context, cache *statecache.Cache, backend compute.Backend, watch Watcher,
	texts [][]int32) error {
	m := &p.cfg.Model
	lower, err := newLower(backend, p.Model, m.FreezeLayers, m.statesType())
	if err != nil {
		return err
	}
	defer lower.exec.Finalize()
	// The bar begins when it is known that there is work; most runs find everything there.
	moved, end := func(int) {}, func() {}
	defer func() { end() }()
	return cache.Fill(ctx, texts, statecache.Work{
		Compute: lower.compute,
		Damaged: func(texts int) {
			watch.Note(fmt.Sprintf("states of %d texts in %s are damaged; they are computed again", texts, m.States))
		},
		Begin: func(texts int, tokens int64) {
			watch.Note(fmt.Sprintf("states after layer %d: %d texts of %d tokens are not in %s yet; they take %.2f GiB",
				m.FreezeLayers, texts, tokens, m.States, float64(cache.Size(tokens))/(1<<30)))
			moved, end = watch.Work("states", "texts", texts)
		},
		Done:    func(texts int) { moved(texts) },
		Waiting: func() { watch.Note("waiting for another process that fills " + m.States) },
	})
}

// Hash is the digest of the states of the run's steps, "" where none are kept.
func (s *States) Hash() string {
	if s == nil {
		return ""
	}
	return s.hash
}

// Of are the states for an encoder or a step, nil where none are kept.
func (s *States) Of() local.States {
	if s == nil {
		return nil
	}
	return s.States
}

// Close ends the use of the cache.
func (s *States) Close() {
	if s != nil && s.cache != nil {
		s.cache.Close()
	}
}
