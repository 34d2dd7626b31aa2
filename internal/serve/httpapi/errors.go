package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/fault"
	"hives/internal/serve"
)

// refusal is an answer that is no success. It is this package's own error: what HTTP knows and gRPC does not (405,
// 415, param). All else comes from serve.Status, so that both interfaces give the same words and reasons.
type refusal struct {
	status int
	words  string
	param  string
	reason string // upper case, as in ErrorInfo
	retry  time.Duration
}

func (r *refusal) Error() string { return r.words }

// invalid is a 400 about one field; param is empty where the body as a whole is wrong.
func invalid(param, words string) error {
	return &refusal{status: http.StatusBadRequest, words: words, param: param, reason: fault.Invalid.Reason()}
}

// tooLarge is 413 for a body, before or after unpacking.
func tooLarge(most int) error {
	return &refusal{status: http.StatusRequestEntityTooLarge,
		words: "a body has at most " + strconv.Itoa(most) + " bytes", reason: "BODY_TOO_LARGE"}
}

// late is the answer to a request whose body did not come in time, whatever else is wrong with it: the reason stands
// behind, for when it comes. What is too large stays so; to send it again would not help.
func late(err error) error {
	r := describe(err)
	if r.status == http.StatusRequestEntityTooLarge || r.status == http.StatusRequestTimeout {
		return err
	}
	return &refusal{status: errSlowBody.status, words: errSlowBody.words + "; then: " + r.words,
		reason: errSlowBody.reason}
}

// params are the fields that reasons of the server below concern.
var params = map[string]string{
	"NO_TEXTS": "input", "EMPTY_TEXT": "input", "TEXT_TOO_LONG": "input", "TOO_MANY_TEXTS": "input",
	"TOO_MANY_TOKENS": "input", "UNKNOWN_ID": "input", "UNFRAMED_IDS": "input", "NO_TOKENIZER": "input",
	"DIMENSIONS": "dimensions",
}

// sizes are reasons for which HTTP has 413.
var sizes = map[string]bool{"TOO_MANY_TEXTS": true, "TOO_MANY_TOKENS": true, "REPLY_TOO_LARGE": true}

// describe turns any error into an answer: the words and reasons are those that gRPC gives.
//
//	QUEUE_FULL       RESOURCE_EXHAUSTED   429 with Retry-After
//	TEXT_TOO_LONG    INVALID_ARGUMENT     400
//	TOO_MANY_TEXTS   INVALID_ARGUMENT     413, which HTTP has a word for
//	UNAUTHENTICATED  UNAUTHENTICATED      401
//	STARTING         UNAVAILABLE          503
//	the deadline     DEADLINE_EXCEEDED    504
func describe(err error) *refusal {
	if r, ok := err.(*refusal); ok {
		return r
	}
	s := status.Convert(serve.Status(err))
	out := &refusal{status: fault.FromGRPC(s.Code()).HTTP(), words: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			out.reason = d.Reason
		case *errdetails.RetryInfo:
			out.retry = d.RetryDelay.AsDuration()
		}
	}
	out.param = params[out.reason]
	switch {
	case s.Code() == codes.Unauthenticated:
		out.status = http.StatusUnauthorized
	case s.Code() == codes.DeadlineExceeded:
		out.status = http.StatusGatewayTimeout
	case sizes[out.reason]:
		out.status = http.StatusRequestEntityTooLarge
	}
	return out
}

// headers beside the body. Retry-After counts whole seconds and is rounded up: a client that comes too early is
// refused again.
func (r *refusal) headers(h http.Header) {
	if r.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if r.status == http.StatusUnsupportedMediaType {
		h.Set("Accept-Encoding", "gzip") // what would be read, as RFC 9110 asks
	}
	if r.retry > 0 {
		seconds := (r.retry + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.Itoa(int(seconds)))
		h.Set("Retry-After-Ms", strconv.FormatInt(r.retry.Milliseconds(), 10)) // OpenAI's clients prefer it
	}
}

// wireError is the object under "error", field by field as OpenAI's clients parse it.
type wireError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// wire is the answer's body. OpenAI's clients branch on type, then on code; param and code are null, not empty,
// where there is none.
func (r *refusal) wire() map[string]wireError {
	out := wireError{Message: r.words, Type: "invalid_request_error"}
	switch {
	case r.status == http.StatusTooManyRequests:
		out.Type = "rate_limit_error"
	case r.status >= http.StatusInternalServerError:
		out.Type = "server_error"
	}
	if r.param != "" {
		out.Param = &r.param
	}
	if code := strings.ToLower(r.reason); code != "" {
		out.Code = &code
	}
	return map[string]wireError{"error": out}
}
