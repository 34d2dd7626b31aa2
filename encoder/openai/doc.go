// Package openai is an encoder.Encoder over /v1/embeddings as OpenAI shapes it: embedd's own HTTP listener, or any
// other server of embeddings.
//
// Such a server tells no hashes of weights or tokenizer, so the identity is the model's name and the vectors'
// length, and what must know the weights refuses it. Vectors come back as base64 where the server can, which is
// exact and a third of the size. Rows that are not of length one are made so.
//
// Texts go to the address that was given and to no other: redirects are refused. They never stand in an error.
package openai
