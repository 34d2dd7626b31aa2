// Package talk answers with a language model of our own: no server, no endpoint.
//
// What a request becomes: its messages are rendered by the model's template into ids, in which nothing that a message says
// can be a control token; the graph reads them into a cache; tokens are chosen one by one and read back into text until the
// model ends its turn, a stop string appears or the length is reached.
//
// Invariant: a row's numbers depend on its own ids, the weights and the engine alone, and not on the rows beside it, the
// slot, the order or the time.
package talk
