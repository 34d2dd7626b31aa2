package folder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/internal/whatis"
	"hives/model/bert"
	"hives/model/transformer"
)

// Names of a model folder's files beside config and weights.
const (
	InfoFile            = "hives.json"
	TokenizerFile       = "tokenizer.json"
	TokenizerConfigFile = "tokenizer_config.json"

	// Of language models: how a conversation is written, where tokenizer_config.json does not say it, and what ends an
	// answer. Nothing here needs them, and a model that was trained or exported goes on talking by them.
	ChatTemplateFile     = "chat_template.jinja"
	GenerationConfigFile = "generation_config.json"
)

// Format is the version of hives.json that is written; older ones are read.
const Format = 1

// Info is hives.json: how a text becomes a vector, and where the weights come from. As a run writes it:
//
//	{
//	  "format": 1, "max_length": 128, "pooling": "last", "normalise": true, "end_token": "<|endoftext|>",
//	  "prompts": {"query": "Instruct: …\nQuery:"},
//	  "weights_sha256": "9f2c…", "tokenizer_sha256": "41ab…", "provenance": {"run": "…"}
//	}
//
// A key that is left out keeps a default, see Read, so that a person can write {"max_length": 64}.
type Info struct {
	Format          int                 `json:"format"`
	MaxLength       int                 `json:"max_length"` // tokens, what is put around the text included
	Pooling         transformer.Pooling `json:"pooling"`
	Normalise       bool                `json:"normalise"`
	EndToken        string              `json:"end_token"` // put behind every text; empty: none is
	Prompts         map[string]string   `json:"prompts"`   // null where there are none: absent means the defaults
	WeightsSHA256   string              `json:"weights_sha256,omitempty"`
	TokenizerSHA256 string              `json:"tokenizer_sha256,omitempty"`
	Provenance      map[string]string   `json:"provenance,omitempty"`
}

// Defaults are those of Qwen3-Embedding. 256 tokens are the paper's: the model takes far more, and a text that is
// longer is cut without anybody's having asked for it, of which the encoder warns.
func Defaults() Info {
	return Info{
		Format: Format, MaxLength: 256, Pooling: transformer.LastToken, Normalise: true,
		EndToken: "<|endoftext|>",
		Prompts: map[string]string{
			"query": "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
		},
	}
}

// Read says how a model's texts become vectors: by its hives.json, with the defaults of its kind where that says
// nothing. Where there is none the GGUF file says it, or the folder as transformers and sentence-transformers write
// one. Unknown keys and newer formats are refused.
//
// Defaults under a hives.json are Qwen3-Embedding's for every decoder that is not a GGUF file, a Llama too: files that
// were written before there were other families rely on it.
func Read(model string) (Info, error) {
	if err := whatis.Model(model); err != nil {
		return Info{}, err
	}
	file, err := gguf.Find(model)
	if err != nil {
		return Info{}, err
	}
	dir := model
	if file != "" {
		// Its folder, unless that holds other models too: nobody knows whose the hives.json is then.
		dir = gguf.Folder(file)
	}
	path := filepath.Join(dir, InfoFile)
	raw, err := fsutil.ReadRegular(path)
	switch {
	case file != "" && (dir == "" || errors.Is(err, os.ErrNotExist)):
		return ofGGUF(file)
	case errors.Is(err, os.ErrNotExist):
		return ofFolder(dir)
	case err != nil:
		return Info{}, err
	}
	info := Defaults()
	if family, _ := readFamily(dir); family == bert.Family {
		info = bertDefaults("", nil) // whose first readers knew no other family: the others keep theirs
	}
	if file != "" {
		if info, _, err = ggufDefaults(file); err != nil {
			return Info{}, err
		}
	}
	return info.over(path, raw)
}

// within cuts the longest text to what the model in dir has positions for. What is wrong with its config is said by who
// loads it.
func within(info Info, dir string) Info {
	if arch, err := Config(dir); err == nil && arch.Sizes().Positions > 0 {
		info.MaxLength = min(info.MaxLength, arch.Sizes().Positions)
	}
	return info
}

