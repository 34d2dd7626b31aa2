package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/model/bert"
	"hives/model/folder"
	"hives/model/transformer"
)

const bertConfig = `{"model_type": "bert", "vocab_size": 31, "hidden_size": 12, "intermediate_size": ` +
	`20, "num_hidden_layers": 2,
	"num_attention_heads": 3, "max_position_embeddings": 40}`

// TestBERTFolders: what a folder of the family says, alone, as one of sentence-transformers, and by hives.json.
func TestBERTFolders(t *testing.T) {
	cls := strings.NewReplacer(`"pooling_mode_cls_token": false`, `"pooling_mode_cls_token": true`,
		`"pooling_mode_lasttoken": true`, `"pooling_mode_lasttoken": false`).Replace(published["1_Pooling/config.json"])
	bare := map[string]string{"config.json": bertConfig, "tokenizer.json": "", "tokenizer_config.json": "",
		"modules.json": ""}
	as := func(changed map[string]string) map[string]string {
		files := map[string]string{"config.json": bertConfig, "tokenizer.json": "", "tokenizer_config.json": ""}
		for name, content := range changed {
			files[name] = content
		}
		return files
	}
	info := func(content string) map[string]string {
		files := as(map[string]string{"modules.json": ""})
		files[folder.InfoFile] = content
		return files
	}
	for name, c := range map[string]struct {
		files   map[string]string
		pooling transformer.Pooling
		length  int
	}{
		"alone: the mean, no longer than its positions": {bare, "mean", 40},
		"first token": {as(map[string]string{"1_Pooling/config.json": cls}), "first", 40},
		"first token, by name": {
			as(map[string]string{"1_Pooling/config.json": `{"pooling_mode": "cls"}`}), "first", 40},
		"a longest text " +
			"of its own": {as(map[string]string{"sentence_bert_config.json": `{"max_seq_length": 16}`}), "last", 16},
		"a longest text beyond its " +
			"positions is cut": {as(map[string]string{"sentence_bert_config.json": `{"max_seq_length": 512}`}), "last", 40},
		"hives.json without pooling: that of the family": {info(`{"format": 1, "max_length": 20}`), "mean", 20},
		"hives.json with pooling": {info(`{"format": 1, "pooling": "first", "max_length": 20}`),
			"first", 20},
		"hives.json is believed: who loads it is refused": {info(`{"format": 1, "max_length": 99}`), "mean", 99},
	} {
		got, err := folder.Read(lay(t, c.files))
		if err != nil || got.Pooling != c.pooling || got.MaxLength != c.length || c.pooling == "mean" && got.Prompts != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestFits: no text is longer than the positions, and no vector is made of a token that saw nothing.
func TestFits(t *testing.T) {
	bert, err := folder.ParseConfig([]byte(bertConfig))
	if err != nil {
		t.Fatal(err)
	}
	qwen, err := folder.Config(filepath.Join(goldentest.ModuleRoot(t), "demo", "model"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arch    transformer.Architecture
		length  int
		pooling transformer.Pooling
		says    string
	}{
		{bert, 40, "first", ""}, {bert, 40, "last", ""}, {bert, 41, "mean",
			"at most 41 tokens: this bert model has positions for 40"},
		{qwen, 9999, "mean", ""}, {qwen, 10, "first", "sees nothing of the text"},
	} {
		err := folder.Info{MaxLength: c.length, Pooling: c.pooling}.Fits(c.arch)
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) ||
			fault.Of(err) != fault.Invalid) {
			t.Errorf("%s, %d tokens, %s: %v, want %q", c.arch.Family(), c.length, c.pooling, err, c.says)
		}
	}
}

// TestFamilies: a config's model_type chooses its family, and one that is not in the table is named.
func TestFamilies(t *testing.T) {
	dir := t.TempDir()
	cfg, err := folder.ParseConfig([]byte(bertConfig))
	if err != nil {
		t.Fatal(err)
	}
	m, err := folder.Random(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := folder.Load(dir, dtypes.InvalidDType)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, ok := again.(*bert.Model); !ok || again.Sizes() != m.Sizes() {
		t.Errorf("%T of %+v", again, again.Sizes())
	}
	raw := strings.Replace(bertConfig, `"bert"`, `"gpt2"`, 1)
	if err := os.WriteFile(filepath.Join(dir, transformer.ConfigFile), []byte(raw), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = folder.Load(dir, dtypes.Float32)
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), `"gpt2" is not supported: `+
		`want bert, llama, qwen2, qwen3`) {
		t.Errorf("another family: %v", err)
	}
}
