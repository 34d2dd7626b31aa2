package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"hives/internal/serve"
)

// collector reads the server when it is asked. Counters of the scheduler begin anew with every model that is
// swapped in, which Prometheus takes for the restart that it is.
//
// Why not count these as they happen, like Metrics? They are states: how full the queue is now, how many calls are
// open now. A copy of them would have to be kept in step with the server; asking cannot be wrong.
type collector struct {
	s *serve.Server

	serving, calls, bulk, queue, held, queueMax, rate, compile, model    *prometheus.Desc
	used, size, connections, connectionsMax, refused, evicted            *prometheus.Desc
	texts, joined, hits, misses, full, dropped, nonFinite, engineTrouble *prometheus.Desc
}

// Watch adds the figures that are read from the server. Once only.
func (m *Metrics) Watch(s *serve.Server) error {
	// The words of help are what Prometheus shows beside a figure: they say what is counted and what is not.
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prefix+name, help, labels, nil)
	}
	return m.Registry.Register(&collector{
		s:              s,
		serving:        desc("serving", "1 while the health service says SERVING"),
		calls:          desc("calls", "calls in progress, HTTP included"),
		bulk:           desc("bulk_streams", "open streams for bulk"),
		used:           desc("limit_used", "how much of each limit that callers share is in use", "limit"),
		size:           desc("limit_size", "the limits themselves", "limit"),
		connections:    desc("connections", "open connections", "listener"),
		connectionsMax: desc("connections_max", "connections that there is room for", "listener"),
		refused: desc("connections_refused_total", "connections that were closed at once for want of room",
			"listener"),
		evicted:  desc("connections_evicted_total", "idle connections that made way for others", "listener"),
		queue:    desc("queue_tokens", "tokens of texts that wait for the engine"),
		held:     desc("queue_held_tokens", "these, and tokens admitted that are being tokenised"),
		queueMax: desc("queue_max_tokens", "tokens that may wait"),
		rate: desc("tokens_per_second", "tokens of texts a second while the engine runs, over about ten "+
			"batches"),
		compile: desc("compile_seconds", "time that compiling every shape of the present model took"),
		model: desc("model_info", "1; the model that serves stands in the labels", "model", "weights",
			"tokenizer", "vectors", "engine", "precision"),
		texts: desc("texts_total", "texts asked for"),
		joined: desc("texts_joined_total", "of them already in flight, or twice in a request, and "+
			"computed once"),
		hits:   desc("cache_hits_total", "of them found in the cache"),
		misses: desc("cache_misses_total", "of them computed"),
		full: desc("queue_refused_total", "requests refused for want of room in the queue, those of "+
			"streams included"),
		dropped: desc("texts_dropped_total", "texts that left the queue because nobody waited for them any "+
			"more"),
		nonFinite:     desc("non_finite_total", "vectors withheld because they were not finite"),
		engineTrouble: desc("engine_errors_total", "batches that the engine could not run"),
	})
}

// Describe implements prometheus.Collector. It asks Collect, so that a figure is listed in one place only.
func (c *collector) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect implements prometheus.Collector. Before a model serves there are only those of the server itself. joined
// is counted without hits here: the scheduler counts a hit as joined too.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	// What is known without a model.
	serving := 0.0
	if c.s.Serving() {
		serving = 1
	}
	gauge(c.serving, serving)
	gauge(c.calls, float64(c.s.Calls()))
	gauge(c.bulk, float64(c.s.BulkStreams()))
	for _, limit := range c.s.Shares() {
		gauge(c.used, float64(limit.Used), limit.Limit)
		gauge(c.size, float64(limit.Size), limit.Limit)
	}
	for name, n := range c.s.Connections() {
		gauge(c.connections, float64(n.Open), name)
		gauge(c.connectionsMax, float64(n.Max), name)
		count(c.refused, n.Refused, name)
		count(c.evicted, n.Evicted, name)
	}
	// Figures of a model need one that serves; those above are known from the start.
	g, release, err := c.s.Acquire()
	if err != nil {
		return
	}
	defer release()
	st, v := g.Stats(), g.Version
	gauge(c.queue, float64(st.Waiting))
	gauge(c.held, float64(st.Held))
	gauge(c.queueMax, float64(st.MaxTokens))
	gauge(c.rate, st.TokensPerSecond)
	gauge(c.compile, g.CompileTime().Seconds())
	vectors := ""
	if g.Values != nil {
		vectors = g.Values.SHA256
	}
	// A gauge of 1 with labels is how Prometheus is told facts: queries join it to other figures.
	gauge(c.model, 1, v.GetName(), v.GetWeightsSha256(), v.GetTokenizerSha256(), vectors, v.GetEngine(),
		v.GetPrecision())
	// texts = joined + hits + misses: each text asked for is in exactly one of the three.
	count(c.texts, st.Texts)
	count(c.joined, st.Joined-st.CacheHits)
	count(c.hits, st.CacheHits)
	count(c.misses, st.Texts-st.Joined)
	count(c.full, st.Refused)
	count(c.dropped, st.Dropped)
	count(c.nonFinite, st.NonFinite)
	count(c.engineTrouble, st.EngineErrors)
}
