package main

import (
	"fmt"

	"hives/internal/trainer"
	"hives/internal/trainmetrics"
)

// checkMetrics refuses an address before anything is read or computed. The listener itself opens later, when there
// are figures; the rule of who may listen where is looked at now.
func (o *options) checkMetrics() error {
	if o.metricsListen == "" {
		return nil
	}
	_, err := trainmetrics.Check(o.metricsListen, o.noAuth)
	return err
}

// serveMetrics lets Prometheus watch the run beside those who watch it already, where --metrics-listen asks for
// it. The caller closes the server, which is nil without the flag.
func (o *options) serveMetrics(cfg *trainer.Config, ro *trainer.RunOptions) (*trainmetrics.Server, error) {
	if o.metricsListen == "" {
		return nil, nil
	}
	// What the run is, as labels of one gauge: figures of several runs are told apart by joining with it.
	// Labels of settings, never paths: whoever reads the figures need not know this machine's folders.
	exporter := trainmetrics.New(map[string]string{
		"stage": fmt.Sprint(cfg.Stage), "precision": cfg.Model.Precision, "seed": fmt.Sprint(cfg.Seed),
		"engine": ro.Versions["engine"], "version": ro.Versions["hives"],
	})
	address, err := trainmetrics.Check(o.metricsListen, o.noAuth)
	if err != nil {
		return nil, err
	}
	// The only thing here that can fail late: another program may have taken the port meanwhile.
	server, err := trainmetrics.Listen(address, exporter)
	if err != nil {
		return nil, err
	}
	ro.Observer.Note("metrics: http://" + server.Address() + "/metrics")
	ro.Observer = trainer.Observers{ro.Observer, exporter}
	return server, nil
}
