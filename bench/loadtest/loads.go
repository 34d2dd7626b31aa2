package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"hives/internal/fault"
	"hives/internal/rig/loadtest"
)

// line is a load and what came of it.
type line struct {
	Share   float64 `json:"share_of_capacity"`
	Offered float64 `json:"offered_requests_per_s"`
	loadtest.Result
	ClientCPUShare float64 `json:"client_cpu_share"`
	DaemonCPU      float64 `json:"daemon_cpu_cores"`
	Fill           float64 `json:"batch_fill"`
	Once           float64 `json:"computed_share_of_texts"`
	PeakMiB        int     `json:"daemon_peak_mib"` // since its start
}

// sample is the daemon's memory at a moment of the steady load.
type sample struct {
	Seconds  float64 `json:"seconds"`
	Resident int     `json:"resident_mib"`
}

const (
	timeout   = 10 * time.Second // of a call
	mostOut   = 8192             // calls of a load under way, four times what the connections carry
	meanTexts = 6.1              // of loadtest's mix
)

func (b *bench) run(ctx context.Context) error {
	steps := []struct {
		name string
		do   func(context.Context) error
	}{{"saturation", b.saturate}, {"alone", b.single}, {"loads", b.offerAll}, {"overload", b.overloaded},
		{"steady", b.steadily}, {"company", b.companies}}
	for _, s := range steps {
		if !b.wants(s.name) {
			continue
		}
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// capacity is in requests of the mix a second. Without saturation it is sought with an overload of a few seconds.
func (b *bench) capacity(ctx context.Context) (float64, error) {
	if b.report.Saturation != nil {
		return b.report.Saturation.TextsPerS / meanTexts, nil
	}
	r := b.offer(ctx, 0, 3000, 5*time.Second)
	if r.TextsPerS == 0 {
		return 0, fault.New(fault.Unavailable, "no answer under load: %v", r.Errors)
	}
	return r.TextsPerS / meanTexts, nil
}

func (b *bench) offerAll(ctx context.Context) error {
	full, err := b.capacity(ctx)
	if err != nil {
		return err
	}
	b.say("capacity %.0f requests/s of %.1f texts", full, meanTexts)
	b.head()
	for text := range strings.SplitSeq(b.loads, ",") {
		share, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fault.Usage(fault.New(fault.Invalid, "--loads: %q is no number", text))
		}
		if err := b.add(b.offer(ctx, share, share*full, b.each)); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) overloaded(ctx context.Context) error {
	full, err := b.capacity(ctx)
	if err != nil {
		return err
	}
	b.head()
	return b.add(b.offer(ctx, 10, 10*full, b.overload))
}

// offer makes one load.
func (b *bench) offer(ctx context.Context, share, rate float64, d time.Duration) line {
	m := b.measure(ctx)
	tally := loadtest.Offer(ctx, loadtest.Plan{
		Rate: rate, For: d, Warm: d / 5, Timeout: timeout, MaxOpen: mostOut, Seed: b.seed, Tolerance: b.tolerance(),
	}, b.known, b.embed)
	used := m.stop(ctx)
	return line{
		Share: share, Offered: rate, Result: tally.Result(),
		ClientCPUShare: used.client / max(used.client+used.daemon, 1e-9), DaemonCPU: used.daemon / used.seconds,
		Fill: used.fill, Once: used.once, PeakMiB: used.peak,
	}
}

func (b *bench) head() {
	b.say("%6s %9s %9s %9s %8s %8s %8s %8s %7s %7s %5s %5s %6s  %s", "load", "req/s", "texts/s", "tokens/s", "p50 ms",
		"p90 ms", "p99 ms", "max ms", "client", "daemon", "fill", "once", "peak", "errors")
}

// add prints a line. A wrong answer or a dead daemon ends the measurement.
func (b *bench) add(l line) error {
	b.report.Loads = append(b.report.Loads, l)
	var errors []string
	for _, kind := range slices.Sorted(maps.Keys(l.Errors)) {
		errors = append(errors, fmt.Sprintf("%s %d", kind, l.Errors[kind]))
	}
	b.say("%6.2f %9.0f %9.0f %9.0f %8.1f %8.1f %8.1f %8.1f %6.0f%% %7.2f %5.2f %5.2f %6d  %s", l.Share, l.Offered,
		l.TextsPerS, l.TokensPerS, l.P50ms, l.P90ms, l.P99ms, l.MaxMs, 100*l.ClientCPUShare, l.DaemonCPU, l.Fill, l.Once,
		l.PeakMiB, strings.Join(errors, ", "))
	if b.daemon != nil && !b.daemon.Alive() {
		return fault.New(fault.Unavailable, "embedd has ended\n%s", b.daemon.Log())
	}
	if l.Wrong() > 0 {
		return fault.New(fault.Corrupt, "%d answers were not their texts' vectors", l.Wrong())
	}
	return nil
}

// sampleEvery is how often memory is looked at.
const sampleEvery = 10 * time.Second

// steadily offers a part of the capacity for long and watches the daemon's memory.
func (b *bench) steadily(ctx context.Context) error {
	if b.daemon == nil {
		return fault.New(fault.Invalid, "memory is seen of a daemon of one's own only: give --model, not --endpoint")
	}
	full, err := b.capacity(ctx)
	if err != nil {
		return err
	}
	watched, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); b.watch(watched) }()
	l := b.offer(ctx, b.share, b.share*full, b.steady)
	stop()
	<-done
	b.head()
	return b.add(l)
}

func (b *bench) watch(ctx context.Context) {
	began, tick := time.Now(), time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		if u, err := b.daemon.Usage(); err == nil {
			s := sample{time.Since(began).Seconds(), u.Resident >> 20}
			b.report.Steady = append(b.report.Steady, s)
			b.say("%6.0f s  resident %d MiB", s.Seconds, s.Resident)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
