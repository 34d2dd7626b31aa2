package vidb

import (
	"context"

	"hives/internal/judge"
)

// sit has judges take their seats for a run of a kind and do some work. In this order: models are loaded, so that what
// is wrong with them is said before anybody pays; forecast prints what it would take, and may end it there; only then
// the votes file is made, and the run claimed in it.
func sit(ctx context.Context, cfg Config, kind, votes string, forecast func(Config, judge.Run) (stop bool, err error),
	work func(Config, *judge.Judge, *judge.Store) error) (err error) {
	if cfg.Config, err = cfg.Open(ctx); err != nil {
		return err
	}
	defer cfg.Close()
	run, err := named(kind, cfg.Config)
	if err != nil {
		return err
	}
	if stop, err := forecast(cfg, run); stop || err != nil {
		return err
	}
	store, err := judge.Open(votes)
	if err != nil {
		return err
	}
	defer store.Close()
	asked, err := judge.New(ctx, cfg.Config, run, store)
	if err != nil {
		return err
	}
	return work(cfg, asked, store)
}

// named is a run by what asks and who answers. The value and its words stand in the prompts, and the texts in the
// items, so neither is named here: another pool, seed or m reuses what was answered.
func named(kind string, cfg judge.Config) (judge.Run, error) {
	return judge.NewRun(kind, map[string]any{"voters": cfg.Identities()})
}
