// Package loadtest offers a daemon a fixed load and writes down what came of it.
//
// The load is open: requests arrive at random moments of a given rate (a Poisson process) whether or not earlier
// ones were answered, and a request's time counts from the moment at which it should have been sent. A client that
// waits for answers before it sends more would slow down with the daemon and hide its worst moments.
//
// Every vector is compared with that of the same text alone, taken before the load (Known), or made without a daemon,
// so a wrong answer under load is seen. The package starts daemons as processes of their own (Daemon) and reads their
// memory and processor time from the system; that part needs Linux.
package loadtest
