package serve_test

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/pack"
	hivesv1 "hives/proto/hives/v1"
)

// shapely is an engine whose vectors are off by a little in shapes of several rows. ran counts the batches in these.
type shapely struct {
	*servetest.Runner
	by  float32
	ran *atomic.Int32
}

func (s shapely) Run(ctx context.Context, b *pack.Batch) ([]float32, error) {
	out, err := s.Runner.Run(ctx, b)
	if b.Shape.Rows > 1 {
		s.ran.Add(1)
		for i := range out {
			out[i] += s.by
		}
	}
	return out, err
}

// TestSelfCheckRefusesAModelThatDependsOnTheShape: the shape that is wrong here is compiled behind SERVING. The
// server ends at it, and no text was embedded in it: the one that asks all the while gets right vectors or none.
// What differs by no more than the order of a sum serves, and so does, of a model that rounds, what would be wrong
// in float32. NaN is no small difference.
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
			r, ran := &servetest.Runner{}, &atomic.Int32{}
			o := servetest.Options(t, r)
			o.Load = func(context.Context) (*serve.Model, error) {
				m := servetest.Model(t, r)
				m.Runner, m.Exact = shapely{r, c.by, ran}, c.exact
				return m, nil
			}
			f := servetest.Launch(t, o)
			if c.serves {
				servetest.AwaitShapes(t, f)
				return
			}
			<-f.Ready()
			asking := make(chan struct{})
			go func() {
				defer close(asking)
				texts := make([]string, 16)
				for n := 0; ; n++ {
					for i := range texts {
						texts[i] = fmt.Sprint(n, i, " many texts want a batch of several rows")
					}
					request := &hivesv1.EmbedRequest{Texts: texts}
					if _, err := hivesv1.NewEmbedServiceClient(f.Conn).Embed(ctx(t), request); err != nil {
						return
					}
				}
			}()
			select {
			case err := <-f.Done:
				if fault.Of(err) != fault.Corrupt {
					t.Errorf("it ended with %v", err)
				}
			case <-time.After(time.Minute):
				t.Error("it serves")
			}
			<-asking
			if n := ran.Load(); n != 1 {
				t.Errorf("%d batches ran in the wrong shape: want the check's alone", n)
			}
		})
	}
}
