// Package daemon turns embedd's settings into a running server: engine, loader, listener, and everything that is
// plugged into package serve. It is the one place where these are put together (options, in daemon.go).
//
// Beyond the loopback interface it refuses to serve without TLS and without tokens unless each was waived by its
// own setting.
package daemon
