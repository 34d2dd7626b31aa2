package transformer

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// ReadConfig reads the file of a config and says in errors which it is.
func ReadConfig[T any](path string, parse func(raw []byte) (T, error)) (cfg T, err error) {
	if err := whatis.Model(filepath.Dir(path)); err != nil {
		return cfg, err
	}
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return cfg, fault.New(fault.NotFound, "model config: %w; a model folder holds config.json, model.safetensors "+
			"and tokenizer.json", err)
	}
	if cfg, err = parse(raw); err != nil {
		return cfg, whatis.Instead(path, "a model's config.json", fmt.Errorf("model config %s: %w", path, err))
	}
	return cfg, nil
}

// StoredType are the two names of a config.json for the type of the weights: transformers 5 writes dtype, its elders
// torch_dtype.
type StoredType struct {
	TorchDType string `json:"torch_dtype"`
	DType      string `json:"dtype"`
}

// Name is the newer key before the older, float32 without either.
func (t StoredType) Name() string { return cmp.Or(t.DType, t.TorchDType, "float32") }

// MarshalConfig renders the keys of a config.json for weights that are stored as dtype, which goes under the key that
// the file had: a file keeps the dialect that it came in.
func MarshalConfig(keys map[string]any, dtype string) ([]byte, error) {
	if _, transformers5 := keys["dtype"]; transformers5 {
		keys["dtype"] = dtype
	} else {
		keys["torch_dtype"] = dtype
	}
	raw, err := json.MarshalIndent(keys, "", "  ")
	return append(raw, '\n'), err
}

// Size is one number of a config under its name in config.json.
type Size struct {
	Name string
	N    int
}

// maxSize bounds every size: products of two stay far below an int64, and no published model comes near.
const maxSize = 1 << 24

// CheckSizes refuses the first size that no model has, and a type that weights are not stored in.
func CheckSizes(dtype string, sizes ...Size) error {
	for _, size := range sizes {
		if size.N < 1 || size.N > maxSize {
			return fault.New(fault.Invalid, "%s is %d: want 1 to %d", size.Name, size.N, maxSize)
		}
	}
	if !KnownType(dtype) {
		return fault.New(fault.Invalid, "dtype %q is not supported: want float32, bfloat16 or float16", dtype)
	}
	return nil
}

// ValueOr is what a file says, or a default where it says nothing.
func ValueOr[T any](said *T, otherwise T) T {
	if said == nil {
		return otherwise
	}
	return *said
}

// Fingerprint tells architectures apart by all that they hold: the SHA-256 of the family's name and the config's
// exported fields as JSON. Two models of one fingerprint and the same weights make the same states.
//
// The config goes in as a whole, so that a field which a later family adds is in it without anybody's doing. What is
// known to be of a file and not of the model, as the type of its numbers, is left out by json:"-" where the field is
// declared: a model that is saved in another type, or without its head, goes on making the same states.
//
// Invariant: every exported field without that tag changes the fingerprint; saving a config and reading it does not.
func Fingerprint(a Architecture) (string, error) {
	raw, err := json.Marshal(struct {
		Family string
		Config Architecture
	}{a.Family(), a})
	return fmt.Sprintf("%x", sha256.Sum256(raw)), err
}
