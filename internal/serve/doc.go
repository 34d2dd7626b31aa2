// Package serve is embedd: gRPC services over a model folder.
//
// The path of a request: validate (request.go) → room in the queue, or a refusal, before any work → tokenise in
// the handler's goroutines → package schedule: queue, fair choice, packing, one engine goroutine → cut,
// normalise and encode (encode.go) → reply. A vector does not depend on what else is being embedded, but for
// rounding.
//
// A Generation is a model that serves with all that was made for it. A swap loads and compiles the next one while
// the old one works, then switches; the old one ends when its last request has its answer. Server runs the
// life cycle: it listens at once, answers UNAVAILABLE and NOT_SERVING until every shape is compiled and the
// self-check has passed, and drains at its end. An engine that is lost takes the health down and ends Run with an
// error: there is never an open port that cannot answer.
//
// What others add is given to New in Options: transport credentials, interceptors, server options, services
// (Register) and listeners of their own that live as long as the server (Companions).
//
// Texts are never part of an error or a log line, nor are panic values, which may quote them.
//
// Letters: N texts of a request, H numbers of a vector, d numbers asked for.
//
// Where to read on, file by file, in the order of a request:
//
//	run.go, server.go       the life cycle; what is put together when
//	intercept.go            what every call goes through before its method
//	receive.go, arrivals.go a message comes in, or not in time
//	places.go               what callers share, and how much one may take
//	request.go              validate, pay, room, tokenise
//	schedule                queue, batch, engine
//	encode.go, embed.go     the vector leaves
//	errors.go               what a refusal looks like
//
// Beside them: generation.go and selfcheck.go make and check a model, stream.go, ordered.go and many.go are the
// forms in which many texts come, tei.go and values.go are further services.
//
// Who holds what: a request holds a generation (release), a place for its bytes (Leave), a place among the calls
// (leave), and a ticket of the queue (Release). Each is given back by a defer in the function that took it, so that
// no way out forgets one.
package serve
