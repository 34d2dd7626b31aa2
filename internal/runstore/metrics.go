package runstore

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Metrics appends to metrics.jsonl. It is not safe for concurrent use.
type Metrics struct {
	file *os.File
	size int64 // bytes of whole lines
}

// OpenMetrics opens the log to go on after a step: lines of later steps, which an interrupted run logged
// and will log again, are cut off, and so is a torn last line. A new run passes −1 and begins empty.
func (r *Run) OpenMetrics(afterStep int) (*Metrics, error) {
	path := filepath.Join(r.dir, metricsFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	keep, err := wholeLines(f, afterStep)
	if err == nil {
		err = f.Truncate(keep)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		f.Close()
		return nil, fsutil.Classify(err, path)
	}
	return &Metrics{file: f, size: keep}, nil
}

// wholeLines returns the size of the log up to the last line of a step ≤ last.
func wholeLines(f *os.File, last int) (size int64, err error) {
	lines := bufio.NewReader(f)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return size, nil // a line without its end is torn
		}
		if err != nil {
			return 0, err
		}
		var record struct {
			Step *int `json:"step"`
		}
		// Damage in the middle cannot be cut off without losing good lines, so it is the user's to decide.
		if err := json.Unmarshal(line, &record); err != nil || record.Step == nil {
			return 0, fault.New(fault.Corrupt,
				"%s: line %d is no record with a step; move the log away to go on without it", f.Name(), number)
		}
		if *record.Step > last {
			return size, nil
		}
		size += int64(len(line))
	}
}

// Append writes one record as a line, in the file before Append returns. The record encodes as a JSON
// object with an integer "step" that never falls.
func (m *Metrics) Append(record any) error {
	line, err := json.Marshal(record)
	if err != nil {
		return fault.New(fault.Invalid, "metrics log: %w", err)
	}
	// One write a line, unbuffered: whoever follows the file sees whole lines, and a kill loses none.
	n, err := m.file.Write(append(line, '\n'))
	if err != nil {
		if n > 0 {
			m.file.Truncate(m.size) // half a line must not run into the next
		}
		return fsutil.Classify(err, m.file.Name())
	}
	m.size += int64(n)
	return nil
}

// Sync makes the lines durable; call it before the checkpoint that a resume would cut the log at.
func (m *Metrics) Sync() error { return fsutil.Classify(m.file.Sync(), m.file.Name()) }

// Close ends the log.
func (m *Metrics) Close() error {
	return errors.Join(m.Sync(), m.file.Close())
}
