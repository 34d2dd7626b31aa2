// Package embedder opens what a command embeds with: a model folder on this machine's engine, or an endpoint that
// serves one. It is the one place where --model and --endpoint are told apart; everything behind takes an
// encoder.Encoder and does not know.
package embedder
