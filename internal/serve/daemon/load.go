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
	"hives/model/native"
	"hives/profiles"
	hivesv1 "hives/proto/hives/v1"
	"hives/values"
)

// loader loads the settings' model folder and value vectors anew at every call. The engine is opened once and
// outlives every model. A model that cannot be used after all is closed here; later it is the server's.
//
// During a swap two models are in memory, the one that serves and the one that is loaded: a machine for it needs
// room for both. Kinds of error: those of folder.Read and local.Open (NotFound, Invalid, Corrupt), Mismatch where
// the vectors are another model's.
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
		// The folder is read anew at every call, so a swap serves what lies there now.
		l, err := local.Open(c.Model, e.Backend, string(e.Name),
			local.Options{Precision: c.Precision, MaxLength: c.MaxLength, Threads: e.Threads})
		if err != nil {
			return nil, err
		}
		m, err := c.served(l, info, e)
		if err != nil {
			l.Close()
			return nil, err
		}
		// Ids that a client sends in place of a text are held to it: an engine need not refuse an id beyond its table.
		m.Vocabulary = cfg.Sizes().Vocabulary
		return m, nil
	}
}

// served is a loaded model with what surrounds it. Value vectors are opened here and not once at the start: they
// belong to the weights, and a swap must take both or neither.
func (c Config) served(l *local.Local, info folder.Info, e *engine.Engine) (*serve.Model, error) {
	set, err := openValues(c.Vectors, l.Identity())
	if err != nil {
		return nil, err
	}
	profile, err := openProfile(c.Profile, l.Identity())
	if err != nil {
		return nil, err
	}
	name, aliases, err := c.names(l.Identity().Name)
	if err != nil {
		return nil, err
	}
	warnings, err := c.warnings(l)
	if err != nil {
		return nil, err
	}
	v := version(l.Identity(), info, c)
	v.Name = name
	return &serve.Model{
		Runner: l.Runner(), Framed: l.Tokenizer(), Version: v, Aliases: aliases, Engine: engineInfo(e),
		Prompts: info.Prompts, MaxLength: l.Length().MaxLength, Positions: l.Length().Positions, Warnings: warnings,
		Exact: c.Precision == "f32" || l.Identity().Engine == native.Name, Values: set, Profile: profile,
		Trim: engine.Trim, TrimBeyond: engine.TrimBeyond, Close: func() { l.Close() },
	}, nil
}

// warnings are what the model's files leave open or ask for and is not done here. They are logged at every load,
// also after a swap: another folder may lie there now.
//
// Why is a default prompt not put before texts by itself? A client that puts it there already would have it twice,
// and nobody would see it: its vectors would only be worse.
func (c Config) warnings(l *local.Local) (all []string, err error) {
	if w := l.Length().Warning(); w != "" {
		all = append(all, w)
	}
	name, err := folder.DefaultPrompt(c.Model)
	if name != "" {
		all = append(all, fmt.Sprintf("the model's files ask for the prompt %q before every text "+
			"(default_prompt_name); no prompt is put before a text here unless a request gives it", name))
	}
	return all, err
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

// openProfile returns nil without a path, and refuses a profile model that another model was fitted with.
func openProfile(path string, id encoder.Identity) (*profiles.TextModel, error) {
	if path == "" {
		return nil, nil
	}
	m, err := profiles.OpenTextModel(path)
	if err == nil {
		err = m.CheckModel(id)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// version is what replies name: with its hashes a client can tell whether two vectors may be compared. Vectors of
// unlike weights, tokenizer, pooling or length may not. Precision and engine are named too, since they decide last
// digits.
func version(id encoder.Identity, info folder.Info, c Config) *hivesv1.ModelVersion {
	return &hivesv1.ModelVersion{
		Name: id.Name, Revision: info.Provenance["revision"], WeightsSha256: id.WeightsSHA256,
		TokenizerSha256: id.TokenizerSHA256,
		Dimension:       uint32(id.Dimension), MaxLength: uint32(id.MaxLength), Pooling: id.Pooling, Precision: c.Precision,
		Engine: id.Engine,
	}
}

// engineInfo tells clients which engine it is; why another was passed over names this machine's folders.
func engineInfo(e *engine.Engine) *hivesv1.Engine {
	choice, _, _ := strings.Cut(e.Choice, ";")
	return &hivesv1.Engine{
		Name: string(e.Name), Choice: choice, PluginSha256: e.PluginSHA256, PjrtApi: e.PJRTAPI,
		Threads: uint32(e.Threads),
	}
}
