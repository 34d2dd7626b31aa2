package fault

import (
	"net/http"

	"google.golang.org/grpc/codes"
)

// wire is what a kind is called by the outside: one table for every service.
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
