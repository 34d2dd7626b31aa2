package engine

import (
	"fmt"
	"os"
	"time"
)

// lookEach is how often TrimBeyond looks: in that time a core's products take some 15 MB.
const lookEach = 100 * time.Millisecond

// TrimBeyond calls Trim each time that this process has grown by so many bytes, until stop is called. Buffers that were
// freed in the midst of a long computation are then given back before its end: the 0.6B in bf16 grew from 1.88 to 3.44
// GB in one batch of 2,048 tokens. Where the system does not tell how large a process is, nothing is done.
func TrimBeyond(growth int64) (stop func()) {
	last, done, ended := resident(), make(chan struct{}), make(chan struct{})
	if last == 0 {
		return func() {}
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(lookEach)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if now := resident(); now-last >= growth {
				Trim()
				last = resident()
			} else {
				last = min(last, now)
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// resident is the memory of this process in bytes, 0 where it is not known.
func resident() int64 {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(raw), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
