// Package embedder opens what a command embeds with: a model folder on this machine's engine, or an endpoint that
// serves one. It is the one place where --model and --endpoint are told apart; everything behind takes an
// encoder.Encoder and does not know.
//
// How a command uses it, with its flags, its checks before and its bar:
//
//	var e embedder.Options
//	e.Register(c.Flags())
//	…
//	enc, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
//	defer done()
//	vectors, id, err := enc.Encode(ctx, inputs)
package embedder
