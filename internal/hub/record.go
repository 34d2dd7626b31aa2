package hub

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// RecordName is the file beside the model's that says where they are from.
const RecordName = "download.json"

const recordKind = "download"

// Record is what download.json holds. It has no time in it: the same commit gives the same bytes.
//
//	{"format": 1, "kind": "download", "id": "Qwen/…", "revision": "main", "commit": "97b0…",
//	 "files": [{"name": "config.json", "size": 727, "sha256": "…", "git_sha1": "…"}, …]}
type Record struct {
	Format   int          `json:"format"` // 1
	Kind     string       `json:"kind"`   // "download"
	ID       string       `json:"id"`
	Revision string       `json:"revision"` // as asked for
	Commit   string       `json:"commit"`   // what that was
	Files    []RecordFile `json:"files"`    // by name
}

// RecordFile is a file of the folder as it was verified.
type RecordFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Git    string `json:"git_sha1,omitempty"` // announced hash of a file that is not in large file storage
}

// with adds files, in place of those of the same name. A second download of the same commit with other patterns adds
// to the folder, and the record tells of both.
func (r Record) with(files []RecordFile) Record {
	fresh := map[string]bool{}
	for _, f := range files {
		fresh[f.Name] = true
	}
	all := slices.Clone(files)
	for _, f := range r.Files {
		if !fresh[f.Name] {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b RecordFile) int { return strings.Compare(a.Name, b.Name) })
	r.Files = all
	return r
}

// write puts the record beside the files; it is the last to appear in a folder that stands. In a folder that stands
// files appear one by one, so a kill may leave a record that names fewer than are there, but never one that names
// what is not.
func (r Record) write(dir string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return fsutil.WriteBytes(filepath.Join(dir, RecordName), append(raw, '\n'))
}

// readRecord returns a record without id where the folder has none that can be read.
// A newer record is refused: it may mean something that this program would undo.
func readRecord(dir string) (Record, error) {
	var r Record
	raw, err := fsutil.ReadRegular(filepath.Join(dir, RecordName))
	if err != nil || json.Unmarshal(raw, &r) != nil || r.Kind != recordKind {
		return Record{}, nil
	}
	if r.Format > 1 {
		return Record{}, fault.New(fault.Mismatch, "%s: format %d, this program reads 1: use a newer one",
			filepath.Join(dir, RecordName), r.Format)
	}
	return r, nil
}
