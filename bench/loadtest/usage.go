package main

import (
	"context"
	"time"

	"hives/internal/rig/loadtest"
)

// meter reads what client and daemon have taken of the processor. Counters of Linux and of the daemon only grow, so
// what a load took is the difference of two readings.
type meter struct {
	b              *bench
	began          time.Time
	client, daemon loadtest.Usage
	counters       map[string]float64 // nil if the daemon is not our own
}

// used is in seconds, but for the daemon's peak in MiB. The daemon's are 0 if it is not our own.
type used struct {
	seconds, client, daemon float64
	fill                    float64 // share of the computed positions that were text
	once                    float64 // share of the texts that were computed, and not joined to others in flight
	busy                    float64 // share of the time in which the engine ran
	peak                    int
}

// measure begins a meter; stop ends it.
func (b *bench) measure(ctx context.Context) *meter {
	m := &meter{b: b, began: time.Now()}
	m.client, m.daemon = m.read()
	m.counters = m.count(ctx)
	return m
}

// count leaves a daemon out that does not tell: figures made of its counters are then 0.
func (m *meter) count(ctx context.Context) map[string]float64 {
	if m.b.daemon == nil {
		return nil
	}
	out, err := m.b.daemon.Counters(ctx)
	if err != nil {
		m.b.say("no counters: %v", err)
	}
	return out
}

// read leaves zeros where the system does not tell.
// Without Linux's /proc times are 0 and so are the shares; rates and quantiles do not depend on it.
func (m *meter) read() (client, daemon loadtest.Usage) {
	client, _ = loadtest.Own()
	if m.b.daemon != nil {
		daemon, _ = m.b.daemon.Usage()
	}
	return client, daemon
}

// stop reads again and gives the differences. peak alone is no difference: the kernel keeps it since the process
// began, so of several loads each shows the largest so far.
func (m *meter) stop(ctx context.Context) used {
	client, daemon := m.read()
	counters := m.count(ctx)
	// A figure that is not there is 0 in both readings.
	grown := func(name string) float64 { return counters[name] - m.counters[name] }
	seconds := time.Since(m.began).Seconds()
	return used{
		seconds: seconds, client: client.CPU - m.client.CPU, daemon: daemon.CPU - m.daemon.CPU, peak: daemon.Peak >> 20,
		fill: grown("tokens_total") / max(grown("computed_tokens_total"), 1),
		once: grown("cache_misses_total") / max(grown("texts_total"), 1),
		busy: grown("batch_seconds_sum") / seconds,
	}
}
