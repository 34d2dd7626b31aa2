package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"hives/internal/serve/chatapi"
)

// llm reads the language model's figures when it is asked. They count from the start of the process: no swap replaces
// that model.
type llm struct {
	read func() (chatapi.Figures, bool)

	info, rows, max, seconds               *prometheus.Desc
	batches, answers, canceled             *prometheus.Desc
	refused, troubled, tokensIn, tokensOut *prometheus.Desc
}

// WatchLLM adds the figures of a language model. Once only. They stand apart from the embedder's, whose batches, tokens
// and queue are of another kind: a token here is one pass of the model, there a place of one.
func (m *Metrics) WatchLLM(read func() (chatapi.Figures, bool)) error {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prefix+"llm_"+name, help, labels, nil)
	}
	return m.Registry.Register(&llm{
		read: read,
		info: desc("info", "1; the language model stands in the labels", "model", "weights", "template", "engine",
			"precision"),
		rows:      desc("rows", "answers that wait or are being written"),
		max:       desc("rows_max", "answers that may"),
		seconds:   desc("engine_seconds_total", "time of the engine for batches of answers"),
		batches:   desc("batches_total", "batches that were begun"),
		answers:   desc("answers_total", "answers that were written to their end, those of self-checks included"),
		canceled:  desc("canceled_total", "answers whose client went away or whose time was up"),
		refused:   desc("queue_refused_total", "requests refused for want of room in the line"),
		troubled:  desc("engine_errors_total", "batches that the engine could not answer"),
		tokensIn:  desc("prompt_tokens_total", "tokens of prompts"),
		tokensOut: desc("answer_tokens_total", "tokens of answers"),
	})
}

// Describe implements prometheus.Collector.
func (c *llm) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect implements prometheus.Collector. Before the model is loaded there is nothing to tell.
func (c *llm) Collect(to chan<- prometheus.Metric) {
	f, ok := c.read()
	if !ok {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v)
	}
	gauge(c.info, 1, f.Model, f.Weights, f.Template, f.Engine, f.Precision)
	gauge(c.rows, float64(f.Rows))
	gauge(c.max, float64(f.MaxRows))
	count(c.seconds, f.Seconds)
	count(c.batches, float64(f.Batches))
	count(c.answers, float64(f.Answers))
	count(c.canceled, float64(f.Canceled))
	count(c.refused, float64(f.Refused))
	count(c.troubled, float64(f.Troubled))
	count(c.tokensIn, float64(f.TokensIn))
	count(c.tokensOut, float64(f.TokensOut))
}
