// Package remote is an encoder.Encoder over embedd's gRPC: the same texts, prompts and ids as encoder/local takes,
// embedded by a daemon. Its identity is the served model's, so that everything which checks a model's hashes
// checks them here too; a model that is swapped in between two calls is another identity.
package remote
