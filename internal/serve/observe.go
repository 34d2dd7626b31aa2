package serve

import (
	"context"
	"time"
)

// Stage is a part of a request's way. It is a string, since figures and traces show it by this name.
type Stage string

// The stages, in their order. A text that comes out of the cache, or that another request has brought already,
// is not in every one of them.
const (
	StageTokenize Stage = "tokenize"
	StageQueue    Stage = "queue"
	StageInfer    Stage = "infer"
	StageEncode   Stage = "encode"
)

// Observer is told what happens. It must be quick, and it is never given a text. Nil fields are skipped.
type Observer struct {
	Stage  func(ctx context.Context, s Stage, began time.Time, took time.Duration)
	Tokens func(ctx context.Context, texts, tokens int) // of a request, when they are counted
	Swap   func(err error)                              // after each attempt; the first load is none
	Check  func(err error)                              // after each self-check
	// Refused is told why a request within a stream was refused: the stream's own status does not say it.
	Refused func(reason string)
}

// stage and those below are the one place that looks whether anybody listens.
func (o Observer) stage(ctx context.Context, s Stage, began time.Time, took time.Duration) {
	if o.Stage != nil {
		o.Stage(ctx, s, began, took)
	}
}

// tokens adds up a request's tokens, cached texts included: that is what its caller asked for.
func (o Observer) tokens(ctx context.Context, v *Vectors) {
	if o.Tokens == nil {
		return
	}
	total := 0
	for _, n := range v.Tokens {
		total += n
	}
	o.Tokens(ctx, len(v.Tokens), total)
}

// answered tells of queue and engine, which are known once the vectors are there: the queue began where tokenisation
// ended, the engine ended now. InferNs is 0 where every text came from the cache.
//
//	|-- tokenize --|------ queue ------|-- infer --|
//	began        queued                            now
func (o Observer) answered(ctx context.Context, queued time.Time, v *Vectors) {
	o.stage(ctx, StageQueue, queued, time.Duration(v.Timings.QueueNs))
	if took := time.Duration(v.Timings.InferNs); took > 0 {
		o.stage(ctx, StageInfer, time.Now().Add(-took), took)
	}
}

// refused, swapped and checked are stage for the other fields.
func (o Observer) refused(reason string) {
	if o.Refused != nil {
		o.Refused(reason)
	}
}

func (o Observer) swapped(err error) {
	if o.Swap != nil {
		o.Swap(err)
	}
}

func (o Observer) checked(err error) {
	if o.Check != nil {
		o.Check(err)
	}
}
