package lora

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/model/folder"
)

// MergeOptions name what is merged into what.
type MergeOptions struct {
	Base    string // model folder
	Adapter string // folder of an adapter, PEFT's or ours
	Out     string // model folder to write; it must not be there
	// AnyBase goes on although the adapter names other weights than Base's: the same ones in another file,
	// or a base that one knows to be near enough.
	AnyBase bool
}

// Merged says what was done. It is what --json prints.
type Merged struct {
	Out      string `json:"out"`
	Adapters int    `json:"adapters"` // linear layers that were added to
	Weights  string `json:"weights_sha256"`
}

// Merge writes a whole model folder: the base with the adapter's products added, in the type that the base's
// weights are kept in. The folder appears as a whole or not at all.
//
// The sum W + s·B·A is taken in float64 and rounded once, to the type that W was stored in (docs/LORA.md). Which
// base it was is checked by hash: the same adapter on other weights would give a model that nobody trained, without
// any error.
//
//	Out there already            refused: Exists
//	another base's adapter       refused: Mismatch, unless AnyBase
//	a module that W lacks        refused by name
func Merge(o MergeOptions) (*Merged, error) {
	if _, err := os.Lstat(o.Out); err == nil {
		return nil, fault.New(fault.Exists, "%s is there already: name a folder that is not", o.Out)
	}
	info, err := folder.Read(o.Base)
	if err != nil {
		return nil, err
	}
	base, err := folder.WeightsSHA256(o.Base)
	if err != nil {
		return nil, err
	}
	m, err := folder.Load(o.Base, dtypes.InvalidDType)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	madeFor, err := Load(o.Adapter, m)
	if err != nil {
		return nil, err
	}
	// PEFT's own adapters name no weights and are taken as they come.
	if madeFor != "" && madeFor != base && !o.AnyBase {
		return nil, fault.New(fault.Mismatch, "%s was made for weights of SHA-256 %s, those of %s are %s: name "+
			"its base, or say that any will do", o.Adapter, madeFor, o.Base, base)
	}
	out := &Merged{Out: o.Out, Adapters: len(m.Adapters())}
	if info.Provenance, err = provenance(info, base, o.Adapter); err != nil {
		return nil, err
	}
	err = fsutil.WriteFolder(o.Out, func(tmp string) error {
		if err := folder.Save(tmp, m, o.Base, info); err != nil {
			return fmt.Errorf("merge: %w", err)
		}
		out.Weights, err = folder.WeightsSHA256(tmp)
		return err
	})
	return out, err
}

// provenance adds what the weights are made of to what the base says of itself. With both hashes a merged model says
// what it is made of, also when it is merged again.
//
//	base "Qwen3-…" with source and licence     the same, and base_sha256, adapter_sha256
func provenance(info folder.Info, base, adapter string) (map[string]string, error) {
	p := maps.Clone(info.Provenance)
	if p == nil {
		p = map[string]string{}
	}
	sum, err := fsutil.SHA256(filepath.Join(adapter, WeightsFile))
	p["base_sha256"], p["adapter_sha256"] = base, sum
	return p, err
}
