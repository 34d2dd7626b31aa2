package main

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/pack"
	hivesv1 "hives/proto/hives/v1"
)

// bare is the engine without a daemon: the same weights, shapes and packing in this process.
type bare struct {
	engine *engine.Engine
	model  *local.Local
}

// bareEngine opens it at the first call.
func (b *bench) bareEngine(ctx context.Context) (*bare, error) {
	if b.bare != nil {
		return b.bare, nil
	}
	if b.dir == "" {
		return nil, fault.New(fault.Invalid, "beside the bare engine means a daemon of one's own: give --model, not --endpoint")
	}
	e, err := engine.Open(ctx, engine.Options{Kind: engine.Kind(b.engine)})
	if err != nil {
		return nil, err
	}
	m, err := local.Open(b.dir, e.Backend, string(e.Name), local.Options{Precision: b.precision})
	if err != nil {
		e.Close()
		return nil, err
	}
	b.bare = &bare{e, m}
	return b.bare, nil
}

func (x *bare) close() {
	x.model.Close()
	x.engine.Close()
}

// ids tokenises texts.
func (x *bare) ids(texts []string) ([][]int32, error) {
	out := make([][]int32, len(texts))
	for i, text := range texts {
		var err error
		if out[i], _, err = x.model.Tokenizer().Encode(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// vectors embeds texts without a daemon, as hives embed does.
func (x *bare) vectors(ctx context.Context, texts []string) ([][]float32, error) {
	in := make([]encoder.Input, len(texts))
	for i, text := range texts {
		in[i].Text = text
	}
	out, _, err := x.model.Encode(ctx, in)
	return out, err
}

// batches packs texts as encoders do.
func (x *bare) batches(texts []string) ([]pack.Batch, error) {
	ids, err := x.ids(texts)
	if err != nil {
		return nil, err
	}
	return pack.Many(ids, x.model.Runner().Shapes())
}

// rate runs batches and returns tokens of text a second.
func (x *bare) rate(ctx context.Context, batches []pack.Batch) (float64, error) {
	tokens, began := 0, time.Now()
	for i := range batches {
		tokens += batches[i].Tokens()
		if _, err := x.model.Runner().Run(ctx, &batches[i]); err != nil {
			return 0, err
		}
	}
	return float64(tokens) / time.Since(began).Seconds(), nil
}

// saturation sets the daemon, always given more than it can do, beside the bare engine.
type saturation struct {
	Texts          int       `json:"texts"`
	Tokens         int       `json:"tokens"`
	TextsPerS      float64   `json:"texts_per_s"` // of the daemon, median
	Daemon         []float64 `json:"daemon_tokens_per_s"`
	Bare           []float64 `json:"bare_tokens_per_s"`
	Ratio          float64   `json:"ratio"`      // of the medians
	Fill           float64   `json:"batch_fill"` // of the last round
	BareFill       float64   `json:"bare_batch_fill"`
	ClientCPUShare float64   `json:"client_cpu_share"`
}

const (
	callers = 64 // at once, more than a batch takes
	perCall = 8  // texts
)

// saturate runs rounds of the same texts in turns, so that other work on the machine meets both alike.
func (b *bench) saturate(ctx context.Context) error {
	x, err := b.bareEngine(ctx)
	if err != nil {
		return err
	}
	texts := make([]string, b.work)
	for i := range texts { // steps of a prime, so that neighbours differ in length
		texts[i] = b.known.Texts[i*7919%len(b.known.Texts)]
	}
	batches, err := x.batches(texts)
	if err != nil {
		return err
	}
	for i := range batches {
		if err := x.model.Runner().Compile(ctx, batches[i].Shape); err != nil {
			return err
		}
	}
	s := &saturation{Texts: len(texts)}
	computed := 0
	for i := range batches {
		s.Tokens += batches[i].Tokens()
		computed += batches[i].Shape.Tokens()
	}
	s.BareFill = float64(s.Tokens) / float64(computed)
	var client, daemon float64
	for range b.rounds {
		bareRate, err := x.rate(ctx, batches)
		if err != nil {
			return err
		}
		m := b.measure(ctx)
		began := time.Now()
		if err := b.push(ctx, texts); err != nil {
			return err
		}
		took := time.Since(began).Seconds()
		used := m.stop(ctx)
		client, daemon, s.Fill = client+used.client, daemon+used.daemon, used.fill
		s.Bare, s.Daemon = append(s.Bare, bareRate), append(s.Daemon, float64(s.Tokens)/took)
	}
	s.Ratio = median(s.Daemon) / median(s.Bare)
	s.TextsPerS = median(s.Daemon) / float64(s.Tokens) * float64(s.Texts)
	s.ClientCPUShare = client / max(client+daemon, 1e-9)
	b.report.Saturation = s
	b.say("saturation: %d texts, %d tokens a round; tokens/s of the daemon %.0f, bare %.0f; ratio %.3f; fill %.2f, bare %.2f; %.0f texts/s; client's share of CPU %.1f %%",
		s.Texts, s.Tokens, s.Daemon, s.Bare, s.Ratio, s.Fill, s.BareFill, s.TextsPerS, 100*s.ClientCPUShare)
	return nil
}

// push sends all texts by few callers that never pause, so that the queue is never empty.
func (b *bench) push(ctx context.Context, texts []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(callers)
	for part := range slices.Chunk(texts, perCall) {
		group.Go(func() error {
			_, err := b.embed(ctx, &hivesv1.EmbedRequest{Texts: part})
			return err
		})
	}
	return group.Wait()
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

// alone is a lone short text, of which nothing else is under way.
type alone struct {
	Calls      int     `json:"calls"`
	Tokens     int     `json:"tokens"`
	CallP50    float64 `json:"call_p50_ms"`
	BareP50    float64 `json:"bare_p50_ms"`   // the engine's call in this process, in turns with the daemon's
	AroundP50  float64 `json:"around_p50_ms"` // a call less its own engine time
	AroundP99  float64 `json:"around_p99_ms"` //
	Difference float64 `json:"above_bare_p50_ms"`
}

// single measures in turns.
func (b *bench) single(ctx context.Context) error {
	x, err := b.bareEngine(ctx)
	if err != nil {
		return err
	}
	text := []string{b.known.Texts[len(b.known.Texts)/4]}
	batch, err := x.batches(text)
	if err != nil {
		return err
	}
	var calls, bares, around []float64
	for i := range b.lone + 5 {
		began := time.Now()
		if _, err := x.model.Runner().Run(ctx, &batch[0]); err != nil {
			return err
		}
		bareTook := time.Since(began)
		began = time.Now()
		r, err := b.embed(ctx, &hivesv1.EmbedRequest{Texts: text})
		took := time.Since(began)
		if err != nil {
			return err
		}
		if i < 5 { // the first compiles
			continue
		}
		calls, bares = append(calls, ms(took)), append(bares, ms(bareTook))
		around = append(around, ms(took-time.Duration(r.Timings.InferNs)))
	}
	slices.Sort(around)
	a := &alone{
		Calls: b.lone, Tokens: batch[0].Tokens(), CallP50: median(calls), BareP50: median(bares),
		AroundP50: median(around), AroundP99: around[len(around)*99/100], Difference: median(calls) - median(bares),
	}
	b.report.Alone = a
	b.say("alone: %d tokens, %d calls: %.2f ms, bare %.2f ms, above it %.2f ms; around the engine's own time %.2f ms, 99 %% below %.2f ms",
		a.Tokens, a.Calls, a.CallP50, a.BareP50, a.Difference, a.AroundP50, a.AroundP99)
	return nil
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }
