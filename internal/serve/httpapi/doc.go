// Package httpapi serves embeddings over HTTP in OpenAI's shape: POST /v1/embeddings, GET /v1/models and
// /v1/models/ID.
//
// A request becomes the hives.v1.EmbedRequest that means the same and takes the path that every call takes: the
// same limits, queue, tokens and quotas. As with OpenAI a text that is too long is refused, vectors are normalised,
// and a field that is not known is refused.
//
// Others plug paths of their own in (Options.Routes: a language model's): they go the same way in, and their errors the
// same way out.
//
// Errors are OpenAI's: {"error": {"message", "type", "param", "code"}}. The status is that of the error's kind in
// package fault, but for what HTTP has a word of its own for: 401 without a token, 413 for what is too large, 405,
// 504. A 429 says in Retry-After when there will be room.
//
// No message and no log line quotes any part of a request.
//
// A request and its answer, with made-up numbers:
//
//	POST /v1/embeddings
//	{"input": ["I owe her the truth."], "encoding_format": "float", "dimensions": 2}
//
//	{"object": "list", "model": "small", "weights_sha256": "…",
//	 "data": [{"object": "embedding", "index": 0, "embedding": [0.8, -0.6]}],
//	 "usage": {"prompt_tokens": 8, "total_tokens": 8}}
package httpapi
