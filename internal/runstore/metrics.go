package runstore

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Metrics appends to metrics.jsonl. Sync may be called beside Append; nothing else is safe for concurrent use.
// Whoever opens it owes Close.
//
// How it stays the log of one uninterrupted run: a step logs its line, then the lines are synced, then the step's
// checkpoint is saved. A run that is killed at step 137 goes on from the checkpoint of step 120, and opens the log
// with OpenMetrics(120), which cuts off 121 to 137; they come again, with the same numbers.
//
// Invariant: after a resume the log equals that of a run left alone (TestResumedLogEqualsUninterrupted).
type Metrics struct {
	file *os.File
	size int64          // bytes of whole lines
	last map[string]int // step of the last line of each "kind" that was there at the opening
}

// HasMetrics tells whether there is a log.
func (r *Run) HasMetrics() bool {
	_, err := os.Stat(filepath.Join(r.dir, metricsFile))
	return err == nil
}

// OpenMetrics opens the log to go on after a step: lines of later steps, which an interrupted run logged
// and will log again, are cut off, and so is a torn last line. A new run passes −1 and begins empty.
func (r *Run) OpenMetrics(afterStep int) (*Metrics, error) {
	path := filepath.Join(r.dir, metricsFile)
	if err := fsutil.CheckRegular(path); err != nil {
		return nil, err
	}
	// Appending is the system's own: two lines written at once by a mistake do not overwrite each other.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	m := &Metrics{file: f, last: map[string]int{}}
	err = m.wholeLines(afterStep)
	if err == nil {
		err = f.Truncate(m.size)
	}
	if err == nil {
		err = errors.Join(fsutil.SyncFile(f), fsutil.SyncDir(r.dir)) // its name too: it may be new
	}
	if err != nil {
		f.Close()
		return nil, fsutil.Classify(err, path)
	}
	return m, nil
}

// wholeLines reads the log up to the last line of a step ≤ last. Steps never fall, so the first line of a later step
// ends the search: all behind it is later too.
func (m *Metrics) wholeLines(last int) error {
	lines := bufio.NewReader(m.file)
	hole := 0 // number of the first line with zeros: a power cut may leave them in place of lines that were not synced
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // a line without its end is torn
		}
		if err != nil {
			return err
		}
		var record struct {
			Kind string `json:"kind"`
			Step *int   `json:"step"`
		}
		if hole == 0 && bytes.IndexByte(line, 0) >= 0 {
			hole = number
			continue
		}
		err = json.Unmarshal(line, &record)
		if err == nil && record.Step != nil && *record.Step > last {
			return nil
		}
		// Damage in the middle cannot be cut off without losing good lines, so it is the user's to decide.
		if err != nil || record.Step == nil || hole > 0 {
			return fault.New(fault.Corrupt,
				"%s: line %d is no record with a step; move the log away to go on without it", m.file.Name(), cmp.Or(hole, number))
		}
		m.size += int64(len(line))
		m.last[record.Kind] = *record.Step
	}
}

// Last returns the step of the last line of a kind that the opening kept, −1 without one.
func (m *Metrics) Last(kind string) int {
	if step, ok := m.last[kind]; ok {
		return step
	}
	return -1
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

// Sync makes the lines durable; call it before the checkpoint that a resume would cut the log at. A line that is in
// the file survives the process; only a synced one survives a power cut.
func (m *Metrics) Sync() error { return fsutil.Classify(fsutil.SyncFile(m.file), m.file.Name()) }

// Close ends the log.
func (m *Metrics) Close() error {
	return errors.Join(m.Sync(), m.file.Close())
}

// FindMetrics decodes the last line of a kind and step in the log of the run in dir, which may be under way. found
// is false without such a line, and without a log. The last of several counts: a step that was logged, lost and
// logged again may stand twice in a log that nobody has cut yet.
func FindMetrics(dir, kind string, step int, into any) (found bool, err error) {
	raw, err := fsutil.ReadRegular(filepath.Join(dir, metricsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fsutil.Classify(err, filepath.Join(dir, metricsFile))
	}
	for line := range bytes.Lines(raw) {
		var record struct {
			Kind string `json:"kind"`
			Step int    `json:"step"`
		}
		// A line that is being written is torn; damage is for the resume to refuse.
		if json.Unmarshal(line, &record) != nil || record.Kind != kind || record.Step != step {
			continue
		}
		if err := json.Unmarshal(line, into); err != nil {
			return false, fault.New(fault.Corrupt, "%s: the line of step %d: %w", metricsFile, step, err)
		}
		found = true
	}
	return found, nil
}
