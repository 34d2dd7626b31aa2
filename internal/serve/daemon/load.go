package daemon

import (
	"context"
	"fmt"
	"strings"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/serve"
	"hives/model/folder"
	hivesv1 "hives/proto/hives/v1"
	"hives/values"
)

// loader loads the settings' model folder and value vectors anew at every call.
func loader(c Config, e *engine.Engine) serve.Loader {
	return func(context.Context) (*serve.Model, error) {
		info, err := folder.Read(c.Model)
		if err != nil {
			return nil, err
		}
		cfg, err := folder.Config(c.Model)
		if err != nil {
			return nil, err
		}
		l, err := local.Open(c.Model, e.Backend, string(e.Name), local.Options{Precision: c.Precision})
		if err != nil {
			return nil, err
		}
		set, err := openValues(c.Vectors, l.Identity())
		if err != nil {
			l.Close()
			return nil, err
		}
		m := &serve.Model{
			Runner: l.Runner(), Framed: l.Tokenizer(), Version: version(l.Identity(), info, c), Engine: engineInfo(e),
			Prompts: info.Prompts, Vocabulary: cfg.Sizes().Vocabulary, MaxLength: info.MaxLength, Exact: c.Precision == "f32",
			Values: set, Close: func() { l.Close() },
		}
		return m, nil
	}
}

// openValues returns nil without a path, and refuses vectors that another model made.
func openValues(path string, id encoder.Identity) (*values.Set, error) {
	if path == "" {
		return nil, nil
	}
	set, err := values.Open(path)
	if err == nil {
		err = set.CheckModel(id)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}

func version(id encoder.Identity, info folder.Info, c Config) *hivesv1.ModelVersion {
	return &hivesv1.ModelVersion{
		Name: id.Name, Revision: info.Provenance["revision"], WeightsSha256: id.WeightsSHA256, TokenizerSha256: id.TokenizerSHA256,
		Dimension: uint32(id.Dimension), MaxLength: uint32(id.MaxLength), Pooling: id.Pooling, Precision: c.Precision, Engine: id.Engine,
	}
}

// engineInfo tells clients which engine it is; why another was passed over names this machine's folders.
func engineInfo(e *engine.Engine) *hivesv1.Engine {
	choice, _, _ := strings.Cut(e.Choice, ";")
	return &hivesv1.Engine{
		Name: string(e.Name), Choice: choice, PluginSha256: e.PluginSHA256, PjrtApi: e.PJRTAPI, Threads: uint32(e.Threads),
	}
}
