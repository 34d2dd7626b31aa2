package loadtest

import (
	"context"
	"net/http"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"hives/internal/fault"
)

// Counters reads the daemon's counters and gauges without labels by name, without the prefix "embedd_"; of a histogram
// the sum, as name_sum.
//
//	embedd_tokens_total 5120                    tokens_total: 5120
//	embedd_batch_seconds (a histogram)          batch_seconds_sum: the sum of its observations
//	embedd_requests_total{method=…}             left out: it has labels
//
// Two readings and their difference tell what a load cost: the daemon is a process of its own and may have worked
// before.
func (d *Daemon) Counters(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.Address("admin")+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Unavailable, "/metrics answers %s", reply.Status)
	}
	// Prometheus's own reader of its own text: a figure that it cannot read would be no figure for anybody.
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(reply.Body)
	if err != nil {
		return nil, err
	}
	const prefix = "embedd_"
	out := map[string]float64{}
	for name, f := range families {
		if m := f.GetMetric(); len(m) == 1 && len(m[0].Label) == 0 && len(name) > len(prefix) {
			name = name[len(prefix):]
			if h := m[0].GetHistogram(); h != nil {
				out[name+"_sum"] = h.GetSampleSum()
				continue
			}
			out[name] = m[0].GetCounter().GetValue() + m[0].GetGauge().GetValue()
		}
	}
	return out, nil
}
