package gguf

import (
	"fmt"

	"hives/internal/fault"
	"hives/internal/mapfile"
	"hives/internal/whatis"
)

// File is an open GGUF file. Its methods but Close may be called concurrently. Whoever opens it owes Close, and
// reads tensors and metadata within Guard: all of them are views of the mapped file.
//
// Invariant: after Open every tensor's Data lies in the file, whole and shared with no other, and every value of the
// metadata is whole. So reading them can fail by a change of the file alone, which is what Guard is for.
type File struct {
	path     string
	mapped   *mapfile.File
	metadata map[string]value
	keys     []string
	tensors  []Tensor // in the order of their bytes
	index    map[string]int
}

// headBytes is the fixed head: magic, version, counts of tensors and of metadata.
//
//	"GGUF" 4, version 4, tensors 8, keys 8
const headBytes = 24

// Open maps the file at path and checks all of its header, and that its tensors lie in it. An error of the parser
// without a kind means damage; a type or version that is whole but not read here has its own kind and words.
func Open(path string) (*File, error) {
	mapped, err := mapfile.Open(path, headBytes)
	if err != nil {
		return nil, whatis.Instead(path, "a GGUF file", err)
	}
	var f *File
	err = mapped.Guard(func() (err error) {
		f, err = parse(mapped.Data)
		return err
	})
	if err != nil {
		mapped.Close()
		if fault.Of(err) == fault.Unknown {
			err = fault.New(fault.Corrupt, "%w", err)
		}
		return nil, whatis.Instead(path, "a GGUF file", fmt.Errorf("%s: %w", path, err))
	}
	f.path, f.mapped = path, mapped
	return f, nil
}

// Path is where the file was opened.
func (f *File) Path() string { return f.path }

// Names returns the tensors' names in the order of their bytes, which is the quick order to read them in. The list is
// the caller's own.
func (f *File) Names() []string {
	names := make([]string, len(f.tensors))
	for i, t := range f.tensors {
		names[i] = t.Name
	}
	return names
}

// Tensor returns a tensor whose Data is a view of the file, valid until Close.
func (f *File) Tensor(name string) (Tensor, error) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, fault.New(fault.NotFound, "%s: no tensor %s", f.path, clip(name))
	}
	return f.tensors[i], nil
}

// Forget gives the memory of a part of a tensor's Data back; reading it again reads the file. A loader that forgets
// each row holds the weights once: in the engine's memory, and not in the page cache too.
func (f *File) Forget(part []byte) { f.mapped.Forget(part) }

// Guard runs read, which reads tensors or metadata in this goroutine: a file that is cut or written to meanwhile is
// an error. Reading a mapping beyond a file that was cut is a fault of memory, which would end the program.
func (f *File) Guard(read func() error) error { return f.mapped.Guard(read) }

// Close unmaps the file; every Data handed out is gone with it.
func (f *File) Close() error {
	f.tensors, f.metadata = nil, nil // views, all of them
	return f.mapped.Close()
}
