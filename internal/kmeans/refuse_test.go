package kmeans

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
)

func TestFitRefuses(t *testing.T) {
	good, _ := blobs(20, 4, 3, .5, 1)
	spoil := func(i int, x float32) Points {
		p := Points{good.N, good.D, slices.Clone(good.Data)}
		p.Data[i] = x
		return p
	}
	same, _ := blobs(20, 4, 3, 0, 1)
	cases := []struct {
		name   string
		p      Points
		change func(*Options)
		want   string
	}{
		{"not a number", spoil(9, float32(math.NaN())), nil, "vector 2 is not finite"},
		{"infinite", spoil(9, float32(math.Inf(1))), nil, "vector 2 is not finite"},
		{"too long", spoil(0, 7), nil, "vector 0 has length"},
		{"ragged", Points{20, 4, good.Data[1:]}, nil, "79 numbers"},
		{"fewer rows than centres", good, func(o *Options) { o.K = 21 }, "20 vectors are fewer than the 21"},
		{"fewer different rows than centres", same, func(o *Options) { o.K = 4 }, "only 3 different vectors"},
		{"no centres", good, func(o *Options) { o.K = 0 }, "0 centres"},
		{"no restarts", good, func(o *Options) { o.Restarts = 0 }, "0 restarts"},
		{"tolerance", good, func(o *Options) { o.Tolerance = 1 }, "tolerance 1"},
		{"batch", good, func(o *Options) { o.BatchSize = -1 }, "mini-batches of -1"},
	}
	for _, c := range cases {
		o := Defaults(3)
		if c.change != nil {
			c.change(&o)
		}
		_, err := Fit(context.Background(), c.p, o)
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, batch := range []int{0, 8} {
		o := Defaults(3)
		o.BatchSize = batch
		if _, err := Fit(ctx, good, o); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled, batch %d: %v", batch, err)
		}
	}
}
