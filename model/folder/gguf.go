package folder

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/model/transformer"
)

// Values of {arch}.pooling_type, as llama.cpp numbers them: 2 is the first token, 4 a ranking. With none a program
// makes a vector of every token, so the file leaves it open.
const (
	ggufPoolNone = 0
	ggufPoolMean = 1
	ggufPoolLast = 3
)

// ofGGUF says how a text becomes a vector by a GGUF file alone. The file has keys for pooling and end token and none
// for prompts or the longest text: those are the family's.
func ofGGUF(path string) (Info, error) {
	info, unlike, err := ggufDefaults(path)
	if err == nil {
		err = unlike
	}
	if err != nil {
		return Info{}, err
	}
	return info, nil
}

// ggufDefaults takes the defaults of the file's kind and what its metadata says. unlike is what it asks for and is not
// done here, which a hives.json beside it may overrule.
func ggufDefaults(path string) (info Info, unlike, err error) {
	file, err := gguf.Open(path)
	if err != nil {
		return Info{}, nil, err
	}
	defer file.Close()
	err = file.Guard(func() (err error) {
		info, unlike, err = defaultsOf(file)
		return err
	})
	return info, unlike, err
}

// defaultsOf reads an open file. Whether a text gets an end token the file says by two keys: add_eos_token, which may
// be absent, false or true, and the token's number. Absent leaves it to the family, false means none.
func defaultsOf(file *gguf.File) (info Info, unlike, err error) {
	path := file.Path()
	arch, err := file.String("general.architecture")
	if err != nil {
		return Info{}, nil, err
	}
	vocabulary, err := file.Vocabulary()
	if err != nil { // only ids can be embedded; a tokenizer.json beside the file may help
		vocabulary = &gguf.Vocabulary{}
	}
	eos := vocabulary.Token(file, "tokenizer.ggml.eos_token_id")
	info = familyOf(arch).defaults(eos, func(token string) bool { return slices.Contains(vocabulary.Tokens, token) })
	if adds, err := file.Bool("tokenizer.ggml.add_eos_token"); err == nil && !adds {
		info.EndToken = ""
	} else if err == nil && eos != "" {
		info.EndToken = eos
	}
	if first, err := file.Bool("tokenizer.ggml.add_bos_token"); err == nil && first {
		unlike = fault.New(fault.Invalid, "%s: tokenizer.ggml.add_bos_token true is not supported: "+
			"no token is put before a text here", path)
	}
	switch kind, err := file.Int(arch + ".pooling_type"); {
	case err != nil || kind == ggufPoolNone:
	case kind == ggufPoolMean:
		info.Pooling = transformer.MeanTokens
	case kind == ggufPoolLast:
		info.Pooling = transformer.LastToken
	default:
		unlike = fault.New(fault.Invalid, "%s: %s.pooling_type %d is not supported: want 1, mean, or 3, last",
			path, arch, kind)
	}
	return info, unlike, nil
}

// TokenizerSHA256 is the digest of the tokenizer.json that Save would write: of the folder's own, or of the one that
// its GGUF file is rendered to. So a model that is trained from a GGUF file and the folder that comes of it have one
// tokenizer by name: rendering gives the same bytes every time.
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

// writeTokenizer writes the tokenizer of a GGUF file as the two files of a model folder. A folder that is trained
// from a GGUF file and saved is then opened by transformers, which reads no tokenizer out of such a file.
func writeTokenizer(path, to string) error {
	file, err := gguf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for name, render := range map[string]func() ([]byte, error){
		TokenizerFile: file.TokenizerJSON, TokenizerConfigFile: file.TokenizerConfigJSON,
	} {
		var raw []byte
		err := file.Guard(func() (err error) {
			raw, err = render()
			return err
		})
		if err == nil {
			err = fsutil.WriteBytes(filepath.Join(to, name), raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
