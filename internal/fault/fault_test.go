package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"google.golang.org/grpc/codes"
)

func TestOfFindsTheOutermostKind(t *testing.T) {
	inner := New(Corrupt, "torn: %w", io.ErrUnexpectedEOF)
	cases := []struct {
		name string
		err  error
		want Kind
	}{
		{"none", nil, Unknown},
		{"no kind", io.EOF, Unknown},
		{"itself", inner, Corrupt},
		{"wrapped by fmt", fmt.Errorf("read: %w", inner), Corrupt},
		{"wrapped by another kind", New(Mismatch, "model: %w", inner), Mismatch},
		{"joined", errors.Join(io.EOF, inner), Corrupt},
		{"cancelled context", fmt.Errorf("encode: %w", context.Canceled), Canceled},
		{"deadline", context.DeadlineExceeded, Canceled},
	}
	for _, c := range cases {
		if got := Of(c.err); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if !errors.Is(New(Mismatch, "model: %w", inner), io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}

// TestKindsAreFoundInTheChain: a kind is found wherever it stands, and As gives the outermost.
func TestKindsAreFoundInTheChain(t *testing.T) {
	inner := New(Corrupt, "torn: %w", io.ErrUnexpectedEOF)
	outer := fmt.Errorf("open: %w", New(Mismatch, "model: %w", inner))
	for k := range Kind(len(names)) {
		if got, want := errors.Is(outer, k), k == Corrupt || k == Mismatch; got != want {
			t.Errorf("%v is found: %v, want %v", k, got, want)
		}
	}
	var k Kind
	if !errors.As(outer, &k) || k != Mismatch {
		t.Errorf("the outermost kind is %v", k)
	}
	if errors.Is(io.EOF, Unknown) || errors.As(io.EOF, &k) {
		t.Error("an error of others has a kind")
	}
}

func TestExitCodes(t *testing.T) {
	cases := []struct {
		name string
		err  error
		want int
	}{
		{"done", nil, ExitDone},
		{"failed", New(Corrupt, "torn"), ExitFailed},
		{"usage", fmt.Errorf("train: %w", Usage(New(Invalid, "no such flag"))), ExitUsage},
		{"interrupted with a save", fmt.Errorf("train: %w", Saved(context.Canceled)), ExitInterrupted},
		{"interrupted without", context.Canceled, ExitFailed},
	}
	for _, c := range cases {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
	}
	if got := Of(Usage(New(Invalid, "x"))); got != Invalid {
		t.Errorf("a usage error has kind %v", got)
	}
}

func TestEveryKindHasAName(t *testing.T) {
	seen := map[string]bool{}
	for k := Unknown; k <= Canceled; k++ {
		if k.String() == "" || seen[k.String()] {
			t.Errorf("kind %d is called %q", k, k.String())
		}
		seen[k.String()] = true
	}
}

func TestKindsSurviveTheWire(t *testing.T) {
	for k := Unknown; k <= Canceled; k++ {
		if got := FromGRPC(k.GRPC()); got != k {
			t.Errorf("%v comes back from gRPC as %v", k, got)
		}
	}
	for code, want := range map[codes.Code]Kind{codes.DeadlineExceeded: Canceled, codes.Unauthenticated: Invalid,
		codes.Aborted: Unknown} {
		if got := FromGRPC(code); got != want {
			t.Errorf("%v: %v, want %v", code, got, want)
		}
	}
	for status, want := range map[int]Kind{400: Invalid, 401: Invalid, 404: NotFound, 409: Mismatch, 422: Invalid,
		429: Exhausted, 408: Unavailable, 502: Unavailable, 302: Unknown} {
		if got := FromHTTP(status); got != want {
			t.Errorf("HTTP %d: %v, want %v", status, got, want)
		}
	}
}
