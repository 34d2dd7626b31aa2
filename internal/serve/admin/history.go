package admin

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

const (
	every = time.Second
	kept  = 300 // points
)

// Point is what happened between two looks. A figure that is not known is nil.
type Point struct {
	Time            int64    `json:"time"` // Unix milliseconds
	TokensPerSecond float64  `json:"tokens_per_second"`
	Requests        float64  `json:"requests_per_second"`
	Errors          float64  `json:"errors_per_second"`
	QueueTokens     float64  `json:"queue_tokens"`
	Fill            *float64 `json:"batch_fill"`
	P50             *float64 `json:"p50_seconds"`
	P99             *float64 `json:"p99_seconds"`
}

// History takes points from a registry.
type History struct {
	from prometheus.Gatherer

	mu     sync.Mutex
	points []Point
	last   reading
}

// NewHistory makes a history without points.
func NewHistory(from prometheus.Gatherer) *History { return &History{from: from} }

// Run takes a point a second until ctx ends.
func (h *History) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	h.take(time.Now())
	for {
		select {
		case now := <-tick.C:
			h.take(now)
		case <-ctx.Done():
			return
		}
	}
}

// Since returns the points after a time in Unix milliseconds.
func (h *History) Since(after int64) []Point {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, p := range h.points {
		if p.Time > after {
			return append([]Point{}, h.points[i:]...)
		}
	}
	return []Point{}
}

// take adds a point; the first look only sets the start. Memory is bounded: 300 points, the oldest goes.
func (h *History) take(now time.Time) {
	families, err := h.from.Gather()
	if err != nil {
		return
	}
	next := read(families, now)
	h.mu.Lock()
	defer h.mu.Unlock()
	// The first reading has nothing before it: its counters are those since the start, which are no rate.
	if !h.last.at.IsZero() {
		h.points = append(h.points, next.since(h.last))
		h.points = h.points[max(0, len(h.points)-kept):]
	}
	h.last = next
}

// reading is the sum of each figure over its labels. It is made anew each second; of the one before only this sum is
// kept.
type reading struct {
	at                                        time.Time
	tokens, computed, requests, errors, queue float64
	bounds                                    []float64 // seconds
	counts                                    []float64 // of requests up to each bound
}

// read adds up over labels: the page shows one curve, not one a method.
func read(families []*dto.MetricFamily, now time.Time) reading {
	r := reading{at: now}
	for _, f := range families {
		for _, m := range f.Metric {
			switch f.GetName() {
			case "embedd_tokens_total":
				r.tokens += m.GetCounter().GetValue()
			case "embedd_computed_tokens_total":
				r.computed += m.GetCounter().GetValue()
			case "embedd_queue_tokens":
				r.queue += m.GetGauge().GetValue()
			case "embedd_requests_total":
				r.request(m)
			case "embedd_request_seconds":
				r.histogram(m)
			}
		}
	}
	return r
}

// request counts one label set of embedd_requests_total, probes aside. Codes of gRPC and statuses of HTTP share the
// label, hence the two words for success.
func (r *reading) request(m *dto.Metric) {
	labels := map[string]string{}
	for _, l := range m.Label {
		labels[l.GetName()] = l.GetValue()
	}
	if probe(labels["method"]) {
		return
	}
	n := m.GetCounter().GetValue()
	r.requests += n
	if code := labels["code"]; code != "OK" && code != "200" {
		r.errors += n
	}
}

// histogram adds one method's buckets. All methods have the same bounds, so they may be added; counts are
// cumulative, as Prometheus keeps them.
func (r *reading) histogram(m *dto.Metric) {
	for _, l := range m.Label {
		if l.GetName() == "method" && probe(l.GetValue()) {
			return
		}
	}
	buckets := m.GetHistogram().GetBucket()
	// One more count than bounds: the last is of all requests, those beyond the last bound too.
	if r.bounds == nil {
		r.counts = make([]float64, len(buckets)+1)
		for _, b := range buckets {
			r.bounds = append(r.bounds, b.GetUpperBound())
		}
	}
	for i, b := range buckets {
		r.counts[i] += float64(b.GetCumulativeCount())
	}
	r.counts[len(buckets)] += float64(m.GetHistogram().GetSampleCount())
}

// since is what happened after an earlier reading. Counters only rise, but for a swap, after which the scheduler's
// begin anew; what is shown here is counted by events and does not.
func (r reading) since(old reading) Point {
	seconds := math.Max(r.at.Sub(old.at).Seconds(), 1e-3)
	p := Point{
		Time: r.at.UnixMilli(), QueueTokens: r.queue, TokensPerSecond: (r.tokens - old.tokens) / seconds,
		Requests: (r.requests - old.requests) / seconds, Errors: (r.errors - old.errors) / seconds,
	}
	// Without a batch between two looks there is no fill, and 0 would draw an empty batch.
	if computed := r.computed - old.computed; computed > 0 {
		fill := (r.tokens - old.tokens) / computed
		p.Fill = &fill
	}
	counts := append([]float64(nil), r.counts...)
	for i := range old.counts {
		counts[i] -= old.counts[i]
	}
	p.P50, p.P99 = quantile(.5, r.bounds, counts), quantile(.99, r.bounds, counts)
	return p
}

// quantile interpolates within the bucket that holds it, as PromQL's histogram_quantile does. counts are up to
// each bound, and in the end of all; beyond the last bound that bound is the answer. Nil without a request.
//
//	bounds 1, 2, 4 s; counts 10, 30, 40 and 40 in all; q = .5
//	rank 20 lies in the bucket from 1 to 2: 10 below it, 20 in it
//	1 + (2−1) · (20−10)/20 = 1.5 s
func quantile(q float64, bounds, counts []float64) *float64 {
	if len(bounds) == 0 || counts[len(counts)-1] <= 0 {
		return nil
	}
	rank := q * counts[len(counts)-1]
	low, below := 0.0, 0.0
	for i, bound := range bounds {
		// An empty bucket holds no request, so no quantile lies in it.
		if counts[i] >= rank && counts[i] > below {
			v := low + (bound-low)*(rank-below)/(counts[i]-below)
			return &v
		}
		low, below = bound, counts[i]
	}
	return &low
}
