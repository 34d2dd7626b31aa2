// Package client calls embedd from Go.
//
// Dial asks the server for its limits, so that EmbedAll can cut any number of texts into requests the server
// takes, and sends a few of them at once; Stream is for corpora. Value vectors are asked for by Client.Values.
// Calls are spread over all addresses that the target's name has. What is tried again, how often and after what
// pause is ServiceConfig, which other languages can use as it stands; beyond it, a server that is full is given
// the time it asks for.
//
// Errors are of the kinds of package fault that the server had, and still gRPC statuses: Reason tells the
// server's own name for one. They never hold a text. A Client is safe for concurrent use.
package client
