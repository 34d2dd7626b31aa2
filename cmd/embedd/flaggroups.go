package main

import "hives/internal/cli"

// flagGroups are the headings of the flags in embedd --help, from what every call of the program needs to what few
// ever change.
var flagGroups = []cli.FlagGroup{
	// "name" is the model's for embedd and the caller's for embedd token; it comes first in both.
	{Title: "Name", Names: []string{"name"}},
	{Title: "Model",
		Names: []string{"model", "vectors", "profile", "max-length", "precision", "engine", "threads", "cache-texts"}},
	{Title: "Language model", Names: []string{
		"llm", "llm-name", "llm-template", "llm-rows", "llm-max-tokens", "llm-max-length", "llm-queue", "llm-timeout"}},
	{Title: "Judges", Names: []string{"vidb", "judges", "votes", "theories", "max-judge-calls"}},
	{Title: "Listeners",
		Names: []string{"listen", "http-listen", "no-http-ids", "cors-origins", "admin-listen"}},
	{Title: "Who may call", Names: []string{
		"tls-cert", "tls-key", "client-ca", "tokens-file", "insecure-no-tls", "insecure-no-auth",
		"tokens-per-second", "max-token-streams"}},
	{Title: "Limits", Names: []string{
		"max-texts", "max-http-texts", "max-http-tokens", "max-request-tokens", "max-request-bytes",
		"max-bytes-under-way", "max-reply-bytes", "max-queue-tokens", "max-calls",
		"max-bulk-streams", "max-stream-inflight", "max-streams", "max-connections"}},
	// In the order of a life: batch, engine, end, then connections.
	{Title: "Times", Names: []string{
		"max-wait", "engine-timeout", "self-check-every", "drain-delay", "drain-timeout", "keepalive",
		"receive-timeout", "stream-idle", "max-connection-idle", "max-connection-age", "connection-age-grace"}},
	{Title: "Log and traces", Names: []string{"log-level", "log-format", "otlp-endpoint"}},
	{Title: "Settings", Names: []string{"config", "set", "origin", "out", "help", "version"}},
}
