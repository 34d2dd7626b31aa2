package steer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// journal keeps what came of a run, a line each, so that a stopped run goes on. The first line is what all others
// depend on.
//
//	{"about":{"seed":"1","weights_sha256":"ab…"}}
//	{"key":"answer/0","value":{…}}
//
// A line that a kill tore off in the middle is cut away: what it held is computed again, to the same bytes. Invariant:
// a line is written before what it says is counted, and nothing is written twice under a key. The order of lines is
// that of the work and changes no result.
type journal struct {
	path string
	file *os.File
	done map[string]json.RawMessage
}

type journalLine struct {
	About map[string]string `json:"about,omitempty"`
	Key   string            `json:"key,omitempty"`
	Value json.RawMessage   `json:"value,omitempty"`
}

// openJournal goes on with a journal or begins one. One of other settings is refused, with what differs. The about
// holds hashes of the weights, the tokenizer and the texts, and every setting that a number hangs on. Paths are not in
// it: a model that was moved is the same model.
func openJournal(path string, about map[string]string) (*journal, error) {
	j := &journal{path: path, done: map[string]json.RawMessage{}}
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fsutil.Classify(err, path)
	}
	whole, err := j.read(raw, about)
	if err != nil {
		return nil, err
	}
	if err := fsutil.MakeFolders(filepath.Dir(path)); err != nil {
		return nil, fsutil.Classify(err, path)
	}
	if j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, fsutil.Classify(err, path)
	}
	if err = j.file.Truncate(int64(whole)); err == nil {
		_, err = j.file.Seek(int64(whole), 0)
	}
	if err == nil && whole == 0 {
		err = j.write(journalLine{About: about})
	}
	if err != nil {
		j.file.Close()
		return nil, fsutil.Classify(err, path)
	}
	return j, nil
}

// read takes whole lines in and returns how many bytes they are.
//
//	{"about":…}⏎{"key":"answer/0",…}⏎{"key":"answ          whole are two lines; the file is cut behind them
func (j *journal) read(raw []byte, about map[string]string) (whole int, err error) {
	for first := true; ; first = false {
		end := bytes.IndexByte(raw[whole:], '\n')
		if end < 0 {
			return whole, nil
		}
		var line journalLine
		if json.Unmarshal(raw[whole:whole+end], &line) != nil {
			if whole+end+1 == len(raw) {
				return whole, nil // torn, and its end was written by a file system that fills with what it likes
			}
			return 0, fault.New(fault.Corrupt, "%s: a line that is no JSON, at byte %d: remove the file to begin anew", j.path,
				whole)
		}
		if first {
			if err := sameSettings(j.path, line.About, about); err != nil {
				return 0, err
			}
		} else {
			j.done[line.Key] = line.Value
		}
		whole += end + 1
	}
}

// sameSettings names what a stopped run had otherwise.
// All that differ are named at once: who changed three would otherwise start three times.
func sameSettings(path string, had, has map[string]string) error {
	if maps.Equal(had, has) {
		return nil
	}
	var differ []string
	for _, key := range slices.Sorted(maps.Keys(has)) {
		if had[key] != has[key] {
			differ = append(differ, key+" ("+brief(had[key])+", now "+brief(has[key])+")")
		}
	}
	return fault.New(fault.Mismatch, "%s: the stopped run had other settings: %s: go on with the same ones, or remove "+
		"the file to begin anew",
		path, strings.Join(differ, "; "))
}

// brief cuts what is too long for an error, such as all questions.
func brief(s string) string {
	if len(s) > 80 {
		return s[:77] + "…"
	}
	return s
}

// get decodes what is kept under a key.
// What cannot be decoded counts as missing: a newer program may keep more of an answer, and computes it again.
func (j *journal) get(key string, into any) bool {
	raw, ok := j.done[key]
	return ok && json.Unmarshal(raw, into) == nil
}

// put keeps a value. Without a sync: a process that is killed loses nothing that it wrote, and a power cut loses the
// last seconds, which are computed again.
func (j *journal) put(key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	j.done[key] = raw
	return j.write(journalLine{Key: key, Value: raw})
}

// write appends in one call, so that a kill leaves at most one line torn.
func (j *journal) write(line journalLine) error {
	raw, err := json.Marshal(line)
	if err == nil {
		_, err = j.file.Write(append(raw, '\n'))
	}
	return err
}

// close syncs what came.
func (j *journal) close() {
	j.file.Sync() //nolint:errcheck // what is lost is computed again
	j.file.Close()
}

// remove ends a journal whose results are written.
func (j *journal) remove() error {
	j.file.Close()
	return os.Remove(j.path)
}
