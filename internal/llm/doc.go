// Package llm asks language models and keeps what they said.
//
// A Store is one SQLite file with items (the texts asked about), prompts, votes (every answer, also the
// unusable ones), a queue of what a human must decide, and the humans' decisions. docs/LABELLING.md draws
// the tables. A vote is written before anybody acts on it, so a killed run asks nothing twice: Ask looks
// into the store first.
//
// A Client speaks to one OpenAI-compatible endpoint: rate limits, retries with jitter, Retry-After, and a
// Budget in tokens and money that several clients share.
//
// The caller owes a Store its Close, and a Client the name of an environment variable that holds the key.
// Keys are never written: neither into the store nor into an error or a log.
package llm
