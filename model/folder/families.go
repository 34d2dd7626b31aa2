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
	kind  transformer.Architecture // of no sizes yet
	parse parse
	join  join
	// defaults are of a model that says no more than its kind: one rule for folders and GGUF files, so that the same
	// weights make the same vectors from both. eos ends answers, has tells whether the vocabulary has a token.
	defaults func(eos string, has func(token string) bool) Info
}

// parse decodes a config.json of the family.
type parse func(raw []byte) (transformer.Architecture, error)

// join makes an encoder of a config and the weights that were loaded for it.
type join func(transformer.Architecture, *transformer.Weights) transformer.Model

// families are known by their model_type. A further kind of encoder is a row; a further decoder is a row of
// decoder's table, and stands here by that.
var families = withDecoders(map[string]family{
	bert.Family: {&bert.Config{}, parser(bert.ParseConfig), joiner(bert.New), bertDefaults},
})

// withDecoders adds the decoders, all with qwen3embed's pooling over decoder's graph. One that is not known for an
// embedder takes a language model's defaults: it still makes vectors, of which evaluation says what they are worth.
func withDecoders(all map[string]family) map[string]family {
	for _, name := range decoder.Families() {
		row := family{
			&decoder.Config{ModelType: name}, parser(decoder.ParseConfig), joiner(qwen3embed.New), llamaDefaults,
		}
		if name == decoder.Qwen3 {
			row.defaults = qwen3Defaults
		}
		all[name] = row
	}
	return all
}

// familyOf is a row of the table, of an unknown family Qwen3's: who loads the weights will be told. Until then
// questions as that for an end token have to be answered somehow, and a second refusal would hide the better one.
func familyOf(name string) family {
	if row, ok := families[name]; ok {
		return row
	}
	return families[decoder.Qwen3]
}

// qwen3Defaults take a Qwen3 for Qwen3-Embedding, whose end token is not the one that ends a chat's answer. The files
// of both have both tokens; Qwen3-Embedding was trained to gather a text in <|endoftext|>, and a chat model names
// <|im_end|>.
func qwen3Defaults(eos string, has func(token string) bool) Info {
	info := Defaults()
	if eos != "" && !has(info.EndToken) {
		info.EndToken = eos
	}
	return info
}

// llamaDefaults are of a language model that was never an embedder: the mean, and the token that ends its answers
// ends the text. The last token's state was trained to foretell the next token and nothing else, so that all states
// stand for the text. No prompts: Qwen3-Embedding's would be words like others.
func llamaDefaults(eos string, _ func(token string) bool) Info {
	info := Defaults()
	info.Pooling, info.Prompts = transformer.MeanTokens, nil
	if eos != "" {
		info.EndToken = eos
	}
	return info
}

// bertDefaults are those of most encoders of the family (one that pools [CLS], as bge, says so in its modules.json):
// the mean, no prompts. The tokenizer's own file says what stands around a text.
func bertDefaults(string, func(token string) bool) Info {
	info := Defaults()
	info.Pooling, info.EndToken, info.Prompts = transformer.MeanTokens, "", nil
	return info
}

// parser and joiner forget the type of one family's config, so that all fit into one table.
func parser[T transformer.Architecture](parse func(raw []byte) (T, error)) parse {
	return func(raw []byte) (transformer.Architecture, error) { return parse(raw) }
}

func joiner[C transformer.Architecture, M transformer.Model](join func(C, *transformer.Weights) M) join {
	return func(a transformer.Architecture, w *transformer.Weights) transformer.Model { return join(a.(C), w) }
}

// joined is an encoder of weights and of what was said of them.
func joined(a transformer.Architecture, w *transformer.Weights, err error) (transformer.Model, error) {
	if err != nil {
		return nil, err
	}
	return families[a.Family()].join(a, w), nil
}

// ParseConfig decodes the bytes of a config.json of any family. Without a model_type it is Qwen3's: files that hives
// wrote before there was another family name none.
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

// Config reads the config of a model folder or a GGUF file. It says what can be said before weights are loaded: family,
// sizes, and whether the model is computed here at all.
func Config(dir string) (transformer.Architecture, error) {
	path, err := transformer.ConfigPath(dir)
	if err != nil {
		return nil, err
	}
	return LoadConfig(path)
}

// Load reads config and weights of a model folder or a GGUF file, see transformer.Load. It gives an encoder; a language
// model is of the same files, and its package loads it itself, with the head.
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

// LinearLayers are the names of the layers that can have an adapter in some family, for help texts: which of them the
// model at hand has is known only when its config is read.
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
