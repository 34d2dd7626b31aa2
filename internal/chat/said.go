package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/tokenizer"
)

// said is what a model's files say about talking. Only what a file states: nothing is taken over from a model's name.
type said struct {
	file     string // where the template was found
	template string
	ends     []int32
}

// readSaid reads the chat template and the tokens that end an answer: of a folder from tokenizer_config.json or
// chat_template.jinja and generation_config.json (config.json where that has none), of a GGUF file from its metadata.
//
// generation_config.json is asked first because it may list several ends where config.json has one. Both are
// optional: without either, the end of a turn stops an answer.
func readSaid(dir string) (said, error) {
	path, inside, err := gguf.Tokenizer(dir)
	if err != nil {
		return said{}, err
	}
	if inside {
		return saidByGGUF(path)
	}
	var s said
	var config struct {
		Template json.RawMessage `json:"chat_template"`
	}
	if err := readOptional(filepath.Join(dir, "tokenizer_config.json"), &config); err != nil {
		return s, err
	}
	s.file = filepath.Join(dir, "tokenizer_config.json")
	if len(config.Template) > 0 && json.Unmarshal(config.Template, &s.template) != nil {
		return s, fault.New(fault.Invalid, "%s: its chat_template is a list: name the template that fits with --template",
			s.file)
	}
	if s.template == "" {
		jinja := filepath.Join(dir, "chat_template.jinja")
		raw, err := fsutil.ReadRegular(jinja)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		if err == nil {
			s.file, s.template = jinja, string(raw)
		}
	}
	for _, name := range []string{"generation_config.json", "config.json"} {
		var f struct {
			End json.RawMessage `json:"eos_token_id"`
		}
		if err := readOptional(filepath.Join(dir, name), &f); err != nil {
			return s, err
		}
		if s.ends, err = endIDs(f.End); err != nil {
			return s, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
		}
		if len(s.ends) > 0 {
			break
		}
	}
	return s, nil
}

// readOptional decodes a JSON file if it is there. A file that is there and cannot be read is an error all the same.
func readOptional(path string, into any) error {
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	return nil
}

// endIDs reads eos_token_id: a number, a list of them, or nothing. Anything else is refused: with an end that was not
// understood, answers would only stop at their length.
func endIDs(raw json.RawMessage) (ids []int32, err error) {
	var one int32
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil, nil
	case json.Unmarshal(raw, &one) == nil:
		return []int32{one}, nil
	case json.Unmarshal(raw, &ids) == nil:
		return ids, nil
	}
	return nil, fault.New(fault.Invalid, "eos_token_id %.40s is neither a number nor a list of numbers", raw)
}

// saidByGGUF reads the same from a GGUF file's metadata, which holds one end and no list.
func saidByGGUF(path string) (said, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return said{}, err
	}
	defer file.Close()
	s := said{file: path}
	s.template, _ = file.String("tokenizer.chat_template") // none: the template must be named
	if id, err := file.Int("tokenizer.ggml.eos_token_id"); err == nil {
		s.ends = []int32{int32(id)}
	}
	return s, nil
}

// renderer recognises the template, or takes the one that is forced.
func (s said) renderer(forced string, tok tokenizer.Talker) (*Renderer, error) {
	t, err := Named(forced)
	if forced == "" {
		if strings.TrimSpace(s.template) == "" {
			return nil, fault.New(fault.Invalid, "no chat template in its files: it may be no model that was taught to "+
				"answer; name one with --template (%s)",
				strings.Join(Templates, ", "))
		}
		t, err = Recognise(s.file, s.template)
	}
	if err != nil {
		return nil, err
	}
	return NewRenderer(t, tok)
}
