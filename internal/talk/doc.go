// Package talk answers with a language model of our own: no server, no endpoint.
//
// What a request becomes: its messages are rendered by the model's template into ids, in which nothing that a message
// says can be a control token; the graph reads them into a cache; tokens are chosen one by one and read back into
// text until the model ends its turn, a stop string appears or the length is reached.
//
//	open.go       a folder or GGUF file → a Model with its identity; adapter.go: a runner for each adapter
//	template.go   a conversation → ids, as the family was taught to read it
//	row.go        a request → a row that is sure to fit, and its tokens one by one
//	generate.go   rows of one shape → batches
//	score.go      given answers → log-probabilities, and a choice among them
//	sample.go     logits → one token, as llm.Sampling says; package schema says which may come
//	stop.go       tokens → text as it comes, up to a stop string
//
// Invariant: a row's numbers depend on its own ids, the weights and the engine alone, and not on the rows beside it,
// the slot, the order or the time.
//
// The caller owes a Model its Close. Refused when it is opened: a chat template that is not known, a tokenizer
// without the template's control tokens, weights that do not fit either. Refused of a request: a conversation that no
// model was taught, and one that does not fit the model's positions; nothing is cut to fit.
package talk
