//go:build cgo && !noxla && linux && (amd64 || arm64)

package engine

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A program that begins itself anew keeps its arguments, and does so once; what somebody else has said stays.
func TestHugePages(t *testing.T) {
	const child = "HIVES_TEST_HUGE_PAGES"
	if os.Getenv(child) != "" {
		HugePages()
		fmt.Printf("begun with %s, process %d\n", os.Getenv(tunables), os.Getpid())
		return
	}
	for given, want := range map[string]string{
		"":                         "glibc.malloc.hugetlb=1",
		"glibc.malloc.arena_max=1": "glibc.malloc.arena_max=1:glibc.malloc.hugetlb=1",
		"glibc.malloc.hugetlb=0":   "glibc.malloc.hugetlb=0",
	} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestHugePages$")
		cmd.Env = append(os.Environ(), child+"=1", tunables+"="+given)
		out, err := cmd.Output()
		if line := fmt.Sprintf("begun with %s, process %d\n", want, cmd.ProcessState.Pid()); err != nil ||
			strings.Count(string(out), "begun") != 1 || !strings.Contains(string(out), line) {
			t.Errorf("given %q: %v\n%s\nwant %s", given, err, out, line)
		}
	}
}
