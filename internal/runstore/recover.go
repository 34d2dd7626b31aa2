package runstore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Rebuild writes those of run.json and config.toml that are damaged or gone: config.toml where it is not config, and
// run.json, from info, where it cannot be read. What it replaces stays beside it under another name. It returns the
// names of what it wrote. It takes the lock, so it never writes into a run that is under way.
func Rebuild(dir string, config []byte, info Info) (written []string, err error) {
	lock, err := hold(dir)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	r := &Run{dir: dir, lock: lock, info: info}
	if stored, err := fsutil.ReadRegular(filepath.Join(dir, configFile)); err != nil || !bytes.Equal(stored, config) {
		if err := errors.Join(r.aside(configFile), writeConfig(dir, config)); err != nil {
			return nil, err
		}
		written = append(written, configFile)
	}
	if _, err := Read(dir); err == nil || fault.Of(err) == fault.Mismatch { // one of a newer format is whole
		return written, err
	}
	r.info.Format, r.info.Kind, r.info.ID = Format, Kind, newID()
	if err := errors.Join(r.aside(runFile), r.write()); err != nil {
		return nil, err
	}
	return append(written, runFile), nil
}

// aside gives a file another name.
func (r *Run) aside(name string) error {
	path := filepath.Join(r.dir, name)
	if err := os.Rename(path, path+".damaged"); !errors.Is(err, fs.ErrNotExist) {
		return fsutil.Classify(err, path)
	}
	return nil
}
