package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"hives/internal/serve/intensityapi"
)

// judges reads the figures of IntensityService when it is asked.
type judges struct {
	read func() (intensityapi.Figures, bool)

	calls, max, values        *prometheus.Desc
	answers, unusable, scores *prometheus.Desc
	used, budget              *prometheus.Desc
}

// WatchJudges adds the figures of IntensityService. Once only.
func (m *Metrics) WatchJudges(read func() (intensityapi.Figures, bool)) error {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prefix+"judge_"+name, help, labels, nil)
	}
	return m.Registry.Register(&judges{
		read:    read,
		calls:   desc("calls", "questions to judges that wait or are under way"),
		max:     desc("calls_max", "questions that may"),
		values:  desc("values", "values of the database"),
		answers: desc("answers_total", "answers by where they came from: judge, or votes file", "from"),
		unusable: desc("unusable_total",
			"windows of finished calls without a usable answer"),
		scores: desc("scores_total", "scores by status", "status"),
		used:   desc("budget_used", "what the judges have used, earlier starts included", "of"),
		budget: desc("budget_max", "what they may use; 0 sets no bound", "of"),
	})
}

// Describe implements prometheus.Collector.
func (c *judges) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect implements prometheus.Collector. Before the judges are seated there is nothing to tell.
func (c *judges) Collect(to chan<- prometheus.Metric) {
	f, ok := c.read()
	if !ok {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(c.calls, float64(f.Calls))
	gauge(c.max, float64(f.MaxCalls))
	gauge(c.values, float64(f.Values))
	count(c.answers, f.Asked, "judge")
	count(c.answers, f.Kept, "votes")
	count(c.unusable, f.Unusable)
	for status, n := range f.Scores {
		count(c.scores, n, status)
	}
	gauge(c.used, float64(f.Tokens), "tokens")
	gauge(c.budget, float64(f.MostTokens), "tokens")
	gauge(c.used, f.Money, "money")
	gauge(c.budget, f.MostMoney, "money")
}
