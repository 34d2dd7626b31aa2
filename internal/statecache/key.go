package statecache

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
)

// format is the version of both files. Format 1 had no config in the key but a list of sizes made by hand, see elder.
const format = 2

// headerBytes is the length of a file's header: one line of JSON, filled up with spaces.
const headerBytes = 512

// Types of states, as files name them.
const (
	F16 = "f16"
	F32 = "f32"
)

// ParseType refuses a type that states are not kept in. bf16 is none of them: it has 8 bits of digits where
// f16 has 11.
func ParseType(name string) (dtypes.DType, error) {
	switch name {
	case F16:
		return dtypes.Float16, nil
	case F32:
		return dtypes.Float32, nil
	}
	return dtypes.InvalidDType, fault.New(fault.Invalid, "states of type %q: want f16 or f32", name)
}

// Key is what decides the states of a text, beside its token ids.
//
// {Weights: "0437…", Config: "9a1c…", Layers: 26, Width: 1024, Type: "f16"}. What is not in it may change without a
// word: the layers above, the loss, the rows, the tokenizer.
type Key struct {
	Weights string `json:"weights"` // SHA-256 of the embeddings and the lower layers
	Config  string `json:"config"`  // of the config of a model of these layers only, see transformer.Fingerprint
	Layers  int    `json:"layers"`  // how many they are
	Width   int    `json:"width"`   // H
	Type    string `json:"type"`    // f16 or f32
}

// name is the first part of the file names. Two keys have one name once in 2^64; the header, which has the key whole,
// would tell.
func (k Key) name() string {
	raw, _ := json.Marshal(k) // strings and numbers
	return fmt.Sprintf("states-%x", sha256.Sum256(raw))[:len("states-")+16]
}

// header describes a file; kind tells the states from their index. It is compared byte by byte, so the order of Key's
// fields is part of the format.
func (k Key) header(kind string) []byte {
	raw, _ := json.Marshal(struct {
		Kind   string `json:"kind"`
		Format int    `json:"format"`
		Key
	}{kind, format, k})
	return append(append(raw, bytes.Repeat([]byte(" "), headerBytes-1-len(raw))...), '\n')
}

// bytesOf is the size of the states of some tokens. 1,000 tokens of 1,024 numbers in float16 are 2 MB.
func (k Key) bytesOf(tokens int64) int64 {
	dtype, _ := ParseType(k.Type)
	return tokens * int64(k.Width) * int64(dtype.Size())
}
