//go:build cgo && !noxla && linux && (amd64 || arm64)

package engine

import (
	"os"
	"strings"
	"syscall"
)

// kept is what the C library shall find when a program starts that keeps freed memory: no allocation by mmap, which is
// unmapped when it is freed; no end of the heap given back; one heap, since others cannot hold a large buffer and take
// mmap after all. Set at run time the last comes too late.
const kept = "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1000000000000:glibc.malloc.arena_max=1"

// mayGrow is how far a process grows over what it held before all that is freed goes back to the system. A step's
// buffers are about as large, and it is to go back between shapes and not within each step.
const mayGrow = 1 << 30

// KeepFreed lets the C library keep what the plugin frees. It begins the program anew for it, as HugePages does, so it
// is for a place where nothing was done yet. A step of training then finds the buffers of the step before. Else the
// system clears their pages anew each time, which was 1.6 processor seconds of a step of 5.4 (adapters of SmolLM2,
// docs/LOG.md). Buffers of other shapes leave gaps, so whenever the process has grown much, all that is free goes back
// at once (TrimBeyond).
//
// It is for runs that hold little beside a step's buffers. Where weights and moments are as large as these it gains
// less, and the peak grows by a fifth. Where the environment says something of these settings, all stays as it is.
func KeepFreed() {
	now := os.Getenv(tunables)
	program, err := os.Executable()
	switch {
	case strings.HasSuffix(now, kept):
		TrimBeyond(mayGrow)
	case err != nil || heapIsSet(os.Environ()):
	default:
		if now != "" {
			now += ":"
		}
		if os.Setenv(tunables, now+kept) == nil {
			_ = syscall.Exec(program, os.Args, os.Environ()) // on success nobody is here any more
		}
	}
}

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
