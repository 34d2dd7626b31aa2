package telemetry

import (
	"context"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"hives/internal/cli"
	"hives/internal/serve"
	"hives/internal/serve/schedule"
	"hives/internal/serve/secure"
)

// prefix begins every name, so that figures of several programs stand apart in one Prometheus.
const prefix = "embedd_"

// Metrics are the figures that events drive. What can be read when it is asked for is the collector's. Two kinds of
// figures, by who moves them: these are counted when something happens; the collector's are asked for when somebody
// looks.
type Metrics struct {
	Registry *prometheus.Registry

	// Requests: by stage, by method and code, how long, refused why.
	stages   *prometheus.HistogramVec
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	rejected *prometheus.CounterVec
	// The model, and who uses it.
	swaps      *prometheus.CounterVec
	checks     *prometheus.CounterVec
	callerUsed *prometheus.CounterVec
	// Batches of the engine: from text positions of all (0 to 1), tokens, texts, seconds.
	fill        prometheus.Histogram
	batchTokens prometheus.Histogram
	batchTexts  prometheus.Histogram
	batchTime   prometheus.Histogram
	tokens      prometheus.Counter
	computed    prometheus.Counter
	streams     prometheus.Gauge
}

// times are the upper bounds in seconds, from half a millisecond to half a minute, of histograms of durations. A
// factor of two between bounds means that a quantile read from them is off by less than that.
var times = prometheus.ExponentialBuckets(.0005, 2, 17)

// NewMetrics makes figures with a registry of their own. The registry is its own and not Prometheus's global one, so
// that two servers in one process (tests) do not collide.
//
// Invariant: every label has a bounded set of values. Methods are those of known, codes gRPC's or HTTP's, reasons
// those of docs/EMBEDD.md, callers the names of the tokens file. A label that a client could choose would fill
// Prometheus.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		stages:   histograms("stage_seconds", "time of a request's stages: tokenize, queue, infer, encode", "stage"),
		requests: counters("requests_total", "finished requests and streams", "method", "code"),
		seconds: histograms("request_seconds", "time from the first byte of a request to its answer; streams "+
			"are not in it", "method"),
		rejected: counters("rejected_total", "refused requests, those within streams included, by the reason "+
			"that ErrorInfo gives", "reason"),
		swaps:      counters("swaps_total", "replacements of model and vectors that were tried", "result"),
		checks:     counters("self_checks_total", "self-checks on known texts", "result"),
		callerUsed: counters("caller_tokens_total", "tokens of texts by caller, cached texts included", "caller"),
		fill: histogram("batch_fill", "share of a batch's positions that hold text",
			prometheus.LinearBuckets(.1, .1, 10)),
		batchTokens: histogram("batch_tokens", "tokens of texts in a batch", prometheus.ExponentialBuckets(8, 2, 15)),
		batchTexts:  histogram("batch_texts", "texts in a batch", prometheus.ExponentialBuckets(1, 2, 10)),
		batchTime:   histogram("batch_seconds", "time of the engine for a batch", times),
		tokens:      counter("tokens_total", "tokens of texts that the engine has computed"),
		computed:    counter("computed_tokens_total", "the same with padding"),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "streams",
			Help: "open streams, health watches included"}),
	}
	// The program's origin, as labels of a gauge that is always 1: a query joins it to any figure.
	build := cli.BuildInfo()
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "build_info",
		Help:        "1; the build stands in the labels",
		ConstLabels: prometheus.Labels{"release": build.Release, "commit": build.Commit, "go": runtime.Version()}})
	info.Set(1)
	m.Registry.MustRegister(m.stages, m.requests, m.seconds, m.rejected, m.swaps, m.checks, m.callerUsed, m.fill,
		m.batchTokens,
		m.batchTexts, m.batchTime, m.tokens, m.computed, m.streams, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, result := range []string{ok, failed} { // a rate over a series that is born at 1 would miss the first
		m.swaps.WithLabelValues(result)
		m.checks.WithLabelValues(result)
	}
	return m
}

// The values of the label "result".
const (
	ok     = "ok"
	failed = "failed"
)

// result is the label of something that went well or did not.
// Why it went wrong is in the log: words as labels would be series without end.
func result(err error) string {
	if err != nil {
		return failed
	}
	return ok
}

// Batch files a batch that the engine has run. It is called on the engine's goroutine, between two batches, so it
// only counts.
func (m *Metrics) Batch(b schedule.Batch) {
	size := b.Shape.Tokens()
	m.fill.Observe(float64(b.Tokens) / float64(size))
	m.batchTokens.Observe(float64(b.Tokens))
	m.batchTexts.Observe(float64(b.Texts))
	m.batchTime.Observe(b.Run.Seconds())
	m.tokens.Add(float64(b.Tokens))
	m.computed.Add(float64(size))
}

// Stage files a stage of a request.
func (m *Metrics) Stage(_ context.Context, s serve.Stage, _ time.Time, took time.Duration) {
	m.stages.WithLabelValues(string(s)).Observe(took.Seconds())
}

// Tokens files who asked for how many. Without a tokens file nobody has a name, and addresses as labels would have
// no end: each new one is a series that Prometheus keeps.
func (m *Metrics) Tokens(ctx context.Context, _, tokens int) {
	if name := secure.Name(ctx); name != "" {
		m.callerUsed.WithLabelValues(name).Add(float64(tokens))
	}
}

// Swap files a swap.
func (m *Metrics) Swap(err error) { m.swaps.WithLabelValues(result(err)).Inc() }

// Check files a self-check.
func (m *Metrics) Check(err error) { m.checks.WithLabelValues(result(err)).Inc() }

// Refused files a request within a stream.
func (m *Metrics) Refused(reason string) { m.rejected.WithLabelValues(reason).Inc() }

// finished files a request; reason is empty where nothing was refused.
func (m *Metrics) finished(method, code, reason string) {
	m.requests.WithLabelValues(method, code).Inc()
	if reason != "" {
		m.rejected.WithLabelValues(reason).Inc()
	}
}

// counter and those below put the prefix before the name. The plural ones make a figure for each value of their
// labels.
func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
}

func histogram(name, help string, bounds []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: bounds})
}

func histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: times}, labels)
}
