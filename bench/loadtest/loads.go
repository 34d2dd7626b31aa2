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

// line is a load and what came of it, a row of the table. Fill is text positions of all that were computed, Once
// the share of texts that were computed and not joined to an equal one under way.
type line struct {
	// What was offered. A share of 0 is the search for the capacity, which no table shows.
	Share   float64 `json:"share_of_capacity"`
	Offered float64 `json:"offered_requests_per_s"`
	loadtest.Result
	// What it cost, of this process and of the daemon's.
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
	// Beyond it a caller has gone: its text need not be computed any more, and the daemon drops it.
	timeout   = 10 * time.Second // of a call
	mostOut   = 8192             // calls of a load under way; the connections carry 40 × 256
	meanTexts = 6.1              // of loadtest's mix
)

// run does what was asked for, in this order: saturation finds the capacity that the loads are shares of.
func (b *bench) run(ctx context.Context) error {
	// Names are those of --scenarios.
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

// capacity is in requests of the mix a second. Without saturation it is sought with an overload of a few seconds:
// 3,000 requests a second, of which a daemon on few cores answers what it can.
func (b *bench) capacity(ctx context.Context) (float64, error) {
	if b.report.Saturation != nil {
		return b.report.Saturation.TextsPerS / meanTexts, nil
	}
	// 3,000 requests of 6.1 texts are more than any daemon on a few cores answers.
	r := b.offer(ctx, 0, 3000, 5*time.Second)
	if r.TextsPerS == 0 {
		return 0, fault.New(fault.Unavailable, "no answer under load: %v", r.Errors)
	}
	return r.TextsPerS / meanTexts, nil
}

// offerAll makes one load after another, from light to heavy as the flag lists them. A heavy one leaves memory and
// a warm cache behind, so the order is part of the result.
func (b *bench) offerAll(ctx context.Context) error {
	full, err := b.capacity(ctx)
	if err != nil {
		return err
	}
	b.say("capacity %.0f requests/s of %.1f texts", full, meanTexts)
	b.head()
	// Shares and not rates: the same flags suit a machine of any speed.
	for text := range strings.SplitSeq(b.loads, ",") {
		// A word that is no number is found when its turn comes, after the loads before it.
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

// overloaded offers ten times the capacity. What is asked of the daemon then is not speed: it must refuse, stay
// within its memory, and answer rightly what it answers.
func (b *bench) overloaded(ctx context.Context) error {
	full, err := b.capacity(ctx)
	if err != nil {
		return err
	}
	b.head()
	return b.add(b.offer(ctx, 10, 10*full, b.overload))
}

// offer makes one load, of a fifth of which nothing is counted. The seed is the same for each: the same texts in
// the same order, at another speed.
func (b *bench) offer(ctx context.Context, share, rate float64, d time.Duration) line {
	// Counters are read just before and just after: what the daemon did between two loads is in neither.
	m := b.measure(ctx)
	tally := loadtest.Offer(ctx, loadtest.Plan{
		Rate: rate, For: d, Warm: d / 5, Timeout: timeout, MaxOpen: mostOut, Seed: b.seed, Tolerance: b.tolerance(),
	}, b.known, b.embed)
	used := m.stop(ctx)
	return line{
		Share: share, Offered: rate, Result: tally.Result(),
		// 1e-9 seconds: of a daemon whose process is not ours nothing is known, and 0/0 would be no number for
		// JSON.
		ClientCPUShare: used.client / max(used.client+used.daemon, 1e-9), DaemonCPU: used.daemon / used.seconds,
		Fill: used.fill, Once: used.once, PeakMiB: used.peak,
	}
}

// head prints the table's head. daemon is in cores, peak in MiB, client the share of both programs' processor time.
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
	// A daemon that died is the worst result there is: its last lines say why.
	if b.daemon != nil && !b.daemon.Alive() {
		return fault.New(fault.Unavailable, "embedd has ended\n%s", b.daemon.Log())
	}
	// After it is printed: the line shows how many of how many.
	if l.Wrong() > 0 {
		return fault.New(fault.Corrupt, "%d answers were not their texts' vectors", l.Wrong())
	}
	return nil
}

// sampleEvery is how often memory is looked at.
const sampleEvery = 10 * time.Second

// steadily offers a part of the capacity for long and watches the daemon's memory. A leak shows as a line that goes
// on rising; the C library's arenas rise for the first minutes and stay (docs/BENCHMARKS.md, "Memory").
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
	// Beside the load, so that the figures are of a daemon at work.
	go func() { defer close(done); b.watch(watched) }()
	l := b.offer(ctx, b.share, b.share*full, b.steady)
	stop()
	<-done
	b.head()
	return b.add(l)
}

// watch writes the resident memory down every ten seconds, the first time at once. The report's samples are its
// alone until steadily has heard that it ended.
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
