package serve

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hives/pack"
)

// all is every shape: for a swap, for which nobody waits.
func all(shapes []pack.Shape) []pack.Shape { return shapes }

// few are two shapes in which any text can be embedded alone: the cheapest, and the cheapest that holds a longest text.
// Of 1 × 16, 1 × 32, 1 × 64, 1 × 128, 1 × 256, 64 × 32, 16 × 128 and 8 × 256 they are 1 × 16 and 1 × 256. The start
// waits for these alone, since compiling and checking the batches of 2,048 tokens took two thirds of it.
func few(shapes []pack.Shape) []pack.Shape {
	longest := 0
	for _, shape := range shapes {
		longest = max(longest, shape.Length)
	}
	whole := slices.IndexFunc(shapes, func(s pack.Shape) bool { return s.Length == longest })
	if whole <= 0 {
		return shapes[:min(1, len(shapes))]
	}
	return []pack.Shape{shapes[0], shapes[whole]}
}

// compileAll compiles shapes. An engine compiles a graph for each shape when it first meets it, which takes seconds on
// XLA: done here, no request ever waits for it. A compiler works on one core, so as many shapes are compiled at once as
// there are cores.
func (g *Generation) compileAll(ctx context.Context, s *Server, shapes []pack.Shape) error {
	began := time.Now()
	s.opt.Log.Info("compiling", "shapes", len(shapes))
	var done atomic.Int32
	pool, ctx := errgroup.WithContext(ctx)
	pool.SetLimit(runtime.GOMAXPROCS(0))
	// The last ones are the largest and take longest: begun first, they are not what all others wait for in the end.
	for _, shape := range slices.Backward(shapes) {
		pool.Go(func() error {
			// A server that is told to end while it compiles stops between two shapes; a compilation itself cannot
			// be stopped.
			if err := ctx.Err(); err != nil {
				return err
			}
			each := time.Now()
			if err := g.Runner.Compile(ctx, shape); err != nil {
				return fmt.Errorf("compile %d × %d tokens: %w", shape.Rows, shape.Length, err)
			}
			s.opt.Log.Info("compiled", "shape", fmt.Sprintf("%d of %d", done.Add(1), len(shapes)), "rows", shape.Rows,
				"length", shape.Length, "seconds", time.Since(each).Seconds())
			return nil
		})
	}
	err := pool.Wait()
	g.compile.Add(int64(time.Since(began)))
	return err
}

// trim gives back what the engine has freed.
func (g *Generation) trim() {
	if g.Trim != nil {
		g.Trim()
	}
}

// mayGrow is by how many bytes a check's batch may make the process grow before freed memory is given back.
const mayGrow = 256 << 20

// guard keeps the process from growing until stop is called. Real batches run without: a trim in their midst takes time
// that somebody waits for.
func (g *Generation) guard() (stop func()) {
	if g.TrimBeyond == nil {
		return func() {}
	}
	return g.TrimBeyond(mayGrow)
}

// idleTrim is how long the engine rests before its memory is given back.
const idleTrim = 10 * time.Second

// tidy gives memory back whenever batches have run and then none for a while, until the generation is over. Under load
// it does nothing, so that no batch pays for pages that the one before had.
func (g *Generation) tidy() {
	tick := time.NewTicker(idleTrim)
	defer tick.Stop()
	for seen, trimmed := uint64(0), uint64(0); ; {
		select {
		case <-g.life.Done():
			return
		case <-tick.C:
		}
		now := g.Stats().Batches
		if now == seen && now != trimmed {
			g.trim()
			trimmed = now
		}
		seen = now
	}
}

// grow compiles the shapes that the first generation lacks while it serves, checks each, and only then lets batches
// be made in it. One is compiled at a time, so that a core is left for those who ask. The full batches come first:
// they are what a queue needs.
//
// A shape that fails ends the server, as it would have at the start. A restart would fail at the same shape, and
// serving on in few shapes would hide that. Until all are in use a text's vector may come from another shape than
// later; how little that changes it is what the check measures.
//
// Invariant: no text is embedded in a shape that has not been checked
// (TestSelfCheckRefusesAModelThatDependsOnTheShape).
func (s *Server) grow(g *Generation) {
	shapes := g.Runner.Shapes()
	inUse := few(shapes)
	for _, shape := range slices.Backward(shapes) {
		if slices.Contains(inUse, shape) {
			continue
		}
		err := g.compileAll(g.life, s, []pack.Shape{shape})
		if err == nil {
			stop := g.guard()
			err = g.check.try(g.life, g.Runner, shape)
			stop()
		}
		if g.life.Err() != nil {
			return
		}
		if err != nil {
			s.Lost(err)
			return
		}
		g.trim() // the check's batch was as large as any
		inUse = append(inUse, shape)
		// In the runner's order, which is that of their costs.
		g.sched.Use(slices.DeleteFunc(slices.Clone(shapes), func(s pack.Shape) bool { return !slices.Contains(inUse, s) }))
	}
	s.opt.Log.Info("all shapes are in use", "shapes", len(shapes), "compile_seconds", g.CompileTime().Seconds(),
		"largest_difference_between_shapes", g.check.across)
}
