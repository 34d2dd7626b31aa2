package main

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	hivesv1 "hives/proto/hives/v1"
)

// saturation sets the daemon, always given more than it can do, beside the bare engine.
//
// How to read it: a ratio of .95 says that of the engine's throughput a twentieth is lost to everything around it.
// Whether that is the daemon or the luck of a process is told by the busy share and by other turns
// (docs/BENCHMARKS.md).
type saturation struct {
	Texts     int     `json:"texts"`
	Tokens    int     `json:"tokens"`
	TextsPerS float64 `json:"texts_per_s"` // of the daemon, median
	// Each turn's, so that a reader sees how far they are apart.
	Daemon []float64 `json:"daemon_tokens_per_s"`
	Bare   []float64 `json:"bare_tokens_per_s"`
	Ratios []float64 `json:"ratios"` // of each turn's two halves, which follow each other
	Ratio  float64   `json:"ratio"`  // their median
	// The same by processor time: a ratio that differs from it tells of other programs on the machine.
	Work []float64 `json:"work_ratios"`
	// tokens a second of processor time, the daemon's by the bare engine's: what other programs take does not count
	WorkRatio      float64 `json:"work_ratio"`
	Busy           float64 `json:"engine_busy"` // share of the daemon's time in which its engine ran, median
	Fill           float64 `json:"batch_fill"`  // of the last turn
	BareFill       float64 `json:"bare_batch_fill"`
	ClientCPUShare float64 `json:"client_cpu_share"`
}

// callers and perCall are the client's: 512 texts under way, which is several batches, so the engine never waits
// for work.
const (
	callers = 64 // at once, more than a batch takes
	perCall = 8  // texts
)

// half is one side of a turn: what it took of the clock and of the processor.
type half struct {
	seconds float64
	used    used
}

// saturate runs turns of the same texts, the bare engine first in every other one, so that other work on the machine
// meets both alike.
func (b *bench) saturate(ctx context.Context) error {
	x, err := b.bareEngine(ctx)
	if err != nil {
		return err
	}
	texts := make([]string, b.work)
	for i := range texts { // steps of a prime, so that neighbours differ in length
		texts[i] = b.known.Texts[i*7919%len(b.known.Texts)]
	}
	s := &saturation{Texts: len(texts)}
	bare, err := s.bare(ctx, x, texts)
	if err != nil {
		return err
	}
	var client, daemon float64
	var busy []float64
	// sides[0] is bare. In turn 0 it goes first, in turn 1 the daemon does.
	for turn := range b.rounds {
		sides := [2]func(context.Context) error{bare, func(ctx context.Context) error { return b.push(ctx, texts) }}
		var halves [2]half
		for i := range sides {
			side := (i + turn) % 2
			if halves[side], err = b.time(ctx, sides[side]); err != nil {
				return err
			}
		}
		s.add(halves[0], halves[1])
		// Of the daemon's half: in the other one the client is the engine.
		client, daemon, busy = client+halves[1].used.client, daemon+halves[1].used.daemon, append(busy, halves[1].used.busy)
		b.say("turn %d: tokens/s of the daemon %.0f, bare %.0f; engine busy %.3f", turn+1, s.Daemon[turn],
			s.Bare[turn], busy[turn])
	}
	// Shares of all turns together; the median would favour a quiet one.
	s.ClientCPUShare, s.Busy = client/max(client+daemon, 1e-9), median(busy)
	s.sum()
	b.report.Saturation = s
	b.say("saturation: %d texts, %d tokens a turn; ratio of tokens/s %.3f (%.3f to %.3f), of tokens a second of "+
		"processor time %.3f (%.3f to %.3f)",
		s.Texts, s.Tokens, s.Ratio, slices.Min(s.Ratios), slices.Max(s.Ratios), s.WorkRatio, slices.Min(s.Work),
		slices.Max(s.Work))
	b.say("            engine busy %.3f; fill %.2f, bare %.2f; %.0f texts/s; client's share of CPU %.1f %%", s.Busy,
		s.Fill, s.BareFill, s.TextsPerS, 100*s.ClientCPUShare)
	return nil
}

// bare packs the texts at once, compiles what they need, and returns what runs them.
// Compiling is done here and not timed: the daemon has compiled before it served.
func (s *saturation) bare(ctx context.Context, x *bare, texts []string) (func(context.Context) error, error) {
	batches, err := x.batches(texts)
	if err != nil {
		return nil, err
	}
	// Positions of all batches, padding included.
	computed := 0
	for i := range batches {
		s.Tokens += batches[i].Tokens()
		computed += batches[i].Shape.Tokens()
		if err := x.model.Runner().Compile(ctx, batches[i].Shape); err != nil {
			return nil, err
		}
	}
	s.BareFill = float64(s.Tokens) / float64(computed)
	return func(ctx context.Context) error {
		for i := range batches {
			if _, err := x.model.Runner().Run(ctx, &batches[i]); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// time measures one side. The figures are read before and after it, outside of the seconds.
func (b *bench) time(ctx context.Context, do func(context.Context) error) (half, error) {
	m := b.measure(ctx)
	began := time.Now()
	err := do(ctx)
	took := time.Since(began).Seconds()
	return half{took, m.stop(ctx)}, err
}

// add files a turn. Both sides had the same tokens, so the ratio of rates is that of the seconds, turned round.
func (s *saturation) add(bare, daemon half) {
	tokens := float64(s.Tokens)
	s.Bare, s.Daemon = append(s.Bare, tokens/bare.seconds), append(s.Daemon, tokens/daemon.seconds)
	s.Ratios = append(s.Ratios, bare.seconds/daemon.seconds)
	s.Work = append(s.Work, bare.used.client/max(daemon.used.daemon, 1e-9)) // the bare engine runs in the client
	s.Fill = daemon.used.fill
}

// sum takes medians: of three turns the one that was disturbed is left out.
func (s *saturation) sum() {
	s.Ratio, s.WorkRatio = median(s.Ratios), median(s.Work)
	s.TextsPerS = median(s.Daemon) / float64(s.Tokens) * float64(s.Texts)
}

// push sends all texts by few callers that never pause, so that the queue is never empty.
// The first error ends all: a refusal would mean less work, and a rate that is too good.
func (b *bench) push(ctx context.Context, texts []string) error {
	group, ctx := errgroup.WithContext(ctx)
	// Go waits where the limit is reached, so a caller begins when another has its answer: the load is closed, not
	// open.
	group.SetLimit(callers)
	for part := range slices.Chunk(texts, perCall) {
		group.Go(func() error {
			_, err := b.embed(ctx, &hivesv1.EmbedRequest{Texts: part})
			return err
		})
	}
	return group.Wait()
}

// median is the upper one of an even number.
func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}
