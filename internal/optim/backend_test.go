package optim

import (
	"os"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	_ "github.com/gomlx/go-xla/compute/xla"
)

var openBackend = sync.OnceValues(func() (compute.Backend, error) {
	os.Setenv("GOMLX_NO_AUTO_INSTALL", "1")
	name := os.Getenv("TMP_BACKEND")
	if name == "" {
		name = "go"
	}
	return compute.NewWithConfig(name)
})

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
