package checkpoints

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
)

// Names inside a checkpoint.
const (
	tensorsFile = "state.safetensors"
	stateFile   = "state.json"
	sumsFile    = "SHA256SUMS"
)

// Info describes a tensor: its name, its element type in safetensors' words (F32, BF16, I64, …) and its shape.
type Info = safetensorsio.Info

// Tensor is an Info with Data, the elements little-endian in row-major order.
type Tensor = safetensorsio.Tensor

// Source gives a run's tensors one at a time, so that the state of a device never lies in host memory as a whole.
// Fetch returns the elements of one of Infos, little-endian, and may reuse its slice. Weights and two moments of
// a model of 0.6 billion numbers are 7.2 GB in float32; the largest single tensor is a fraction of that.
type Source struct {
	Infos []Info
	Fetch func(Info) ([]byte, error)
}

// InMemory makes a Source of tensors at hand.
func InMemory(tensors []Tensor) Source {
	s := Source{}
	data := make(map[string][]byte, len(tensors))
	for _, t := range tensors {
		s.Infos = append(s.Infos, t.Info())
		data[t.Name] = t.Data
	}
	s.Fetch = func(in Info) ([]byte, error) { return data[in.Name], nil }
	return s
}

// Save writes the checkpoint of meta.Step into dir and returns its folder. One of the same step is replaced. On
// an error, a full disk say, everything in dir is as it was.
//
// Invariant: the bytes are a function of meta and tensors: no time, no host, no order of a map.
func Save(dir string, meta Meta, source Source) (string, error) {
	if meta.Step < 0 {
		return "", fault.New(fault.Invalid, "checkpoint of step %d", meta.Step)
	}
	meta.Format, meta.Kind = Format, Kind
	// encoding/json orders fields and keys, so that equal states give equal bytes.
	state, err := json.MarshalIndent(meta, "", "  ")
	if err != nil {
		return "", fault.New(fault.Invalid, "checkpoint of step %d: %w", meta.Step, err)
	}
	path := filepath.Join(dir, folderName(meta.Step))
	err = fsutil.WriteFolder(path, func(tmp string) error { return writeFiles(tmp, append(state, '\n'), source) })
	if err != nil {
		return "", fmt.Errorf("save checkpoint: %w", err)
	}
	return path, nil
}

// writeFiles fills a folder; WriteFolder makes it durable. Hashes are taken of the bytes on their way to the
// disk, not read back: a disk that alters them is found out by the next Load.
//
//	.step-000000240.tmp-…/state.safetensors    tensor by tensor, never all in memory
//	.step-000000240.tmp-…/state.json
//	.step-000000240.tmp-…/SHA256SUMS           last: it names the other two
//	fsync of each file and of the folder, rename to step-000000240, fsync of the folder around it
func writeFiles(dir string, state []byte, source Source) error {
	var sums bytes.Buffer
	write := func(name string, content func(io.Writer) error) error {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		h := sha256.New()
		if err := content(io.MultiWriter(f, h)); err != nil {
			f.Close()
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", h.Sum(nil), name)
		return f.Close()
	}
	// The tensors say what they are even when they have lost their folder.
	metadata := map[string]string{"kind": Kind, "format": strconv.Itoa(Format)}
	err := write(tensorsFile, func(w io.Writer) error {
		return safetensorsio.WriteStream(w, source.Infos, metadata, source.Fetch)
	})
	if err != nil {
		return err
	}
	err = write(stateFile, func(w io.Writer) error {
		_, err := w.Write(state)
		return err
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, sumsFile), sums.Bytes(), 0o644)
}
