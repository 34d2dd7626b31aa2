package runs

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"

	"hives/internal/fsutil"
	"hives/internal/runstore"
)

// tailSize is how many bytes before the place that was read to are compared with those of the last time: some ten
// lines. Lines of steps hold their rate of tokens, so that a log which was cut and written on hardly ends alike.
const tailSize = 4096

// logState is how far a log was read. bad counts whole lines that are no record, over all reads. size counts whole
// lines only: the byte after it begins the next one.
type logState struct {
	size int64
	tail []byte
	bad  int
}

// point is a figure at a step, as one row of the table points.
type point struct {
	name  string
	step  int
	value float64
}

// readLog returns the points that a log has beyond the state, and the state after it. again tells that the log is
// not the one of the last time, so that the points are all there are.
//
//	first look      size 0        → all lines, state 9,000 bytes
//	ten lines more  9,000 → 9,800 → ten lines
//	a resume cut it 9,800 → 8,200 → shorter than what was read: all of it again
//	cut and grown   9,800 → 9,900 → the digest before 9,800 is another: all of it again
//
// Invariant: points that were read once are not read again, unless the log is another one (TestOnlyWhatIsNewIsRead,
// TestLogIsFollowed).
// A log that is gone has nothing to say: again is true where points of it are known, so that they go too.
func readLog(path string, from logState) (points []point, now logState, again bool, err error) {
	f, err := fsutil.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, logState{tail: []byte{}}, from.size > 0, nil
	}
	if err != nil {
		return nil, from, false, err
	}
	defer f.Close()
	same, err := continues(f, from)
	if err != nil {
		return nil, from, false, err
	}
	if !same {
		from = logState{}
	}
	if _, err := f.Seek(from.size, io.SeekStart); err != nil {
		return nil, from, false, err
	}
	// What is new stands in memory whole; at the first look that is the log itself.
	raw, err := io.ReadAll(f)
	if err != nil {
		return nil, from, false, err
	}
	whole := raw[:bytes.LastIndexByte(raw, '\n')+1] // the rest is being written, or torn
	now = logState{size: from.size + int64(len(whole)), bad: from.bad}
	for line := range bytes.Lines(whole) {
		more, ok := parse(line)
		if !ok {
			now.bad++
		}
		points = append(points, more...)
	}
	now.tail, err = tailOf(f, now.size)
	return points, now, !same, err
}

// continues tells whether the log still begins with what was read of it. Its end is compared, not all of it: what a
// resume cuts and writes anew differs just before that place.
func continues(f *os.File, from logState) (bool, error) {
	stat, err := f.Stat()
	if err != nil || stat.Size() < from.size {
		return false, err
	}
	tail, err := tailOf(f, from.size)
	return from.size == 0 || bytes.Equal(tail, from.tail), err
}

// tailOf is the digest of the last bytes before end. Fewer bytes than tailSize where the log is shorter, so the
// beginning of a log counts too.
// The digest is kept and not the bytes, since it stands in a row that every look reads.
func tailOf(f *os.File, end int64) ([]byte, error) {
	raw := make([]byte, min(end, tailSize))
	if _, err := f.ReadAt(raw, end-int64(len(raw))); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
}

// parse takes the figures of a line: "kind field", with a dot before the parts of objects and lists. {"kind":
// "validation", "step": 100, "ranking_accuracy": {"all": 0.6}} gives one point: "validation ranking_accuracy.all" at
// 100.
// A line needs "kind" and "step"; NameTerms gives losses of older logs the names that newer ones have.
func parse(line []byte) (points []point, ok bool) {
	var fields map[string]any
	if json.Unmarshal(line, &fields) != nil {
		return nil, false
	}
	step, numbered := fields["step"].(float64)
	kind, named := fields["kind"].(string)
	if !numbered || !named {
		return nil, false
	}
	delete(fields, "step")
	runstore.NameTerms(fields)
	for name, value := range fields {
		points = gather(points, kind+" "+name, int(step), value)
	}
	return points, true
}

// gather adds a number, or the numbers inside; null and text are no figures. Lists are numbered from 1, as levels
// of a theory are.
//
//	"loss_levels": [4.1, null, 3.9]     loss_levels.1 = 4.1, loss_levels.3 = 3.9
//	"loss_scale": null                  nothing
func gather(points []point, name string, step int, value any) []point {
	switch v := value.(type) {
	case float64:
		points = append(points, point{name, step, v})
	case []any:
		for k, part := range v {
			points = gather(points, name+"."+strconv.Itoa(k+1), step, part)
		}
	case map[string]any:
		for key, part := range v {
			points = gather(points, name+"."+key, step, part)
		}
	}
	return points
}