// Fits refuses texts that are longer than the model has positions for, and a pooling that says nothing of the text.
func (i Info) Fits(arch transformer.Architecture) error {
	if n := arch.Sizes().Positions; n > 0 && i.MaxLength > n {
		return fault.New(fault.Invalid, "texts of at most %d tokens: this %s model has positions for %d; "+
			"ask for a max_length of at most %d", i.MaxLength, arch.Family(), n, n)
	}
	return arch.Refuses(i.Pooling)
}

// over lays a hives.json over i. The version is looked at before the keys: a newer format may have any, and "install a
// newer version" helps more than the name of the first unknown one.
func (i Info) over(path string, raw []byte) (Info, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var version struct{ Format int }
	if err := json.Unmarshal(raw, &version); err != nil {
		return Info{}, whatis.JSON(path, fault.New(fault.Corrupt, "%s: %w", path, err))
	}
	if version.Format > Format {
		return Info{}, fault.New(fault.Mismatch, "%s is of format %d, this program reads up to %d: install a newer "+
			"version", path, version.Format, Format)
	}
	if err := dec.Decode(&i); err != nil {
		return Info{}, fault.New(fault.Invalid, "%s: %w", path, err)
	}
	if err := i.validate(); err != nil {
		return Info{}, fault.New(fault.Invalid, "%s: %w", path, err)
	}
	return i, nil
}

// validate refuses what no encoder here does. Every vector has length 1 here; a file that asks for raw ones was written
// for another program.
func (i Info) validate() error {
	if i.MaxLength < 2 {
		return fmt.Errorf("max_length %d: want at least 2, a token and the end token", i.MaxLength)
	}
	if !i.Normalise {
		return errors.New("normalise is false: only unit vectors are made")
	}
	_, err := transformer.ParsePooling(string(i.Pooling))
	return err
}

// Save makes dir a whole model folder: weights, config, the tokenizer files of tokenizerDir, and
// hives.json last, with the hashes of what was written: whoever finds it finds a whole folder, and a kill before leaves
// one that says nothing of itself rather than something untrue.
func Save(dir string, m transformer.Model, tokenizerDir string, info Info) error {
	if err := m.Save(dir); err != nil {
		return err
	}
	if err := CopyTokenizer(tokenizerDir, dir); err != nil {
		return err
	}
	return Seal(dir, info)
}

// Seal writes hives.json with the hashes of the weights and the tokenizer that lie in dir. They are of the files as
// they lie there, not of what was meant to be written, so that a copy which went wrong cannot be sealed as right.
func Seal(dir string, info Info) (err error) {
	if info.WeightsSHA256, err = WeightsSHA256(dir); err != nil {
		return err
	}
	if info.TokenizerSHA256, err = fsutil.SHA256(filepath.Join(dir, TokenizerFile)); err != nil {
		return err
	}
	info.Format = Format
	raw, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	return fsutil.WriteBytes(filepath.Join(dir, InfoFile), append(raw, '\n'))
}

// CopyTokenizer brings a folder's tokenizer files, with what lies beside them of how the model talks, or writes out the
// tokenizer in a GGUF file where it has none. A tokenizer.json beside a GGUF file goes before the one inside: who put
// it there knew why.
func CopyTokenizer(from, to string) error {
	file, inside, err := gguf.Tokenizer(from)
	if err != nil {
		return err
	}
	if inside {
		return writeTokenizer(file, to)
	}
	if file != from {
		from = filepath.Dir(file)
	}
	for _, name := range []string{TokenizerFile, TokenizerConfigFile, ChatTemplateFile, GenerationConfigFile} {
		raw, err := fsutil.ReadRegular(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) && name != TokenizerFile {
			continue
		} else if err != nil {
			return fault.New(fault.NotFound, "tokenizer: %w", err)
		}
		if err := fsutil.WriteBytes(filepath.Join(to, name), raw); err != nil {
			return err
		}
	}
	return nil
}

// WeightsSHA256 identifies the weights of a folder: the file's digest, or of several shards the digest of their
// digests in the order of their names. The same tensors in one file and in two have different digests: it is the
// files that are told apart, which is quick and can be checked with sha256sum.
func WeightsSHA256(dir string) (string, error) {
	files, err := transformer.WeightFiles(dir)
	if err != nil {
		return "", err
	}
	all := sha256.New()
	for _, path := range files {
		digest, err := fsutil.SHA256(path)
		if err != nil || len(files) == 1 {
			return digest, err
		}
		io.WriteString(all, digest)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}
