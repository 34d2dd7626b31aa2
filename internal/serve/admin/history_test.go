package admin

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// figures are a registry with what a history reads.
type figures struct {
	*prometheus.Registry
	tokens, computed prometheus.Counter
	queue            prometheus.Gauge
	requests         *prometheus.CounterVec
	seconds          *prometheus.HistogramVec
}

func newFigures() *figures {
	f := &figures{
		Registry: prometheus.NewRegistry(),
		tokens:   prometheus.NewCounter(prometheus.CounterOpts{Name: "embedd_tokens_total"}),
		computed: prometheus.NewCounter(prometheus.CounterOpts{Name: "embedd_computed_tokens_total"}),
		queue:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "embedd_queue_tokens"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "embedd_requests_total"}, []string{"method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "embedd_request_seconds",
			Buckets: []float64{1, 2, 4, 8}}, []string{"method"}),
	}
	f.MustRegister(f.tokens, f.computed, f.queue, f.requests, f.seconds)
	return f
}

func (f *figures) request(method, code string, seconds float64) {
	f.requests.WithLabelValues(method, code).Inc()
	f.seconds.WithLabelValues(method).Observe(seconds)
}

func TestPointsAreWhatHappenedBetweenLooks(t *testing.T) {
	f, now := newFigures(), time.UnixMilli(1_000_000)
	f.tokens.Add(1000)
	f.request("/a", "OK", 7)
	h := NewHistory(f)
	h.take(now)
	if len(h.Since(0)) != 0 {
		t.Error("the first look made a point of what happened before it")
	}
	f.tokens.Add(60)
	f.computed.Add(80)
	f.queue.Set(5)
	for range 4 {
		f.request("/a", "OK", 1.5)
	}
	f.request("/b", "ResourceExhausted", 3)
	f.request("/grpc.health.v1.Health/Check", "OK", 8)
	h.take(now.Add(2 * time.Second))
	p := h.Since(0)[0]
	if p.TokensPerSecond != 30 || p.Requests != 2.5 || p.Errors != .5 || p.QueueTokens != 5 || *p.Fill != .75 ||
		p.Time != 1_002_000 {
		t.Errorf("point %+v, fill %v", p, *p.Fill)
	}
	// Five requests: 2.5 of the four between 1 and 2 seconds lie below the median, the fifth is between 2 and 4.
	if math.Abs(*p.P50-1.625) > 1e-9 || math.Abs(*p.P99-(2+2*.95)) > 1e-9 {
		t.Errorf("p50 %g, p99 %g", *p.P50, *p.P99)
	}
	h.take(now.Add(3 * time.Second))
	if p := h.Since(1_002_000); len(p) != 1 || p[0].Fill != nil || p[0].P50 != nil || p[0].TokensPerSecond != 0 {
		t.Errorf("a quiet second: %+v", p)
	}
}

func TestHistoryForgets(t *testing.T) {
	h := NewHistory(newFigures())
	for i := range kept + 20 {
		h.take(time.UnixMilli(int64(i)))
	}
	if p := h.Since(0); len(p) != kept || p[0].Time != 20 {
		t.Errorf("%d points, the oldest at %d", len(p), p[0].Time)
	}
}

// TestQuantileIsWithinItsBucket compares with the exact quantile of random values.
func TestQuantileIsWithinItsBucket(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	bounds := []float64{1, 2, 4, 8, 16}
	for range 200 {
		values := make([]float64, 1+r.IntN(50))
		counts := make([]float64, len(bounds)+1)
		for i := range values {
			values[i] = 16 * r.Float64() * r.Float64()
			for k, bound := range bounds {
				if values[i] <= bound {
					counts[k]++
				}
			}
			counts[len(bounds)]++
		}
		slices.Sort(values)
		for _, q := range []float64{.01, .5, .99} {
			exact, low, high := values[int(math.Ceil(q*float64(len(values))))-1], 0.0, 0.0
			for _, bound := range bounds {
				if high = bound; exact <= bound {
					break
				}
				low = bound
			}
			if got := *quantile(q, bounds, counts); got < low || got > high {
				t.Fatalf("quantile %g of %v is %g, want it between %g and %g", q, values, got, low, high)
			}
		}
	}
	if got := quantile(.5, bounds, []float64{0, 0, 0, 0, 0, 3}); *got != 16 {
		t.Errorf("beyond the last bound: %g", *got)
	}
}
