package serve_test

import (
	"context"
	"math"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/pack"
)

// shapely is an engine whose vectors are off by a little in shapes of several rows.
type shapely struct {
	*servetest.Runner
	by float32
}

func (s shapely) Run(ctx context.Context, b *pack.Batch) ([]float32, error) {
	out, err := s.Runner.Run(ctx, b)
	if b.Shape.Rows > 1 {
		for i := range out {
			out[i] += s.by
		}
	}
	return out, err
}

// TestSelfCheckRefusesAModelThatDependsOnTheShape: such a model never serves. What differs by no more than the order of
// a sum does serves, and so does, of a model that rounds, what would be wrong in float32. NaN is no small difference.
func TestSelfCheckRefusesAModelThatDependsOnTheShape(t *testing.T) {
	for name, c := range map[string]struct {
		by     float32
		exact  bool
		serves bool
	}{
		"the same in all shapes": {0, true, true},
		"sums in another order":  {1e-6, true, true},
		"another vector":         {1, true, false},
		"a hundredth":            {1e-2, true, false},
		"the same where rounded": {1e-2, false, true},
		"another, rounded":       {1, false, false},
		"no number":              {float32(math.NaN()), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := &servetest.Runner{}
			o := servetest.Options(t, r)
			o.Load = func(context.Context) (*serve.Model, error) {
				m := servetest.Model(t, r)
				m.Runner, m.Exact = shapely{r, c.by}, c.exact
				return m, nil
			}
			f := servetest.Launch(t, o)
			select {
			case <-f.Ready():
				if !c.serves {
					t.Error("it serves")
				}
			case err := <-f.Done:
				if c.serves || fault.Of(err) != fault.Corrupt {
					t.Errorf("it does not serve: %v", err)
				}
			}
		})
	}
}
