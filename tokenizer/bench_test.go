package tokenizer

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"hives/internal/rig/goldentest"
)

// benchmarkTokenizer is the path of Qwen3's tokenizer when $HIVES_GOLDEN or ../shared/golden has it, else the demo's.
func benchmarkTokenizer(b testing.TB) string {
	for _, dir := range []string{os.Getenv(goldentest.EnvVar), "../shared/golden"} {
		path := filepath.Join(goldentest.ModuleRoot(b), dir, "b_tokenizer", "tokenizer.json")
		if filepath.IsAbs(dir) {
			path = filepath.Join(dir, "b_tokenizer", "tokenizer.json")
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return demoFolder(b)
}

// benchmarkEncode encodes the demo's MFRC comments and ValueEval premises line by line, on -cpu threads.
// SetBytes makes it report MB/s.
func benchmarkEncode(b *testing.B, tok Tokenizer) {
	lines := realLines(b)
	total := 0
	for _, line := range lines {
		total += len(line)
	}
	b.SetBytes(int64(total / len(lines)))
	b.ReportAllocs()
	var next atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var ids []int32
		for pb.Next() {
			var err error
			if ids, err = tok.Encode(ids[:0], lines[int(next.Add(1))%len(lines)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkEncode has every piece of the sample in its cache, as a trainer or a long-lived service has.
func BenchmarkEncode(b *testing.B) {
	tok, err := Open(benchmarkTokenizer(b))
	if err != nil {
		b.Fatal(err)
	}
	benchmarkEncode(b, tok)
}

// BenchmarkEncodeFirstPass begins each round over the sample with an empty cache.
func BenchmarkEncodeFirstPass(b *testing.B) {
	tok, err := Open(benchmarkTokenizer(b))
	if err != nil {
		b.Fatal(err)
	}
	lines := realLines(b)
	plain, ids, total := tok.(*plain), []int32(nil), 0
	for b.Loop() {
		plain.cache, total = newPieceCache(), 0
		for _, line := range lines {
			if ids, err = plain.Encode(ids[:0], line); err != nil {
				b.Fatal(err)
			}
			total += len(line)
		}
	}
	b.SetBytes(int64(total))
}

// BenchmarkEncodeWordPiece is BenchmarkEncode with MiniLM's tokenizer where there is one, else the small one of testdata.
func BenchmarkEncodeWordPiece(b *testing.B) {
	path := filepath.Join(goldentest.ModuleRoot(b), "..", "shared", "golden", "i_bert", "tokenizer.json")
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join("testdata", "wordpiece.json")
	}
	tok, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkEncode(b, tok)
}
