package serve

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"hives/internal/fault"
	"hives/internal/serve/schedule"
	hivesv1 "hives/proto/hives/v1"
)

// Domain of ErrorInfo.
const Domain = "hives"

// reasoned is an error with a name that clients may rely on. It adds nothing to the words and leaves the kind
// alone.
type reasoned struct {
	error
	reason string
}

func (r reasoned) Unwrap() error { return r.error }

// Refuse makes an error of a kind with a stable reason. The message must not quote a text. The reason is part of the
// interface (docs/EMBEDD.md lists them): clients branch on it, so it is never renamed, while the words may be.
func Refuse(kind fault.Kind, reason, format string, args ...any) error {
	return reasoned{fault.New(kind, format, args...), reason}
}

// Status turns any error into the one that goes over the wire, with ErrorInfo, and RetryInfo where trying again
// makes sense. The words of an error without a kind stay here: nobody has vouched for them.
//
// An example, as a client of gRPC sees it:
//
//	code     RESOURCE_EXHAUSTED
//	message  the queue is full: 131000 of 131072 tokens are waiting already; try again in 2.1s
//	details  ErrorInfo {reason: QUEUE_FULL, domain: hives}, RetryInfo {retry_delay: 2.1s}
func Status(err error) error {
	if err == nil {
		return nil
	}
	// Already a status: an interceptor or a companion has spoken.
	if s, ok := status.FromError(err); ok {
		return s.Err()
	}
	code, reason, words := describe(err)
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: Domain}}
	// Neither too much metadata nor a budget that is spent becomes right by waiting.
	if code == codes.ResourceExhausted && reason != "METADATA_TOO_LARGE" && reason != "JUDGE_BUDGET" {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter(err))})
	}
	// Without details the code and the words still say what happened.
	s, failed := status.New(code, words).WithDetails(details...)
	if failed != nil {
		return status.Error(code, words)
	}
	return s.Err()
}

// retryAfter is the queue's own guess, or a second where calls and streams are counted: how long those take is
// their clients' business, and nothing is known of it.
func retryAfter(err error) time.Duration {
	var full *schedule.FullError
	if errors.As(err, &full) {
		return full.Retry
	}
	return time.Second
}

// describe finds code, reason and words of an error. The order matters: a name that was given on purpose comes
// before what is guessed from the error's kind, and a context's end before "unknown", which would be called
// INTERNAL.
func describe(err error) (code codes.Code, reason, words string) {
	kind := fault.Of(err)
	code, reason, words = kind.GRPC(), kind.Reason(), err.Error()
	var named reasoned
	var full *schedule.FullError
	switch {
	case errors.As(err, &named):
		reason = named.reason
	case errors.As(err, &full):
		reason = "QUEUE_FULL"
	case errors.Is(err, context.DeadlineExceeded):
		code, reason, words = codes.DeadlineExceeded, "DEADLINE_EXCEEDED", "the deadline has passed"
	case errors.Is(err, context.Canceled):
		code, reason, words = codes.Canceled, "CANCELED", "the client went away"
	case kind == fault.Unknown:
		words = "internal error"
	}
	return code, reason, words
}

// streamError is Status for one request of a stream. gRPC has one status a stream; an error of one of its requests
// must not end the others, so it travels as a message with the same code, reason and delay.
func streamError(err error) *hivesv1.StreamError {
	s := status.Convert(Status(err))
	out := &hivesv1.StreamError{Code: int32(s.Code()), Message: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			out.Reason = d.Reason
		case *errdetails.RetryInfo:
			out.RetryDelay = d.RetryDelay
		}
	}
	return out
}
