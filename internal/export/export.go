package export

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/model/folder"
	"hives/model/qwen3embed"
)

// Format is what an export is for.
type Format string

// SentenceTransformers is the folder that Python's SentenceTransformer(path) loads.
const SentenceTransformers Format = "sentence-transformers"

// Formats lists what Run writes.
func Formats() []string { return []string{string(SentenceTransformers)} }

// Options of an export.
type Options struct {
	Model  string // model folder, or the folder of a finished run
	Out    string // what is written
	Format Format
	DType  string // float32, bfloat16 or float16; empty keeps the stored type
	Force  bool   // replace an earlier export

	// What the card tells beside the model folder itself.
	Run     string // folder of the run that trained the model; empty: the one it lies in, if any
	Data    string // rows it was trained on; empty: the file that the run names, if it is still the same
	Name    string // the model's name; empty: the last part of Out
	Licence string // for the card's header; empty leaves it to the reader

	Note func(line string) // is told what the card could not say
}

// Result is what was written.
type Result struct {
	Out     string `json:"out"`
	Format  Format `json:"format"`
	DType   string `json:"dtype"`
	Weights string `json:"weights_sha256"`
	Bytes   int64  `json:"bytes"` // of all files
}

// Run writes the export.
func Run(o Options) (Result, error) {
	o.Model = final(o.Model)
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if o.Name == "" {
		o.Name = strings.TrimSuffix(filepath.Base(filepath.Clean(o.Out)), ".gguf")
	}
	if err := o.check(); err != nil {
		return Result{}, err
	}
	info, err := folder.Read(o.Model)
	if err != nil {
		return Result{}, err
	}
	record, err := gather(&o, info)
	if err != nil {
		return Result{}, err
	}
	dtype, err := parseType(o.DType)
	if err != nil {
		return Result{}, err
	}
	m, err := qwen3embed.Load(o.Model, dtype)
	if err != nil {
		return Result{}, err
	}
	defer m.Close()
	return sentenceTransformers(o, m, info, record)
}

// final takes a finished run for its model.
func final(dir string) string {
	if inner := filepath.Join(dir, "final"); exists(filepath.Join(dir, "run.json")) && exists(inner) {
		return inner
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func (o *Options) check() error {
	switch {
	case o.Format != SentenceTransformers:
		return fault.Usage(fault.New(fault.Invalid, "format %q: want %s", o.Format, strings.Join(Formats(), " or ")))
	case !exists(o.Model):
		return fault.New(fault.NotFound, "there is no model folder %s", o.Model)
	case !exists(o.Out):
		return nil
	case !o.Force:
		return fault.New(fault.Exists, "%s exists: choose another --out, or give --force to replace an earlier export", o.Out)
	}
	return o.replaceable()
}

// replaceable refuses to put an export in the place of anything but an export: the model itself, or a folder of
// the user's, would be gone.
func (o *Options) replaceable() error {
	out, err := filepath.EvalSymlinks(o.Out)
	if err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	model, err := filepath.EvalSymlinks(o.Model)
	if err != nil {
		return err
	}
	if model, err = filepath.Abs(model); err != nil {
		return err
	}
	if inside := model + string(filepath.Separator); strings.HasPrefix(inside, out+string(filepath.Separator)) {
		return fault.New(fault.Invalid, "--out %s holds the model that is to be exported: choose another folder", o.Out)
	}
	if !exists(filepath.Join(out, modulesFile)) || !exists(filepath.Join(out, folder.InfoFile)) {
		return fault.New(fault.Exists, "%s is no earlier export (it lacks %s or %s), so --force leaves it alone: choose another folder",
			o.Out, modulesFile, folder.InfoFile)
	}
	return nil
}

// parseType reads the name of a storage type; empty keeps that of the file.
func parseType(name string) (dtypes.DType, error) {
	switch name {
	case "":
		return dtypes.InvalidDType, nil
	case "float32":
		return dtypes.Float32, nil
	case "bfloat16":
		return dtypes.BFloat16, nil
	case "float16":
		return dtypes.Float16, nil
	}
	return 0, fault.Usage(fault.New(fault.Invalid, "dtype %q: want float32, bfloat16 or float16", name))
}
