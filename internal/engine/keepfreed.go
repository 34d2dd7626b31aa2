//go:build cgo && !noxla && linux && (amd64 || arm64)

package engine

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
// No allocation by mmap, which is unmapped when it is freed; no end of the heap is given back; one heap for all.
static void keep(void) { mallopt(M_MMAP_MAX, 0); mallopt(M_TRIM_THRESHOLD, -1); mallopt(M_ARENA_MAX, 1); }
#else
static void keep(void) {}
#endif
*/
import "C"

import (
	"os"
	"strings"
)

// mayGrow is how far a process grows over what it held before all that is freed goes back to the system. With 256 MiB
// that happened within steps, and half the gain was lost.
const mayGrow = 1 << 30

// KeepFreed lets the C library keep what the plugin frees, for the rest of the process. A step of training then finds
// the buffers of the step before. Else the system clears their pages anew each time, which was 1.3 processor seconds of
// a step of 5.4 (adapters of SmolLM2, docs/LOG.md). Buffers of other shapes leave gaps, so whenever the process has
// grown much, all that is free goes back at once (TrimBeyond).
//
// It is for runs that hold little beside a step's buffers. Where weights and moments are as large as these it gains
// less, and the peak grows by a fifth. Where the environment says something of these settings, all stays as it is.
func KeepFreed() {
	if !heapIsSet(os.Environ()) {
		keepFreed()
		TrimBeyond(mayGrow)
	}
}

func keepFreed() { C.keep() }

// heapIsSet tells whether somebody chose what becomes of freed memory, as docs/TRAINING.md shows.
func heapIsSet(env []string) bool {
	for _, line := range env {
		name, value, _ := strings.Cut(line, "=")
		for _, word := range []string{"mmap_", "trim_threshold", "arena_max"} {
			if strings.HasPrefix(name, "MALLOC_"+strings.ToUpper(word)) ||
				name == tunables && strings.Contains(value, "glibc.malloc."+word) {
				return true
			}
		}
	}
	return false
}
