package trainer

import (
	"context"
	"fmt"
	"slices"

	"hives/internal/fault"
	"hives/internal/statecache"
	"hives/model/transformer"
)

// frozenWeights is the name of the hash of what a run leaves alone.
const frozenWeights = "frozen_weights"

// usedStates is the name of the hash of the cached states that a run trains on: two engines may differ in a state's last
// bit.
const usedStates = "states"

// checkFrozen refuses to freeze more than there is below the last layer.
func checkFrozen(sizes transformer.Sizes, layers int) error {
	if layers < 0 || layers >= sizes.Layers {
		return fault.Usage(fault.New(fault.Invalid, "model.freeze_layers %d: the model has %d layers, want 0 to %d", layers, sizes.Layers, sizes.Layers-1))
	}
	return nil
}

// statesKey tells apart everything that the states after a number of layers, whose weights have a hash, are
// made from.
func statesKey(a transformer.Architecture, weights string, layers int, dtype string) (statecache.Key, error) {
	config, err := transformer.Fingerprint(a.First(layers))
	return statecache.Key{Weights: weights, Config: config, Layers: layers, Width: a.Sizes().Hidden, Type: dtype}, err
}

// openStates opens the cache that the run is to use and fills in what it lacks of the run's texts. A trial that
// writes nothing gets numbers of no meaning instead.
func (l *loop) openStates(ctx context.Context, validator *Validator) error {
	if l.cfg.Model.States == "" {
		return nil
	}
	key, err := statesKey(l.start.model.Architecture(), l.hashes[frozenWeights], l.cfg.Model.FreezeLayers, l.cfg.Model.statesType())
	if err != nil {
		return err
	}
	if l.trial {
		l.states = noise{key}
		return nil
	}
	if l.cache, err = statecache.Open(l.cfg.Model.States, key); err != nil {
		return err
	}
	l.states = l.cache
	// Every text that the run may embed: those of its steps, and held-out ones.
	steps := slices.Clone(l.corpus.ids)
	if l.banks != nil {
		steps = append(append(steps, l.banks.Individual.ids...), l.banks.Theory.ids...)
	}
	heldOut, err := validator.tokens(l.start.tokenizer)
	if err != nil {
		return err
	}
	if err := l.fillStates(ctx, slices.Concat(steps, heldOut)); err != nil {
		return err
	}
	l.hashes[usedStates], err = l.cache.Digest(steps)
	return err
}

func (l *loop) fillStates(ctx context.Context, texts [][]int32) error {
	lower, err := newLower(l.o.Engine.Backend, l.start.model, l.cfg.Model.FreezeLayers, l.cfg.Model.statesType())
	if err != nil {
		return err
	}
	defer lower.exec.Finalize()
	moved, end := func(int) {}, func() {}
	defer func() { end() }()
	return l.cache.Fill(ctx, texts, statecache.Work{
		Compute: lower.compute,
		Damaged: func(texts int) {
			l.o.Observer.Note(fmt.Sprintf("states of %d texts in %s are damaged; they are computed again", texts, l.cfg.Model.States))
		},
		Begin: func(texts int, tokens int64) {
			l.o.Observer.Note(fmt.Sprintf("states after layer %d: %d texts of %d tokens are not in %s yet; they take %.2f GiB",
				l.cfg.Model.FreezeLayers, texts, tokens, l.cfg.Model.States, float64(l.cache.Size(tokens))/(1<<30)))
			moved, end = Observers{l.o.Observer}.Work("states", "texts", texts)
		},
		Done:    func(texts int) { moved(texts) },
		Waiting: func() { l.o.Observer.Note("waiting for another process that fills " + l.cfg.Model.States) },
	})
}
