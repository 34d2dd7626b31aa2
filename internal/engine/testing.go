package engine

import (
	"context"
	"sync"
	"testing"

	"hives/internal/fault"
)

// forTest opens one engine for a whole process of tests: loading and testing a plugin takes some half a second each
// time.
var forTest = sync.OnceValues(func() (*Engine, error) {
	kind, err := ParseKind("")
	if err != nil || kind != Auto {
		return Open(context.Background(), Options{Kind: kind})
	}
	// A GPU is never taken unasked by a test: the bounds of the golden values are those of the CPU.
	e, err := Open(context.Background(), Options{Kind: CPU})
	if err != nil && (fault.Of(err) == fault.NotFound || fault.Of(err) == fault.Unavailable) {
		return Open(context.Background(), Options{Kind: Go})
	}
	return e, err
})

// OpenForTest returns the engine that all tests of a process share: $HIVES_ENGINE where set, else the
// CPU plugin where installed, else the Go engine. Nobody closes it.
func OpenForTest(t testing.TB) *Engine {
	t.Helper()
	e, err := forTest()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", e.Choice)
	return e
}
