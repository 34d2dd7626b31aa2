//go:build daulet

package tokenizer

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
)

func openDaulet(t testing.TB, path string) Tokenizer {
	t.Helper()
	tok, err := OpenDaulet(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tok.Close() })
	return tok
}

func TestGoldenTokenizerDaulet(t *testing.T) {
	var want goldenTexts
	goldentest.ReadJSON(t, &want, "b_tokenizer", "texts.json")
	want.Items = slices.DeleteFunc(want.Items, func(item goldenText) bool { return strings.Contains(item.Text, "\x00") })
	checkGolden(t, openDaulet(t, goldentest.Path(t, "b_tokenizer", "tokenizer.json")), &want)
}

func TestDauletEqualsPython(t *testing.T) {
	tok := openDaulet(t, demoFolder(t))
	for i, want := range demoReference(t, "qwen") {
		if strings.Contains(want.text, "\x00") {
			continue
		}
		got, err := tok.Encode(nil, want.text)
		if err != nil || !slices.Equal(got, want.ids) {
			t.Errorf("text %d: error %v\n got %v\nwant %v", i, err, got, want.ids)
		}
	}
}

func TestDauletRefusesWhatItWouldCut(t *testing.T) {
	_, err := openDaulet(t, demoFolder(t)).Encode(nil, "ab\x00cd")
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "byte 2") {
		t.Errorf("NUL: %v", err)
	}
}

// FuzzAgainstDaulet looks for a text that the two implementations encode differently.
func FuzzAgainstDaulet(f *testing.F) {
	for _, text := range hostileTexts() {
		f.Add(text)
	}
	path := benchmarkTokenizer(f)
	rust := openDaulet(f, path)
	plain, err := Open(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := rust.Encode(nil, text)
		if err != nil {
			t.Skip("not UTF-8, or a NUL")
		}
		got, err := plain.Encode(nil, text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: error %v\n plain  %v\n daulet %v", text, err, got, want)
		}
	})
}

func BenchmarkEncodeDaulet(b *testing.B) { benchmarkEncode(b, openDaulet(b, benchmarkTokenizer(b))) }

// BenchmarkAgainstDaulet encodes the sample in turns of some hundred lines with either implementation, on
// -cpu threads, so that a busy machine slows both alike, and reports how many times as quick the plain one
// is: with warm cache, or with a cache emptied at the start of each pass over the sample.
func BenchmarkAgainstDaulet(b *testing.B) {
	path := benchmarkTokenizer(b)
	tok, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	plain, rust, lines := tok.(*plain), openDaulet(b, path), realLines(b)
	for _, cold := range []bool{false, true} {
		b.Run(map[bool]string{false: "warm", true: "emptied"}[cold], func(b *testing.B) {
			encodeOnThreads(b, plain, lines)
			var ours, theirs time.Duration
			next := slices.Collect(slices.Chunk(lines, 512))
			for i := 0; b.Loop(); i++ {
				if cold && i%len(next) == 0 {
					plain.cache = newPieceCache()
				}
				ours += encodeOnThreads(b, plain, next[i%len(next)])
				theirs += encodeOnThreads(b, rust, next[i%len(next)])
			}
			b.ReportMetric(float64(theirs)/float64(ours), "times-daulet")
		})
	}
}

// encodeOnThreads returns the time in which as many goroutines as -cpu says encode the lines.
func encodeOnThreads(b *testing.B, tok Tokenizer, lines []string) time.Duration {
	start := time.Now()
	var group sync.WaitGroup
	threads := runtime.GOMAXPROCS(0)
	for worker := range threads {
		group.Go(func() {
			var ids []int32
			for i := worker; i < len(lines); i += threads {
				var err error
				if ids, err = tok.Encode(ids[:0], lines[i]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return time.Since(start)
}
