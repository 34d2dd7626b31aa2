// Package chatapi serves a language model over HTTP in OpenAI's shape: POST /v1/chat/completions and
// /v1/completions, whole or as server-sent events.
//
// It plugs into package httpapi, which brings a request in (tokens, limits, figures, log) and answers errors. Here a
// body becomes rows of package talk, one for each answer that is asked for. They wait in one line for one engine
// (queue.go). A request that cannot be answered as it stands is refused before it waits: a field that is not known, or
// known and not done here, by its name; a schema outside the subset by the path of the keyword.
//
// The path of a request:
//
//	body            bounded and counted by the server             httpapi.Body
//	fields          read, or refused by name                      fields.go, chat.go, completion.go
//	rows            rendered, schema read, length checked         talk.Model.Prepare
//	a place         of the line, or 429                           queue.enter
//	the quota       of prompt and longest answer, or 429          serve.Server.Admit
//	the line        rows of one shape share a batch               queue.run
//	the answer      whole (reply.go) or event by event (stream.go)
//
// A client that goes away ends its rows within a token's time; those beside them go on. An answer depends on its
// request, the seed and what system_fingerprint stands for, and not on company or time.
//
// No error and no log line quotes a text. Of a schema an error names the path.
package chatapi
