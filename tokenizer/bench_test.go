package tokenizer

import (
	"path/filepath"
	"sync/atomic"
	"testing"

	"hives/internal/rig/goldentest"
)

// benchmarkTokenizer is Qwen3's tokenizer where the reference values hold it, else the demo's. The repository's own set
// has one of a few hundred entries, which would say little of speed.
func benchmarkTokenizer(b testing.TB) string {
	if goldentest.Root(b) == goldentest.Own(b) {
		return demoFolder(b)
	}
	return goldentest.Path(b, "b_tokenizer", "tokenizer.json")
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

// BenchmarkEncodeWordPiece is BenchmarkEncode with MiniLM's tokenizer where there is one, else the small one of
// testdata.
func BenchmarkEncodeWordPiece(b *testing.B) {
	path := filepath.Join("testdata", "wordpiece.json")
	if goldentest.Root(b) != goldentest.Own(b) {
		path = goldentest.Path(b, "i_bert", "tokenizer.json")
	}
	tok, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkEncode(b, tok)
}
