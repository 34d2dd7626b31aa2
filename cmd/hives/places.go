package main

import (
	"hives/data"
	"hives/data/theories"
	"hives/internal/fsutil"
)

// places are the files that a command reads and writes. They are looked at before an engine opens and before
// anything is embedded: what cannot be read or written is said at once, not after an hour. An example: anchors build
// reads rows and perhaps an earlier bank, and writes up to four files; each is looked at in the list of its kind.
type places struct {
	rows    []string // files of rows, which are read to the end: a bad row is named now
	read    []string // other files
	files   []string // to write
	folders []string // to write into

	known theories.Set // that rows may be of
}

// check passes over what is empty: that flag was not given. Rows come first: of all that can be wrong they are what
// a person can mend fastest. A dash is standard input or output, which is looked at elsewhere.
func (p places) check() error {
	for _, each := range []struct {
		paths []string
		check func(string) error
	}{{p.rows, p.readRows}, {p.read, fsutil.CheckReadable}, {p.files, fsutil.CheckWritableFile}, {p.folders,
		fsutil.CheckWritableFolder}} {
		for _, path := range each.paths {
			if path == "" || path == "-" {
				continue
			}
			if err := each.check(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// readRows reads a whole file of rows, and throws the rows away. It costs a second read, and finds the bad row at
// the end of a file before the texts before it were embedded.
func (p places) readRows(path string) error {
	_, _, err := data.ReadWith(path, data.ReadOptions{Theories: p.known})
	return err
}
