// Package daemon turns embedd's settings into a running server: engine, loader, listener, and everything that is
// plugged into package serve. It is the one place where these are put together (options, in daemon.go).
//
// Beyond the loopback interface it refuses to serve without TLS and without tokens unless each was waived by its
// own setting.
//
// From a command line to a server: package main reads flags into a Config, Validate refuses what cannot work, open
// takes files and addresses, options and plug put the server's parts together, and serve.Server.Run does the rest. A
// new setting is a field of Config, a flag, and its use in one of these.
package daemon
