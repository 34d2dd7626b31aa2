// Package lm is a decoder that talks: token ids in, logits of the next token out, with the keys and values of what
// came before kept in a cache.
//
// It knows nothing of texts, templates or sampling (internal/talk does), and nothing of vectors of texts (qwen3embed
// does). It stands on package decoder beside the embedder.
//
//	m, err := lm.Load(backend, "SmolLM2-135M-Instruct", dtypes.Float32)
//	r, err := lm.NewRunner(m, lm.Options{Backend: backend, Rows: 8})
//	logits, err := r.Begin(prompts, 64, nil)    // [B][V] of the token behind each prompt; 64 may follow
//	logits, err = r.Next(chosen)                // one more token a row
//	logp, err := r.Score(rows, from, nil)       // log-probabilities of given answers
//
// Where to begin: runner.go (reading a prompt, one token more), cache.go (where keys and values lie), score.go (given
// answers), means.go and steer.go (looking and pushing between layers), model.go (loading, lengths).
//
// Shapes are few: B rows, prompts padded on the left to a bucket of the Ladder, and a window of the cache on the same
// ladder. Invariant: a row's bucket follows from its own length alone, and only rows of one bucket share a batch, so
// a row's numbers are the same bits in any company, slot and order. Another bucket, or another B, moves logits by
// some 3e-6.
//
// The caller owes ids of the model's own vocabulary, a Runner its Close before the Model's, and an engine that
// outlives both. Refused, with the row: ids outside the vocabulary, rows of unlike buckets in one batch, what is
// longer than the model's positions or the Ladder.
//
// Axis letters: B rows of a batch, P tokens of a prompt's bucket, T slots of the cache, W slots of it that are looked
// at, L layers, H hidden, V vocabulary, N scored tokens.
package lm
