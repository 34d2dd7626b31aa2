package export

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/model/folder"
	"hives/model/qwen3embed"
)

// Format is what an export is for. Its names are those of --format.
type Format string

const (
	SentenceTransformers Format = "sentence-transformers" // the folder that Python's SentenceTransformer(path) loads
	GGUF                 Format = "gguf"                  // one file, for llama.cpp
)

// Formats lists what Run writes.
func Formats() []string { return []string{string(SentenceTransformers), string(GGUF)} }

// Options of an export. Model, Out and Format are needed; the card's fields are filled in from what lies beside the
// model.
type Options struct {
	Model  string // model folder, or the folder of a finished run
	Out    string // what is written
	Format Format
	DType  string // float32, bfloat16, float16 or, of a GGUF file's matrices, q8_0; empty keeps the stored type
	Force  bool   // replace an earlier export

	// What the card tells beside the model folder itself.
	Run     string // folder of the run that trained the model; empty: the one it lies in, if any
	Data    string // rows it was trained on; empty: the file that the run names, if it is still the same
	Name    string // the model's name; empty: the last part of Out
	Licence string // for the card's header; empty leaves it to the reader
	// Theories are those that the rows may be of, beside those that the run keeps.
	Theories theories.Set

	Note func(line string) // is told what the card could not say
}

// Result is what was written. It is what --json prints, so its names are fixed.
//
//	{"out": "small.gguf", "format": "gguf", "dtype": "bfloat16", "weights_sha256": "…", "bytes": 1203456}
type Result struct {
	Out     string `json:"out"`
	Format  Format `json:"format"`
	DType   string `json:"dtype"`
	Weights string `json:"weights_sha256"`
	Bytes   int64  `json:"bytes"` // of all files
}

// Run writes the export. Cheap questions come first: names, places, the run and its rows are looked at before the
// weights are loaded. Errors leave no file behind, and a target that stood there stays.
func Run(o Options) (Result, error) {
	// The folder of a run is taken for the model in it; so is any path below.
	o.Model = final(o.Model)
	if o.Note == nil {
		o.Note = func(string) {}
	}
	o.Name = cmp.Or(o.Name, strings.TrimSuffix(filepath.Base(filepath.Clean(o.Out)), ".gguf"))
	if err := o.check(); err != nil {
		return Result{}, err
	}
	info, err := folder.Read(o.Model)
	if err != nil {
		return Result{}, err
	}
	// A GGUF file has no room for a card, so nothing is gathered for one.
	if o.Format == GGUF {
		return exportGGUF(o, info)
	}
	dtype, err := parseType(o.DType)
	if err != nil {
		return Result{}, err
	}
	record, err := gather(&o, info)
	if err != nil {
		return Result{}, err
	}
	m, err := folder.Load(o.Model, dtype)
	if err != nil {
		return Result{}, err
	}
	defer m.Close()
	return sentenceTransformers(o, m, info, record)
}

// exportGGUF loads the weights as they are stored, so that none is rounded twice. BERT is refused by name:
// llama.cpp's form of it is not written here. norm.weight tells the stored type, as every model has it.
func exportGGUF(o Options, info folder.Info) (Result, error) {
	arch, err := folder.Config(o.Model)
	if err != nil {
		return Result{}, err
	}
	if _, ok := arch.(*qwen3embed.Config); !ok {
		return Result{}, fault.New(fault.Invalid, "%s models are not written as GGUF: export to %s, which "+
			"llama.cpp's convert_hf_to_gguf.py reads",
			arch.Family(), SentenceTransformers)
	}
	m, err := qwen3embed.Load(o.Model, dtypes.InvalidDType)
	if err != nil {
		return Result{}, err
	}
	defer m.Close()
	matrices, err := parseGGUFType(o.DType, m.Variable("norm.weight").DType())
	if err != nil {
		return Result{}, err
	}
	return writeGGUF(o, m, info, matrices)
}

// final takes a finished run for its model.
//
//	runs/stage2               a run.json and a final: runs/stage2/final
//	runs/stage2/final         no run.json in it: as it is
//	weights/Qwen3-…           as it is
func final(dir string) string {
	if inner := filepath.Join(dir, "final"); exists(filepath.Join(dir, "run.json")) && exists(inner) {
		return inner
	}
	return dir
}

// exists counts a link that leads nowhere as there: writing would go over it. What it says is a look: the writing
// itself must be refused by the file system where two programs race.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// check refuses, before anything is loaded, what could not be written.
//
//	out/small absent                     goes on
//	out/small there                      refused: Exists, with what to do
//	out/small there, --force             goes on if it looks like an export (replaceable)
func (o *Options) check() error {
	switch {
	case !slices.Contains(Formats(), string(o.Format)):
		return fault.Usage(fault.New(fault.Invalid, "format %q: want %s", o.Format, strings.Join(Formats(), " or ")))
	// These programs know a GGUF file by its ending; another name could not be loaded again.
	case o.Format == GGUF && filepath.Ext(o.Out) != gguf.Extension:
		return fault.Usage(fault.New(fault.Invalid, "--out %s: the name of a GGUF file ends in %s", o.Out,
			gguf.Extension))
	case !exists(o.Model):
		return fault.New(fault.NotFound, "there is no model %s", o.Model)
	case !exists(o.Out):
		return nil
	case !o.Force:
		return fault.New(fault.Exists,
			"%s exists: choose another --out, or give --force to replace an earlier export", o.Out)
	}
	return o.replaceable()
}

// replaceable refuses to put an export in the place of anything but an export: the model itself, or a folder of
// the user's, would be gone.
// --force is typed in a hurry: what is replaced must look like what this program writes.
//
//	--out models --force, the model is models/small      refused: it would replace its own source
//	--out x.gguf --force, x.gguf is no GGUF file         refused
//	--out folder --force, without modules.json           refused: no earlier export
func (o *Options) replaceable() error {
	out, err := resolved(o.Out)
	if err != nil {
		return err
	}
	model, err := resolved(o.Model)
	if err != nil {
		return err
	}
	const slash = string(filepath.Separator)
	// --out models --force, with the model in models/small, would replace its own source.
	if strings.HasPrefix(model+slash, out+slash) {
		return fault.New(fault.Invalid, "--out %s holds the model that is to be exported: choose another", o.Out)
	}
	if o.Format == GGUF {
		file, err := gguf.Open(out)
		if err != nil {
			return fault.New(fault.Exists, "%s is no earlier export, so --force leaves it alone: %w", o.Out, err)
		}
		return file.Close()
	}
	if !exists(filepath.Join(out, modulesFile)) || !exists(filepath.Join(out, folder.InfoFile)) {
		return fault.New(fault.Exists, "%s is no earlier export (it lacks %s or %s), so --force leaves it alone: "+
			"choose another",
			o.Out, modulesFile, folder.InfoFile)
	}
	return nil
}

// resolved is the one true path of a file or folder that exists. Two names of one folder are one, by links as well.
func resolved(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fsutil.Classify(err, path)
	}
	return filepath.Abs(path)
}

// parseType reads the name of a storage type; empty keeps that of the file. InvalidDType is how the loader is told to
// keep it.
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
