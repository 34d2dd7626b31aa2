package fault

import (
	"net/http"

	"google.golang.org/grpc/codes"
)

// wire is what a kind is called by the outside: one table for every service. An array by kind: a new kind without a
// row is caught by TestEveryKindHasAPlaceOnTheWire.
var wire = [...]struct {
	grpc   codes.Code
	http   int
	reason string
}{
	Unknown:     {codes.Internal, http.StatusInternalServerError, "INTERNAL"},
	Invalid:     {codes.InvalidArgument, http.StatusBadRequest, "INVALID"},
	NotFound:    {codes.NotFound, http.StatusNotFound, "NOT_FOUND"},
	Exists:      {codes.AlreadyExists, http.StatusConflict, "EXISTS"},
	Mismatch:    {codes.FailedPrecondition, http.StatusConflict, "MISMATCH"},
	Exhausted:   {codes.ResourceExhausted, http.StatusTooManyRequests, "EXHAUSTED"},
	Unavailable: {codes.Unavailable, http.StatusServiceUnavailable, "UNAVAILABLE"},
	Corrupt:     {codes.DataLoss, http.StatusInternalServerError, "CORRUPT"},
	Canceled:    {codes.Canceled, 499, "CANCELED"}, // 499: what proxies write for a client that went away
}

// GRPC is the kind's gRPC code.
func (k Kind) GRPC() codes.Code { return wire[k].grpc }

// HTTP is the kind's HTTP status.
func (k Kind) HTTP() int { return wire[k].http }

// Reason is the kind's name for programs, as ErrorInfo carries it.
func (k Kind) Reason() string { return wire[k].reason }

// FromGRPC is the kind that a server's code stands for; codes that no kind is sent as go to the nearest. For kinds
// that this table sends, there and back is the same kind (TestKindsSurviveTheWire).
func FromGRPC(c codes.Code) Kind {
	switch c {
	case codes.DeadlineExceeded:
		return Canceled
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.OutOfRange:
		return Invalid // the caller's move
	}
	for k := range wire {
		if wire[k].grpc == c {
			return Kind(k)
		}
	}
	return Unknown
}

// FromHTTP is the kind that an HTTP error stands for. It serves answers of hubs and endpoints that are not ours, so
// it goes by classes of status.
func FromHTTP(status int) Kind {
	switch {
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusConflict:
		return Mismatch
	case status == http.StatusTooManyRequests:
		return Exhausted
	case status/100 == 5, status == http.StatusRequestTimeout:
		return Unavailable
	case status/100 == 4:
		return Invalid
	}
	return Unknown
}
