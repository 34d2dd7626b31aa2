//go:build cgo && !noxla && linux && (amd64 || arm64)

package engine

import (
	"os"
	"strings"
	"syscall"
)

// tunables is the variable that glibc reads when a program starts, and hugePages what it shall find there.
const (
	tunables  = "GLIBC_TUNABLES"
	hugePages = "glibc.malloc.hugetlb"
)

// HugePages begins the program anew, in the same process, with a C library that asks the system for large pages. XLA
// maps and unmaps buffers of hundreds of megabytes at every training step, and page by page of 4 KiB that was a third
// of its time. The library reads the wish at the start of a program and takes it from nowhere else. Where the
// variable says something of it, where the system has no such pages, or where a program cannot be begun anew, all
// stays as it is.
//
// It is for the first line of a main: what was done before is done twice.
func HugePages() {
	now := os.Getenv(tunables)
	program, err := os.Executable()
	if strings.Contains(now, hugePages) || err != nil {
		return
	}
	if now != "" {
		now += ":"
	}
	if os.Setenv(tunables, now+hugePages+"=1") == nil {
		_ = syscall.Exec(program, os.Args, os.Environ()) // on success nobody is here any more
	}
}
