package export

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/model/bert"
	"hives/model/folder"
	"hives/model/transformer"
)

// bertFolder saves a small random BERT with a WordPiece tokenizer.
func bertFolder(t *testing.T, pooling transformer.Pooling) string {
	t.Helper()
	cfg, err := bert.ParseConfig([]byte(`{"model_type": "bert", "_name_or_path": ` +
		`"/home/somebody/base", "architectures": ["BertForMaskedLM"],
		"vocab_size": 640, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
		"max_position_embeddings": 32}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := bert.Random(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	from, dir := t.TempDir(), filepath.Join(t.TempDir(), "bert")
	raw, err := os.ReadFile(filepath.Join(goldentest.ModuleRoot(t), "tokenizer", "testdata", "wordpiece.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(from, folder.TokenizerFile), raw, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	info := folder.Info{MaxLength: 24, Pooling: pooling, Normalise: true, EndToken: "[SEP]"}
	if err := folder.Save(dir, m, from, info); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestBERTForSentenceTransformers: the folder names transformers' class, keeps [CLS] and [SEP], pads on the right,
// since positions are counted from the left there, and says without hives.json what it said with it.
func TestBERTForSentenceTransformers(t *testing.T) {
	for pooling, flag := range map[transformer.Pooling]string{"mean": "pooling_mode_mean_tokens",
		"first": "pooling_mode_cls_token"} {
		from, out := bertFolder(t, pooling), filepath.Join(t.TempDir(), "out")
		if _, err := Run(Options{Model: from, Out: out, Format: SentenceTransformers}); err != nil {
			t.Fatal(err)
		}
		got := files(t, out)
		config, tokenizer := object(t, got["config.json"]), object(t, got["tokenizer_config.json"])
		if a := config["architectures"].([]any); len(a) != 1 || a[0] != "BertModel" ||
			config["max_position_embeddings"] != 32. {
			t.Errorf("config %v", config)
		}
		if tokenizer["padding_side"] != "right" || tokenizer["model_max_length"] != 24. {
			t.Errorf("tokenizer %v", tokenizer)
		}
		if object(t, got["1_Pooling/config.json"])[flag] != true {
			t.Errorf("%s: %s", pooling, got["1_Pooling/config.json"])
		}
		if before, after := parts(t, from), parts(t, out); !bytes.Equal(before["post_processor"], after["post_processor"]) {
			t.Errorf("the frame became %s", after["post_processor"])
		}
		want, err := folder.Read(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(out, folder.InfoFile)); err != nil {
			t.Fatal(err)
		}
		alone, err := folder.Read(out)
		if err != nil || alone.Pooling != want.Pooling || alone.MaxLength != want.MaxLength ||
			alone.EndToken != want.EndToken {
			t.Errorf("without hives.json %+v, %v, want %+v", alone, err, want)
		}
		if got["model.safetensors"] != files(t, from)["model.safetensors"] {
			t.Error("other weights")
		}
	}
}

func TestBERTIsNoGGUF(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.gguf")
	_, err := Run(Options{Model: bertFolder(t, "mean"), Out: out, Format: GGUF})
	if fault.Of(err) != fault.Invalid ||
		!strings.Contains(err.Error(), "bert models are not written as GGUF: export to sentence-transformers") {
		t.Errorf("%v", err)
	}
	if exists(out) {
		t.Error("a file was written")
	}
}
