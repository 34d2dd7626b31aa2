//go:build cgo && !noxla && linux && (amd64 || arm64)

package engine

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Results of 40 MiB, which are freed and made again, cost few new pages where freed memory is kept: none to a quarter
// were seen. Without it, the control, each costs all of its 10,240 pages of 4 KiB.
func TestKeepFreed(t *testing.T) {
	const child = "HIVES_TEST_KEEP_FREED"
	if keep := os.Getenv(child); keep != "" {
		if keep == "yes" {
			KeepFreed()
		}
		fmt.Printf("faults %d\n", faultsOfResults(t))
		return
	}
	if OpenForTest(t).Name == Go {
		t.Skip("Go keeps memory by itself")
	}
	if pages, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); err == nil &&
		strings.Contains(string(pages), "[always]") {
		t.Skip("this system gives large pages unasked, so that faults count nothing")
	}
	faults := map[string]int64{}
	for _, keep := range []string{"yes", "no"} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKeepFreed$")
		cmd.Env = append(os.Environ(), child+"="+keep, tunables+"=glibc.malloc.hugetlb=0")
		out, err := cmd.Output()
		var n int64
		if _, scan := fmt.Sscanf(string(out), "faults %d", &n); err != nil || scan != nil {
			t.Fatalf("%v, %v: %s", err, scan, out)
		}
		faults[keep] = n
	}
	const pages = counted * 10240
	if faults["yes"] > pages*2/3 || faults["no"] < pages {
		t.Errorf("%d faults where freed memory is kept, %d where it is not", faults["yes"], faults["no"])
	}
}

// glibc before 2.38 splits small pieces off an aligned buffer, which stand between freed ones until its cache of such
// pieces is full. Results before that are not counted.
const first, counted = 16, 8

// faultsOfResults makes results one after the other.
func faultsOfResults(t *testing.T) int64 {
	e := OpenForTest(t)
	run, err := graph.NewExec(e.Backend, func(x *graph.Node) *graph.Node { return graph.AddScalar(x, 1) })
	if err != nil {
		t.Fatal(err)
	}
	defer run.Finalize()
	x := tensors.FromValue(make([]float32, 10<<20))
	var before, after syscall.Rusage
	for n := range first + counted {
		if n == first {
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
				t.Fatal(err)
			}
		}
		out, err := run.Call1(x)
		if err != nil {
			t.Fatal(err)
		}
		out.MustFinalizeAll()
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		t.Fatal(err)
	}
	return after.Minflt - before.Minflt
}

func TestHeapIsSet(t *testing.T) {
	for line, want := range map[string]bool{
		"GLIBC_TUNABLES=glibc.malloc.hugetlb=1":                          false,
		"GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1": true,
		"GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1048576":             true,
		"MALLOC_MMAP_THRESHOLD_=1048576":                                 true,
		"MALLOC_TRIM_THRESHOLD_=1048576":                                 true,
		"MALLOC_CHECK_=0":                                                false,
		"HOME=/mmap_max":                                                 false,
	} {
		if got := heapIsSet([]string{"PATH=/bin", line}); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
}
