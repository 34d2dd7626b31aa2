package httpapi

import (
	"encoding/json"
	"net/http"
)

// What packages need that serve paths of their own beside the embeddings: the same way in (tokens, limits, foreign
// pages, figures, log) and the same errors.

// Route is such a path. Its handler returns what is answered as JSON, or an error, or Sent.
type Route struct {
	Path, Method string
	Handle       func(w http.ResponseWriter, r *http.Request) (any, error)
}

// Sent says that a handler has written its answer itself, with status 200. Reason is empty unless it went wrong on the
// way, when it was too late for a status.
type Sent struct{ Reason string }

// Invalid is a 400 about one field; param is empty where the request as a whole is wrong. The words must not quote a
// text.
func Invalid(param, words string) error { return invalid(param, words) }

// Refusal is a refusal with a reason of its own: upper case, and part of the interface.
func Refusal(status int, param, reason, words string) error {
	return &refusal{status: status, param: param, reason: reason, words: words}
}

// Wire is an error's body in OpenAI's shape, with its reason: for answers that have begun already.
func Wire(err error) (body []byte, reason string) {
	r := describe(err)
	body, failed := json.Marshal(r.wire())
	if failed != nil {
		panic(failed) // strings
	}
	return body, r.reason
}

// Weights names the model that answers in the header of its answer, whatever it is called.
func Weights(w http.ResponseWriter, sha256 string) { w.Header().Set(weightsHeader, sha256) }
