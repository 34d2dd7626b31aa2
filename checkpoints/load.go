package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
)

// Reader reads the tensors of a checkpoint: Names, Info and Tensor by name.
type Reader = safetensorsio.File

// Checkpoint is a verified checkpoint; its tensors are views of the file until Close. Who wants them longer
// copies them.
type Checkpoint struct {
	Path    string
	Meta    Meta
	Tensors *Reader
}

// Close ends the views of the tensors.
func (c *Checkpoint) Close() error { return c.Tensors.Close() }

// Entry is a checkpoint folder that nobody has verified.
type Entry struct {
	Step int
	Path string
}

// folderName pads the step so that names sort by it.
func folderName(step int) string { return fmt.Sprintf("step-%09d", step) }

// List returns the checkpoints of dir by step, ascending; a folder that does not exist has none. A name counts
// only if it is written just as folderName writes it: "step-120", ".step-000000240.tmp-…" and copies by hand are
// passed over.
func List(dir string) ([]Entry, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fsutil.Classify(err, dir)
	}
	var out []Entry
	for _, f := range files {
		digits, found := strings.CutPrefix(f.Name(), "step-")
		step, err := strconv.Atoi(digits)
		if found && err == nil && f.Name() == folderName(step) {
			out = append(out, Entry{step, filepath.Join(dir, f.Name())})
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return a.Step - b.Step })
	return out, nil
}

// Latest opens the newest undamaged checkpoint of dir; skipped names what is wrong with each newer one.
// Without any the error is NotFound; if all are damaged it is Corrupt, because starting anew would then
// throw a run away in silence.
func Latest(dir string) (latest *Checkpoint, skipped []error, err error) {
	return LatestUpTo(dir, math.MaxInt)
}

// LatestUpTo is Latest among the checkpoints of at most a number of steps. It goes from the newest back, and
// there are three ways for a checkpoint to be no good:
//
//	damaged, or its step is not its name's     named in skipped; the one before is tried
//	of a newer format, or not to be read       an error at once: falling back would hide that a newer build is needed
//	all damaged                                an error: a run that began anew would overwrite what could be saved
func LatestUpTo(dir string, step int) (latest *Checkpoint, skipped []error, err error) {
	entries, err := List(dir)
	if err != nil {
		return nil, nil, err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Step > step })
	for _, e := range slices.Backward(entries) {
		c, err := Load(e.Path)
		// A folder renamed or copied by hand: resuming from it would repeat or skip batches.
		if err == nil && c.Meta.Step != e.Step {
			c.Close()
			err = fault.New(fault.Corrupt, "%s holds step %d", e.Path, c.Meta.Step)
		}
		if err == nil {
			return c, skipped, nil
		}
		if kind := fault.Of(err); kind == fault.Mismatch || kind == fault.Invalid {
			return nil, skipped, err // a newer format or no permission: falling back would hide it
		}
		skipped = append(skipped, err)
	}
	if len(skipped) > 0 {
		return nil, skipped, fault.New(fault.Corrupt, "%s: all %d checkpoints are damaged: %w", dir, len(skipped), skipped[0])
	}
	return nil, nil, fault.New(fault.NotFound, "%s: no checkpoint", dir)
}

// Load verifies the checkpoint in the folder path and opens it. Damage of any kind, a missing file
// included, is Corrupt; a missing folder is NotFound.
func Load(path string) (*Checkpoint, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fsutil.Classify(err, path)
	}
	c, err := load(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fault.New(fault.Corrupt, "a file is missing: %w", err)
		}
		return nil, fmt.Errorf("checkpoint %s: %w", path, err)
	}
	return c, nil
}

// load verifies before it parses, so that a parser's complaint never stands for a flipped bit. The order is sums,
// state, tensors: each is trusted only after the one before.
func load(path string) (*Checkpoint, error) {
	if err := verify(path); err != nil {
		return nil, err
	}
	raw, err := fsutil.ReadRegular(filepath.Join(path, stateFile))
	if err != nil {
		return nil, err
	}
	meta, err := decodeMeta(raw)
	if err != nil {
		return nil, err
	}
	tensors, err := safetensorsio.Open(filepath.Join(path, tensorsFile))
	if err != nil {
		return nil, err
	}
	return &Checkpoint{Path: path, Meta: meta, Tensors: tensors}, nil
}

// verify compares both files with SHA256SUMS, which must list exactly these. A flipped bit in the sums themselves
// shows as a difference too. Every byte is read: about a second for each 1.2 GB. It is done at every load, since
// a checkpoint is read once in hours and a silent error in a moment would be trained on.
func verify(path string) error {
	raw, err := fsutil.ReadRegular(filepath.Join(path, sumsFile))
	if err != nil {
		return fsutil.Classify(err, path)
	}
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	names := []string{tensorsFile, stateFile}
	if len(lines) != len(names) {
		return fault.New(fault.Corrupt, "%s has %d lines instead of %d", sumsFile, len(lines), len(names))
	}
	for i, name := range names {
		sum, err := fsutil.SHA256(filepath.Join(path, name))
		if err != nil {
			return err
		}
		if lines[i] != sum+"  "+name {
			return fault.New(fault.Corrupt, "%s is not what %s says: it was damaged", name, sumsFile)
		}
	}
	return nil
}
