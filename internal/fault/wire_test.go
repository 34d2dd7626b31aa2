package fault

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
)

// TestEveryKindHasAPlaceOnTheWire holds the table to have a row a kind, each with a failure code and a name of its own.
func TestEveryKindHasAPlaceOnTheWire(t *testing.T) {
	if len(wire) != len(names) {
		t.Fatalf("%d rows for %d kinds", len(wire), len(names))
	}
	seen := map[string]Kind{}
	for k := Unknown; k <= Canceled; k++ {
		if k.GRPC() == codes.OK || k.HTTP() < http.StatusBadRequest || k.Reason() == "" {
			t.Errorf("%v: code %v, status %d, reason %q", k, k.GRPC(), k.HTTP(), k.Reason())
		}
		if other, taken := seen[k.Reason()]; taken {
			t.Errorf("%v and %v are both called %s", k, other, k.Reason())
		}
		seen[k.Reason()] = k
	}
	if Invalid.GRPC() != codes.InvalidArgument || Exhausted.HTTP() != http.StatusTooManyRequests {
		t.Errorf("invalid is %v, exhausted %d", Invalid.GRPC(), Exhausted.HTTP())
	}
}
