package safetensorsio

import (
	"encoding/binary"
	"maps"

	"hives/internal/fault"
	"hives/internal/mapfile"
	"hives/internal/whatis"
)

// lengthBytes is the size of the header length at the start of a file.
const lengthBytes = 8

// File is an open safetensors file. Its methods but Close may be called concurrently. Whoever opens it owes Close,
// and reads Data within Guard.
type File struct {
	path     string
	mapped   *mapfile.File
	data     []byte // the section after the header
	entries  []entry
	index    map[string]int // position in entries by name
	metadata map[string]string
}

// Open maps the file at path and checks its header and the size of its data. What it checks is the header; no
// tensor's bytes are touched, so a file of gigabytes opens at once.
func Open(path string) (*File, error) {
	mapped, err := mapfile.Open(path, lengthBytes)
	if err != nil {
		return nil, whatis.Instead(path, "a safetensors file", err)
	}
	f := &File{path: path, mapped: mapped, index: map[string]int{}}
	if err := mapped.Guard(f.parse); err != nil {
		mapped.Close()
		return nil, whatis.Instead(path, "a safetensors file", fault.New(fault.Corrupt, "%s: %w", path, err))
	}
	return f, nil
}

// parse fills f from the mapped bytes.
func (f *File) parse() (err error) {
	header, data, err := split(f.mapped.Data)
	if err != nil {
		return err
	}
	f.data = data
	f.entries, f.metadata, err = parseHeader(header, int64(len(data)))
	for i, e := range f.entries {
		f.index[e.Name] = i
	}
	return err
}

// split cuts a whole file into its header and its data.
//
//	byte 0        28 00 00 00 00 00 00 00                       N = 40, little-endian
//	byte 8        {"w": {"dtype": "F32", …                      N bytes of JSON, blanks at its end
//	byte 8 + N    data; an offset of 0 in the header is here
//
// n is compared before it is converted to an int or added to anything: 2⁶³ would become negative.
func split(file []byte) (header, data []byte, err error) {
	rest := file[lengthBytes:]
	n := binary.LittleEndian.Uint64(file)
	switch {
	case n > maxHeaderBytes:
		return nil, nil, fault.New(fault.Corrupt, "header of %d bytes, at most %d are read", n, maxHeaderBytes)
	case n > uint64(len(rest)):
		return nil, nil, fault.New(fault.Corrupt, "header of %d bytes, %d are left: the file was cut off", n, len(rest))
	}
	return rest[:n], rest[n:], nil
}

// Names returns the tensors' names in the order of their bytes, which is the quick order to read them in.
func (f *File) Names() []string {
	names := make([]string, len(f.entries))
	for i, e := range f.entries {
		names[i] = e.Name
	}
	return names
}

// Info returns the description of one tensor without touching its bytes.
func (f *File) Info(name string) (Info, error) {
	i, ok := f.index[name]
	if !ok {
		return Info{}, fault.New(fault.NotFound, "%s: no tensor %s", f.path, clip(name))
	}
	return f.entries[i].Info, nil
}

// Tensor returns a tensor whose Data is a read-only view of the file, valid until Close. The view's
// address is a multiple of the element size in files with a padded header, as all usual writers make
// them; nothing promises it.
func (f *File) Tensor(name string) (Tensor, error) {
	info, err := f.Info(name)
	if err != nil {
		return Tensor{}, err
	}
	e := f.entries[f.index[name]]
	// The third index keeps an append by the caller out of the next tensor.
	return Tensor{info.Name, info.DType, info.Shape, f.data[e.begin:e.end:e.end]}, nil
}

// Metadata returns a copy of the strings under "__metadata__".
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Forget gives the memory of a part of a tensor's Data back; reading it again reads the file.
func (f *File) Forget(part []byte) { f.mapped.Forget(part) }

// Guard runs read, which reads Data of tensors in this goroutine: a file that is cut or written to meanwhile is an
// error.
func (f *File) Guard(read func() error) error { return f.mapped.Guard(read) }

// Close unmaps the file; every Data handed out is gone with it.
func (f *File) Close() error {
	f.data = nil
	return f.mapped.Close()
}
