// Package web runs the HTTP listeners beside gRPC: bounds on headers, bodies, connections and time, an end that
// answers what was accepted, and no panic value in any log.
package web
