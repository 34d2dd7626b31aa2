package folder

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/internal/gguf"
	"hives/internal/keys"
	"hives/model/bert"
	"hives/model/decoder"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// family is what one kind of model has of its own; its config knows the rest.
type family struct {
	kind  transformer.Architecture                           // of no sizes yet
	parse func(raw []byte) (transformer.Architecture, error) // a config.json
	join  func(transformer.Architecture, *transformer.Weights) transformer.Model
	// defaults are of a model that says no more than its kind: one rule for folders and GGUF files, so that the same
	// weights make the same vectors from both. eos ends answers, has tells whether the vocabulary has a token.
	defaults func(eos string, has func(token string) bool) Info
}

// families are known by their model_type. A further kind of encoder is a row; a further decoder is a row of
// decoder's table, and stands here by that.
var families = withDecoders(map[string]family{
	bert.Family: {&bert.Config{}, parser(bert.ParseConfig), joiner(bert.New), bertDefaults},
})

// withDecoders adds the decoders. One that is not known for an embedder takes a language model's defaults.
func withDecoders(all map[string]family) map[string]family {
	for _, name := range decoder.Families() {
		row := family{&decoder.Config{ModelType: name}, parser(decoder.ParseConfig), joiner(qwen3embed.New), llamaDefaults}
		if name == decoder.Qwen3 {
			row.defaults = qwen3Defaults
		}
		all[name] = row
	}
	return all
}

// familyOf is a row of the table, of an unknown family Qwen3's: who loads the weights will be told.
func familyOf(name string) family {
	if row, ok := families[name]; ok {
		return row
	}
	return families[decoder.Qwen3]
}

// qwen3Defaults take a Qwen3 for Qwen3-Embedding, whose end token is not the one that ends a chat's answer.
func qwen3Defaults(eos string, has func(token string) bool) Info {
	info := Defaults()
	if eos != "" && !has(info.EndToken) {
		info.EndToken = eos
	}
	return info
}

// llamaDefaults are of a language model that was never an embedder: the mean, and the token that ends its answers ends
// the text.
func llamaDefaults(eos string, _ func(token string) bool) Info {
	info := Defaults()
	info.Pooling, info.Prompts = transformer.MeanTokens, nil
	if eos != "" {
		info.EndToken = eos
	}
	return info
}

// bertDefaults are those of most encoders of the family: the mean, no prompts. The tokenizer's own file says what
// stands around a text.
func bertDefaults(string, func(token string) bool) Info {
	info := Defaults()
	info.Pooling, info.EndToken, info.Prompts = transformer.MeanTokens, "", nil
	return info
}

func parser[T transformer.Architecture](parse func(raw []byte) (T, error)) func(raw []byte) (transformer.Architecture, error) {
	return func(raw []byte) (transformer.Architecture, error) { return parse(raw) }
}

// joiner makes a model of a family's own config and weights.
func joiner[C transformer.Architecture, M transformer.Model](join func(C, *transformer.Weights) M) func(transformer.Architecture, *transformer.Weights) transformer.Model {
	return func(a transformer.Architecture, w *transformer.Weights) transformer.Model { return join(a.(C), w) }
}

// joined is an encoder of weights and of what was said of them.
func joined(a transformer.Architecture, w *transformer.Weights, err error) (transformer.Model, error) {
	if err != nil {
		return nil, err
	}
	return families[a.Family()].join(a, w), nil
}

// ParseConfig decodes the bytes of a config.json of any family. Without a model_type it is Qwen3's.
func ParseConfig(raw []byte) (transformer.Architecture, error) {
	f := struct {
		ModelType *string `json:"model_type"`
	}{}
	if err := keys.Unmarked(raw); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fault.New(fault.Invalid, "not a JSON object: %w", err)
	}
	kind := decoder.Qwen3
	if f.ModelType != nil {
		kind = *f.ModelType
	}
	row, ok := families[kind]
	if !ok {
		return nil, fault.New(fault.Invalid, "model_type %.40q is not supported: want %s", kind,
			strings.Join(slices.Sorted(maps.Keys(families)), ", "))
	}
	return row.parse(raw)
}

// LoadConfig reads a config.json, or what a GGUF file says instead, and validates it.
func LoadConfig(path string) (transformer.Architecture, error) {
	if strings.HasSuffix(path, gguf.Extension) {
		return decoder.LoadConfig(path)
	}
	return transformer.ReadConfig(path, ParseConfig)
}

// Config reads the config of a model folder or a GGUF file.
func Config(dir string) (transformer.Architecture, error) {
	path, err := transformer.ConfigPath(dir)
	if err != nil {
		return nil, err
	}
	return LoadConfig(path)
}

// Load reads config and weights of a model folder or a GGUF file, see transformer.Load.
func Load(dir string, dtype dtypes.DType) (transformer.Model, error) { return LoadOn(nil, dir, dtype) }

// LoadOn is Load straight into the memory of a backend, where the weights then lie once.
func LoadOn(backend compute.Backend, dir string, dtype dtypes.DType) (transformer.Model, error) {
	arch, err := Config(dir)
	if err != nil {
		return nil, err
	}
	w, err := transformer.Load(arch, transformer.From{Dir: dir, Backend: backend, DType: dtype})
	return joined(arch, w, err)
}

// Random makes an encoder with fresh weights, see transformer.Random.
func Random(arch transformer.Architecture, seed uint64) (transformer.Model, error) {
	w, err := transformer.Random(arch, seed)
	return joined(arch, w, err)
}

// LinearLayers are the names of the layers that can have an adapter in some family.
func LinearLayers() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(families)) {
		for _, layer := range families[name].kind.Linear() {
			if !slices.Contains(names, layer) {
				names = append(names, layer)
			}
		}
	}
	return names
}
