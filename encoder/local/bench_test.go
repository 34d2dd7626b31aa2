package local_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/qwen3embed"
)

// BenchmarkEncode embeds texts of the demo's corpora, tokenised beforehand, with the demo's model.
func BenchmarkEncode(b *testing.B) {
	root := goldentest.ModuleRoot(b)
	cfg, err := qwen3embed.LoadConfig(filepath.Join(root, "demo", "model", "config.json"))
	if err != nil {
		b.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	framed, err := local.OpenTokenizer(filepath.Join(root, "demo", "model"), folder.Defaults(), cfg.VocabSize)
	if err != nil {
		b.Fatal(err)
	}
	l, err := local.New(m, framed, folder.Defaults(), engine.OpenForTest(b).Backend, local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var inputs []encoder.Input
	tokens := 0
	for _, text := range demoTexts(b, root) {
		ids, _, err := framed.Encode(text)
		if err != nil {
			b.Fatal(err)
		}
		inputs, tokens = append(inputs, encoder.Input{IDs: ids}), tokens+len(ids)
	}
	for _, c := range []struct {
		name  string
		texts int
	}{{"corpus", len(inputs)}, {"texts32", 32}, {"text", 1}} {
		b.Run(c.name, func(b *testing.B) {
			some, tokens := inputs[:c.texts], 0
			for _, in := range some {
				tokens += len(in.IDs)
			}
			if _, _, err := l.Encode(context.Background(), some); err != nil { // compiles
				b.Fatal(err)
			}
			for b.Loop() {
				if _, _, err := l.Encode(context.Background(), some); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*tokens)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// demoTexts takes every third line of the demo's corpora: arguments, comments and rules.
func demoTexts(b *testing.B, root string) (texts []string) {
	read := func(elem ...string) []string {
		raw, err := os.ReadFile(filepath.Join(append([]string{root, "demo", "data"}, elem...)...))
		if err != nil {
			b.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(raw)), "\n")[1:]
	}
	longest := func(line string) string {
		return slices.MaxFunc(strings.Split(line, "\t"), func(a, b string) int { return len(a) - len(b) })
	}
	for _, file := range [][]string{{"valueeval", "arguments-training.tsv"}, {"mfrc", "mfrc.tsv"},
		{"social_chem", "social_chem.tsv"}} {
		for i, line := range read(file...) {
			if i%3 == 0 {
				texts = append(texts, longest(line))
			}
		}
	}
	for _, line := range read("moral_stories", "moral_stories.jsonl") {
		var story struct {
			Norm string `json:"norm"`
		}
		if err := json.Unmarshal([]byte(line), &story); err != nil {
			b.Fatal(err)
		}
		texts = append(texts, story.Norm)
	}
	return texts
}
