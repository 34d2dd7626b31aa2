package serve

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hives/internal/serve/schedule"
	"hives/pack"
)

// still is an engine that answers at once.
type still struct{}

func (still) Shapes() []pack.Shape                      { return []pack.Shape{{Rows: 1, Length: 4, Texts: 1}} }
func (still) Compile(context.Context, pack.Shape) error { return nil }
func (still) Dim() int                                  { return 1 }
func (still) Attention() float64                        { return 1 }
func (still) Run(context.Context, *pack.Batch) ([]float32, error) {
	return []float32{1}, nil
}

// Memory is given back once after each run of batches, when the engine has rested, and never while batches come.
func TestMemoryIsGivenBackWhenTheEngineRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trims := 0
		g := &Generation{Model: &Model{Runner: still{}, Trim: func() { trims++ }}}
		g.life, g.over = context.WithCancel(t.Context())
		var err error
		g.sched, err = schedule.New(still{}, schedule.Options{MaxTokens: 8, Probe: []int32{1}})
		if err != nil {
			t.Fatal(err)
		}
		defer g.sched.Close()
		go g.tidy()
		defer g.over()
		batch := func() {
			texts := []schedule.Text{{IDs: []int32{1}, Fresh: true}}
			if _, err := g.sched.Privileged().Embed(t.Context(), &schedule.Flow{}, texts); err != nil {
				t.Fatal(err)
			}
		}
		rest := func(d time.Duration, want int, when string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if trims != want {
				t.Errorf("%s: memory was given back %d times, want %d", when, trims, want)
			}
		}
		rest(5*idleTrim, 0, "nothing has run")
		for range 5 {
			batch()
			rest(idleTrim, 0, "batches come")
		}
		rest(2*idleTrim, 1, "the engine rests")
		rest(5*idleTrim, 1, "it goes on resting")
		batch()
		rest(3*idleTrim, 2, "it rests again")
	})
}
