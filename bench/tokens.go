package main

import (
	"context"
	"os"
	"path/filepath"

	"hives/tokenizer"
)

const passes = 5 // over the texts in a turn; peers/tokens.py agrees

// tokensWorker makes ids of all texts on one thread: TOKENIZER TEXTS.
func tokensWorker(_ context.Context, args []string) error {
	t, err := tokenizer.Open(args[0])
	if err != nil {
		return err
	}
	texts, err := readLines[string](args[1])
	if err != nil {
		return err
	}
	bytes, first := 0, true
	for _, text := range texts {
		bytes += len(text)
	}
	var ids []int32
	return turns(func() (answer, error) {
		a := answer{Amount: passes * float64(bytes) / 1e6}
		for range passes {
			for _, text := range texts {
				if ids, err = t.Encode(ids[:0], text); err != nil {
					return a, err
				}
				for n := 0; first && n < len(ids); n++ {
					a.Output = append(a.Output, float32(ids[n]))
				}
			}
			first = false
		}
		return a, nil
	})
}

// tokenRows are a byte-level BPE, Qwen3's where the reference values hold it, and MiniLM's WordPiece.
func (b *bench) tokenRows() (out []row) {
	texts := filepath.Join(b.work, "texts-10000.jsonl")
	golden := os.Getenv("HIVES_GOLDEN")
	if golden == "" {
		golden = "../shared/golden"
	}
	for _, x := range []struct {
		name, work, file, remedy string
		full                     bool
		ratio                    float64
	}{
		{"tokens", "tokenizer, 1 thread, demo's BPE", "demo/model/tokenizer.json", "", false, 8},
		{"tokens-qwen3", "tokenizer, 1 thread, Qwen3's BPE", filepath.Join(golden, "b_tokenizer", "tokenizer.json"),
			"Qwen3's tokenizer.json in HIVES_GOLDEN", true, 8},
		{"tokens-wordpiece", "tokenizer, 1 thread, MiniLM's WordPiece",
			filepath.Join(b.cache, "models/all-MiniLM-L6-v2/tokenizer.json"), "scripts/download_minilm.sh", false, 8},
	} {
		ours := b.worker("tokens", x.file, texts)
		ours.needs = []need{{x.file, x.remedy}}
		out = append(out, row{
			name: x.name, work: x.work, full: x.full, unit: "MB/s", threads: 1,
			prepare: func() error { return b.writeTexts(texts, 10_000) },
			ours:    ours, peer: b.python("tokenizers", "tokens.py", x.file, texts),
			agree: agreement{same: 1}, goal: goal{ratio: x.ratio},
		})
	}
	return out
}
