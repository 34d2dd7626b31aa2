package main

import (
	"fmt"
	"io"

	"hives/internal/cli"
	"hives/internal/hub"
)

// megabytes counts in MB what comes in bytes. Only whole megabytes are shown, and the last step goes to the total,
// so that the bar ends at its end. shown keeps what was given to the bar: rounding each piece by itself would lose a
// megabyte here and there.
//
// Invariant: after each call shown is ⌊bytes/mb⌋, and ⌈total/mb⌉ when the last byte has come.
//
//	total 2,500,000: the bar has 3 steps
//	1,400,000 come      step 1, shown 1
//	1,000,000 come      step 1, shown 2
//	  100,000 come      step 1, shown 3: the end
//
// Pieces of 0.4 MB, each rounded by itself, would never move the bar.
func megabytes(total int64) (func(int64, bool), func()) {
	const mb = 1_000_000
	bar := cli.NewProgress("download", "MB", (total+mb-1)/mb, 0)
	bytes, shown := int64(0), int64(0)
	add := func(n int64, before bool) { // the download calls it from one goroutine at a time
		bytes += n
		step := bytes/mb - shown
		if bytes == total {
			step = (total+mb-1)/mb - shown
		}
		shown += step
		// Bytes of an earlier start count into the total and not into the rate.
		if before {
			bar.Replay(step)
			return
		}
		bar.Add(step)
	}
	return add, bar.Close
}

// showDownload prints a line a file for a dry run, and in any case what the folder holds.
func showDownload(w io.Writer, r hub.Result, dry bool) error {
	for _, p := range r.Plan {
		if dry {
			fmt.Fprintf(w, "%12d  %-5s  %s\n", p.Size, p.From, p.Name)
		}
	}
	verb := "holds"
	if dry {
		verb = "would hold"
	}
	_, err := fmt.Fprintf(w, "%s %s %s at %s: %d files, %d bytes\n", r.Out, verb, r.ID, r.Commit, len(r.Plan),
		r.Bytes())
	return err
}
