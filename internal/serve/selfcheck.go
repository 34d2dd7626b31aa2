package serve

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"time"

	"hives/internal/fault"
	"hives/internal/serve/schedule"
	"hives/pack"
)

// A vector may differ by as much between a check and the reference, or between two shapes. With float32 the sums
// differ in their order only, and kernels of ours give the same bits; with an engine's bf16 operands each product is
// rounded to 8 bits. Both compare numbers of unit vectors, so they need no scale.
const (
	exactDifference = 1e-4
	roundDifference = 5e-2
)

const (
	checkTimeout = time.Minute // for a check to get through the queue
	lostChecks   = 3           // checks that fail in a row until the server gives up
	// of the known texts in later checks: the longest, each minute, took .6B parameters a hundredth of a small
	// machine's time
	againTexts = 2
)

// selfCheck knows texts and the vectors that they had at the start. A vector that drifts later, for whatever
// reason, takes the health down (watch).
type selfCheck struct {
	texts     [][]int32
	want      [][]float32 // unit vectors, of each text alone in the shape that suits it
	tolerance float64
	across    float64 // largest difference between the shapes that were tried
}

// newSelfCheck embeds the known texts alone, then in each of these shapes in each other's company, and refuses a model
// whose vectors depend on the shape. A shape that is compiled later is tried later, by try.
//
// What it finds: a graph that a compiler got wrong for one shape, padding or a neighbour that leaks into a vector,
// an engine that computes at another precision than it says. Each would give wrong vectors without any error.
//
// Invariant: no text is embedded in a shape in which the vector of a known text differs by more than the tolerance
// (TestSelfCheckRefusesAModelThatDependsOnTheShape).
func newSelfCheck(ctx context.Context, m *Model, shapes []pack.Shape) (*selfCheck, error) {
	c := &selfCheck{texts: checkTexts(m), tolerance: roundDifference}
	if m.Exact {
		c.tolerance = exactDifference
	}
	for i := range c.texts {
		b, err := pack.One(c.texts[i:i+1], shapes)
		if err != nil {
			return nil, fmt.Errorf("self-check: %w", err)
		}
		v, err := runUnit(ctx, m.Runner, &b)
		if err != nil {
			return nil, err
		}
		c.want = append(c.want, v[0])
	}
	for _, shape := range shapes {
		if err := c.try(ctx, m.Runner, shape); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// try compares the texts that fit a shape, packed together, with the reference. A text that is longer than the
// shape's rows is left out there, as it is in service.
func (c *selfCheck) try(ctx context.Context, r schedule.Runner, shape pack.Shape) error {
	var fit [][]int32
	var which []int
	for i, ids := range c.texts {
		if len(ids) <= shape.Length {
			fit, which = append(fit, ids), append(which, i)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	batches, err := pack.Many(fit, []pack.Shape{shape})
	if err != nil {
		return err
	}
	for n := range batches {
		got, err := runUnit(ctx, r, &batches[n])
		if err != nil {
			return err
		}
		for slot, member := range batches[n].Members {
			worst, err := c.compare(which[member], got[slot])
			if err != nil {
				return fmt.Errorf("in %d × %d tokens: %w", shape.Rows, shape.Length, err)
			}
			c.across = max(c.across, worst)
		}
	}
	return nil
}

// compare holds a vector of known text i to the reference, and says by how much it differs. The comparison is written
// as "not at most", since NaN is neither more nor less than anything and must not pass.
func (c *selfCheck) compare(i int, got []float32) (worst float64, err error) {
	for k := range got {
		worst = math.Max(worst, math.Abs(float64(got[k])-float64(c.want[i][k])))
	}
	if !(worst <= c.tolerance) {
		return worst, fault.New(fault.Corrupt, "known text %d differs by %g from its own vector, at most %g is right", i,
			worst, c.tolerance)
	}
	return worst, nil
}

// checkTexts are a short text, one of middling length and one as long as the model takes. The ids are spread over
// the vocabulary by two primes, and differ between the texts; they need not mean anything.
func checkTexts(m *Model) [][]int32 {
	var out [][]int32
	// Short, middling and the longest: rows of few tokens, of many, and the shape that only a longest text needs.
	for n, length := range []int{min(4, m.MaxLength), min(24, m.MaxLength), m.MaxLength} {
		ids := make([]int32, length)
		for i := range ids {
			ids[i] = int32((7919*(i+1) + 104729*n) % m.Vocabulary)
		}
		out = append(out, ids)
	}
	return out
}

// runUnit runs a batch outside the scheduler and returns unit vectors of its texts. A vector of length 0, or one
// that is not finite, has no direction: such a model is refused whatever its tolerance.
func runUnit(ctx context.Context, r schedule.Runner, b *pack.Batch) ([][]float32, error) {
	flat, err := r.Run(ctx, b)
	if err != nil {
		return nil, fmt.Errorf("self-check: %w", err)
	}
	out := make([][]float32, len(b.Members))
	for slot := range out {
		out[slot] = Cut(flat[slot*r.Dim():(slot+1)*r.Dim()], r.Dim(), true)
		if !sound(out[slot]) {
			return nil, fault.New(fault.Corrupt, "self-check: the vector of a known text is not finite or zero")
		}
	}
	return out, nil
}

// sound tells a unit vector. A vector of zeros stays one in Cut, and its sum is 0; NaN fails every comparison. So
// both are told.
func sound(v []float32) bool {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Abs(sum-1) < 1e-3
}

// checkNow sends the shorter known texts through the queue, among whatever is there. Each has a key of its own and
// is marked fresh: one from the cache, or joined to another's, would check nothing. They ride through the queue
// among everything else because that path, not an idle engine, is what callers get.
func (s *Server) checkNow(ctx context.Context) error {
	// The queue may be full of others' texts and the engine busy with a batch: both times are allowed for.
	ctx, cancel := context.WithTimeout(ctx, checkTimeout+s.opt.Times.RunTimeout)
	defer cancel()
	for _, check := range s.opt.Checks {
		if err := check(ctx); err != nil {
			return err
		}
	}
	if s.opt.Load == nil {
		return nil
	}
	g, release, err := s.Acquire()
	if err != nil {
		return err
	}
	defer release()
	texts := make([]schedule.Text, againTexts)
	for i, ids := range g.check.texts[:againTexts] {
		texts[i] = schedule.Text{Key: sha256.Sum256(fmt.Appendf(nil, "self-check %d", s.checks.Add(1))), IDs: ids,
			Fresh: true}
	}
	results, err := g.sched.Privileged().Embed(ctx, &schedule.Flow{}, texts)
	if err != nil {
		return err
	}
	for i, r := range results {
		if _, err := g.check.compare(i, Cut(r.Vector, g.Runner.Dim(), true)); err != nil {
			return err
		}
	}
	return nil
}

// watch checks again and again and drives the health. After lostChecks failures in a row the server ends. One
// failure takes the health down, one success brings it back.
func (s *Server) watch(ctx context.Context) {
	if s.opt.Times.SelfCheck <= 0 {
		return
	}
	tick := time.NewTicker(s.opt.Times.SelfCheck)
	defer tick.Stop()
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.checkNow(ctx)
		if ctx.Err() == nil {
			s.opt.Observe.checked(err)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failures = 0
		default:
			failures++
			s.opt.Log.Error("self-check", "error", err, "in_a_row", failures)
		}
		s.setHealth(err == nil)
		// A restart is what may help now: the process ends, and whoever supervises it starts another.
		if failures >= lostChecks {
			select {
			case s.lost <- fault.New(fault.Unavailable, "%d self-checks in a row went wrong: %w", failures, err):
			default:
			}
			return
		}
	}
}
