package gguf

import (
	"os"
	"path/filepath"
	"strings"

	"hives/internal/fault"
)

// Extension is how the names of these files end.
const Extension = ".gguf"

// others are the files of a model folder in the other format; where one stands, a .gguf file beside it is cargo.
var others = []string{"config.json", "model.safetensors", "model.safetensors.index.json"}

// Find returns the GGUF file that a model path means: the file itself, or the only one of a folder that holds no
// model in the other format. "" without an error means that the path is none of these. A folder with
// model.safetensors beside a .gguf file is a model of the first kind that happens to carry the other form: the
// file's tokenizer and pooling would contradict the folder's.
//
//	model.gguf                          that file
//	folder with small.gguf              folder/small.gguf
//	folder with config.json, x.gguf     "": a folder of the other format
//	folder with two .gguf files         refused: name one
//	folder of rows, nothing             ""
func Find(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil { // whoever opens it says what is wrong
		return "", nil
	}
	if !info.IsDir() {
		if strings.HasSuffix(path, Extension) {
			return path, nil
		}
		return "", nil
	}
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			return "", nil
		}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	found := ""
	for _, e := range entries {
		switch {
		case !strings.HasSuffix(e.Name(), Extension) || strings.HasPrefix(e.Name(), "."):
		case found != "":
			return "", fault.New(fault.Invalid, "model folder %s holds several %s files: name one of them", path,
				Extension)
		default:
			found = filepath.Join(path, e.Name())
		}
	}
	return found, nil
}

// Folder returns the folder whose other files speak for a GGUF file: the one it lies in, "" where that holds other
// models too. What lies beside one of several files cannot be said to belong to it.
func Folder(file string) string {
	dir := filepath.Dir(file)
	if only, err := Find(dir); err != nil || only != file {
		return ""
	}
	return dir
}

// Tokenizer returns where the tokenizer of a model path stands: in a GGUF file (inside), or in a tokenizer.json,
// which beside a GGUF file comes first. A tokenizer.json is the model's own; what stands in a GGUF file was
// converted from it.
//
//	folder/small.gguf, tokenizer.json beside it     folder/tokenizer.json
//	folder/small.gguf alone                         small.gguf, inside
//	folder/a.gguf among several                     a.gguf, inside
//	folder of safetensors                           its tokenizer.json, there or not
func Tokenizer(path string) (file string, inside bool, err error) {
	model, err := Find(path)
	if err != nil {
		return path, false, err
	}
	dir := path
	if model != "" {
		dir = Folder(model)
	} else if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path, false, nil
	}
	file = filepath.Join(dir, "tokenizer.json")
	if _, err := os.Stat(file); model != "" && (dir == "" || err != nil) {
		return model, true, nil
	}
	return file, false, nil
}
