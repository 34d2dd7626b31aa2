package main

import (
	"context"
	"slices"
	"time"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/pack"
	hivesv1 "hives/proto/hives/v1"
)

// bare is the engine without a daemon: the same weights, shapes and packing in this process. It is both the
// yardstick of speed and the one who knows the right vectors.
type bare struct {
	engine *engine.Engine
	model  *local.Local
}

// bareEngine opens it at the first call: a run without saturation, alone and company beside another's daemon needs
// no weights in this process. Error: Invalid where there is no model folder to open.
func (b *bench) bareEngine(ctx context.Context) (*bare, error) {
	// One engine for all parts: compiled shapes stay.
	if b.bare != nil {
		return b.bare, nil
	}
	if b.dir == "" {
		return nil, fault.New(fault.Invalid, "beside the bare engine means a daemon of one's own: give --model, "+
			"not --endpoint")
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

// close frees the weights before the engine that they lie in.
func (x *bare) close() {
	x.model.Close()
	x.engine.Close()
}

// ids tokenises texts with the model's frame, as the daemon does. It is not timed: packing is compared, not
// tokenising.
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

// batches packs texts as encoders do: all are known at once, which a daemon's never are. That is its advantage, and
// what saturation's ratio counts against the daemon.
func (x *bare) batches(texts []string) ([]pack.Batch, error) {
	ids, err := x.ids(texts)
	if err != nil {
		return nil, err
	}
	return pack.Many(ids, x.model.Runner().Shapes())
}

// alone is a lone short text, of which nothing else is under way: what a call costs besides its computing. All
// times are in milliseconds. Around is what the daemon and gRPC add by the daemon's own account, Difference by
// ours.
// The daemon's call and the engine's are of the same text, whose single row both compute.
type alone struct {
	Calls      int     `json:"calls"`
	Tokens     int     `json:"tokens"`
	CallP50    float64 `json:"call_p50_ms"`
	BareP50    float64 `json:"bare_p50_ms"`   // the engine's call in this process, in turns with the daemon's
	AroundP50  float64 `json:"around_p50_ms"` // a call less its own engine time
	AroundP99  float64 `json:"around_p99_ms"` //
	Difference float64 `json:"above_bare_p50_ms"`
}

// single measures in turns: bare, daemon, bare, daemon, … so that whatever else the machine does meets both.
func (b *bench) single(ctx context.Context) error {
	x, err := b.bareEngine(ctx)
	if err != nil {
		return err
	}
	// Texts stand in order of their length (loadtest.Sample), so this one is short: a quarter are shorter.
	text := []string{b.known.Texts[len(b.known.Texts)/4]}
	batch, err := x.batches(text)
	if err != nil {
		return err
	}
	var calls, bares, around []float64
	// The first five are left out, on both sides: what is loaded and compiled late would be counted as the call's
	// own.
	for i := range b.lone + 5 {
		began := time.Now()
		// Packed beforehand and run again: the bare side tokenises nothing.
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
		// InferNs is the daemon's own reading of its engine for this call.
		around = append(around, ms(took-time.Duration(r.Timings.InferNs)))
	}
	slices.Sort(around)
	a := &alone{
		Calls: b.lone, Tokens: batch[0].Tokens(), CallP50: median(calls), BareP50: median(bares),
		AroundP50: median(around), AroundP99: around[len(around)*99/100], Difference: median(calls) - median(bares),
	}
	// The 99 % are of the sorted differences, not the difference of two quantiles.
	b.report.Alone = a
	b.say("alone: %d tokens, %d calls: %.2f ms, bare %.2f ms, above it %.2f ms; around the engine's own time %.2f ms, "+
		"99 %% below %.2f ms",
		a.Tokens, a.Calls, a.CallP50, a.BareP50, a.Difference, a.AroundP50, a.AroundP99)
	return nil
}

// ms is a duration in milliseconds, with its fractions.
func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }
