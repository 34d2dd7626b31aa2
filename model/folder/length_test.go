package folder

import (
	"os"
	"path/filepath"
	"testing"
)

// lay writes files into a folder of its own.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const someModules = `[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
	{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]`

// TestWhoStatesTheLength: Qwen3-Embedding's own folder does not.
func TestWhoStatesTheLength(t *testing.T) {
	published := map[string]string{"config.json": `{"model_type":"qwen3","max_position_embeddings":32768}`,
		"modules.json":          someModules,
		"tokenizer_config.json": `{"model_max_length":131072}`}
	with := func(name, content string) map[string]string {
		out := map[string]string{name: content}
		for k, v := range published {
			if out[k] == "" {
				out[k] = v
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"as published":         {published, false},
		"hives.json":           {map[string]string{InfoFile: `{"format":1,"max_length":64}`}, true},
		"hives.json without":   {map[string]string{InfoFile: `{"format":1}`}, false},
		"sentence_bert_config": {with("sentence_bert_config.json", `{"max_seq_length":512}`), true},
		"null there":           {with("sentence_bert_config.json", `{"max_seq_length":null}`), false},
		"the tokenizer":        {with("tokenizer_config.json", `{"model_max_length":512}`), true},
		"nothing":              {nil, false},
	} {
		if got, err := LengthStated(lay(t, c.files)); err != nil || got != c.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func TestDefaultPrompt(t *testing.T) {
	prompts := map[string]string{"modules.json": someModules, promptsFile: `{"prompts":{"passage":"passage: ` +
		`"},"default_prompt_name":"passage"}`}
	if got, err := DefaultPrompt(lay(t, prompts)); got != "passage" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	prompts[promptsFile] = `{"prompts":{"passage":"passage: "},"default_prompt_name":null}`
	if got, err := DefaultPrompt(lay(t, prompts)); got != "" || err != nil {
		t.Errorf("null: %q, %v", got, err)
	}
	prompts[promptsFile], prompts[InfoFile] = `{"default_prompt_name":"passage"}`, `{"format":1}`
	if got, err := DefaultPrompt(lay(t, prompts)); got != "" || err != nil {
		t.Errorf("beside hives.json: %q, %v", got, err)
	}
}

// TestNamesAreOfPlaces: neither "." nor a link is a name.
func TestNamesAreOfPlaces(t *testing.T) {
	dir := t.TempDir()
	release := filepath.Join(dir, "hives-7")
	if err := os.Mkdir(release, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "current")
	if err := os.Symlink("hives-7", link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(release)
	for _, path := range []string{".", "./", release, link, link + "/", "../current", "../hives-7/."} {
		if got := Name(path); got != "hives-7" {
			t.Errorf("%s is called %q", path, got)
		}
	}
}
