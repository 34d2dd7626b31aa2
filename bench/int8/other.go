//go:build !(goexperiment.simd && amd64)

package main

import (
	"fmt"
	"os"
)

// The kernels need what only such a build has; the package is there for all others, so that ./... means the same.
func main() {
	fmt.Fprintln(os.Stderr, "int8: build it on amd64 with GOEXPERIMENT=simd")
	os.Exit(2)
}
