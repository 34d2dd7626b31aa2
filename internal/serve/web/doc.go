// Package web runs the HTTP listeners beside gRPC: bounds on headers, bodies, connections and time, an end that
// answers what was accepted, and no panic value in any log.
//
// What bounds a request over HTTP, from its first byte: 10 s for the headers, at most 64 kB of them; the listener's
// Receive for all of the body; no bound while it is worked on, for the queue and its own deadline see to that; 30 s
// for the client to read the reply.
package web
