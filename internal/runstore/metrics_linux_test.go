package runstore

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hives/internal/fault"
)

// The disk fills up in the middle of a line: the log keeps whole lines only, and goes on once there is room.
func TestMetricsKeepWholeLinesOnASmallDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32k"); err != nil {
		t.Skipf("no mount: %v; TestMetricsOnAFullDisk writes to /dev/full instead", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 8<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, metricsFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	m := &Metrics{file: f}
	defer m.Close()
	long := struct {
		Step int    `json:"step"`
		Note string `json:"note"`
	}{1, strings.Repeat("x", 1000)}
	lines := 0
	for ; err == nil; lines++ {
		err = m.Append(long)
	}
	if fault.Of(err) != fault.Exhausted {
		t.Fatalf("after %d lines: %v", lines, err)
	}
	if got := readLog(t, dir); !strings.HasSuffix(got, "\n") || strings.Count(got, "\n") != lines-1 {
		t.Errorf("%d whole lines in %d bytes, want %d", strings.Count(got, "\n"), len(got), lines-1)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := m.Append(long); err != nil || strings.Count(readLog(t, dir), "\n") != lines {
		t.Errorf("with room again: %v", err)
	}
}
