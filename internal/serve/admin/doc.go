// Package admin is embedd's listener for those who run it: /metrics for Prometheus, /healthz and /readyz for probes,
// /debug/pprof, POST /-/reload for a hot swap, and at / a page with live plots.
//
// /healthz is 200 while the process lives and the engine is not lost, also during loading; /readyz is 200 while the
// health service says SERVING. Both need no token.
//
// On loopback nobody is asked for a token, but requests must name a loopback host, so that a foreign name made to
// resolve to this machine (DNS rebinding) finds nothing; a reload must not come from a page of another origin.
// Beyond loopback everything but the probes needs a token, which a browser may give as a password.
//
// The page is one file without outside parts. A History takes a point a second from the same registry that
// Prometheus reads, and keeps five minutes.
//
// A probe of Kubernetes asks /readyz to know whether to send calls, and /healthz to know whether to start the
// container anew: a model that is loading fails the first and not the second.
package admin
