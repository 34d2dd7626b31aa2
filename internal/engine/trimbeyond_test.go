package engine

import (
	"bytes"
	"testing"
	"time"
)

// What a process holds is seen to grow, and watching it ends when it is told to.
func TestTrimBeyond(t *testing.T) {
	before := resident()
	if before == 0 {
		t.Skip("the system does not tell how large a process is")
	}
	held := bytes.Repeat([]byte{1}, 64<<20)
	if grown := resident() - before; grown < 32<<20 {
		t.Errorf("grown by %d bytes after %d were written", grown, len(held))
	}
	stop := TrimBeyond(1 << 20)
	time.Sleep(3 * lookEach)
	stop()
	if held[len(held)-1] != 1 {
		t.Error("memory in use was given back")
	}
}
