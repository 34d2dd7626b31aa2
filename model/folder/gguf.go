package folder

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"

	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/model/qwen3embed"
)

// defaultsOf returns where a model's hives.json would lie and what holds without one. For a GGUF file that is its
// folder, unless the folder holds other models too: then dir is "", for nobody knows whose the hives.json is.
func defaultsOf(model string) (dir string, info Info, err error) {
	path, err := gguf.Find(model)
	if err != nil || path == "" {
		return model, Defaults(), err
	}
	info, err = ggufDefaults(path)
	return gguf.Folder(path), info, err
}

// Pooling types of {arch}.pooling_type.
const (
	ggufPoolMean = 1
	ggufPoolLast = 3
)

// ggufDefaults says how a text becomes a vector by a GGUF file alone. A Qwen3 is taken for Qwen3-Embedding, whose end
// token is not the one that its file says ends an answer. Of a Llama the file's end token ends the text, and without
// a word on pooling the mean is taken: a language model that was never an embedder wants it.
func ggufDefaults(path string) (Info, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return Info{}, err
	}
	defer file.Close()
	info := Defaults()
	arch, err := file.String("general.architecture")
	if err != nil {
		return Info{}, err
	}
	vocabulary, err := file.Vocabulary()
	if err != nil { // only ids can be embedded; a tokenizer.json beside the file may help
		vocabulary = &gguf.Vocabulary{}
	}
	if arch != qwen3embed.Qwen3 {
		info.Pooling, info.Prompts = qwen3embed.MeanTokens, nil
	}
	if end := vocabulary.Token(file, "tokenizer.ggml.eos_token_id"); end != "" &&
		(arch != qwen3embed.Qwen3 || !slices.Contains(vocabulary.Tokens, info.EndToken)) {
		info.EndToken = end
	}
	switch kind, err := file.Int(arch + ".pooling_type"); {
	case err == nil && kind == ggufPoolMean:
		info.Pooling = qwen3embed.MeanTokens
	case err == nil && kind == ggufPoolLast:
		info.Pooling = qwen3embed.LastToken
	}
	return info, nil
}

// TokenizerSHA256 is the digest of the tokenizer.json that Save would write: of the folder's own, or of the one that
// its GGUF file is rendered to.
func TokenizerSHA256(dir string) (string, error) {
	file, inside, err := gguf.Tokenizer(dir)
	if err != nil {
		return "", err
	}
	if !inside {
		return fsutil.SHA256(file)
	}
	raw, err := gguf.TokenizerJSON(file)
	return fmt.Sprintf("%x", sha256.Sum256(raw)), err
}

// writeTokenizer writes the tokenizer of a GGUF file as the two files of a model folder.
func writeTokenizer(path, to string) error {
	file, err := gguf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for name, render := range map[string]func() ([]byte, error){
		TokenizerFile: file.TokenizerJSON, TokenizerConfigFile: file.TokenizerConfigJSON,
	} {
		raw, err := render()
		if err == nil {
			err = fsutil.WriteBytes(filepath.Join(to, name), raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
