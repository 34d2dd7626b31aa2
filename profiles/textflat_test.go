package profiles_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"hives/profiles"
)

// manyPosts are posts, author after author, or one post of each author in turn.
func manyPosts(authors, each int, together bool, write func(post)) {
	for i := range authors * each {
		author := i / each
		if !together {
			author = i % authors
		}
		about := []string{"care", "fairness", "loyalty"}[i%3]
		write(post{fmt.Sprintf("author-%06d", author), "", said(i, about, float64(i%17)/17-.3)})
	}
}

// asLines writes them as lines of JSON.
func asLines(t *testing.T, authors, each int, together bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	out := bufio.NewWriter(f)
	manyPosts(authors, each, together, func(p post) {
		fmt.Fprintf(out, "{\"author\": %q, \"text\": %q}\n", p.Author, p.Text)
	})
	must(t, out.Flush())
	return path
}

// asParquet writes them as a Parquet file.
func asParquet(t *testing.T, authors, each int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "posts.parquet")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	w := parquet.NewGenericWriter[post](f, parquet.MaxRowsPerRowGroup(100_000))
	manyPosts(authors, each, true, func(p post) {
		_, err := w.Write([]post{p})
		must(t, err)
	})
	must(t, w.Close())
	return path
}

// live reads a file into profiles, and returns the most memory that was in use at any of many moments.
func live(t *testing.T, path string) (most uint64, sum *profiles.Summary) {
	t.Helper()
	total, n := 0, 0
	look := func() {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
	}
	job := profiles.ReadJob{In: profiles.TextFile{Path: path}, Model: model(t), Out: filepath.Join(t.TempDir(), "o.jsonl")}
	enc := &made{}
	enc.fail = func(texts int) error {
		if enc.seen = nil; texts/5_000 > total {
			total++
			look()
		}
		return nil
	}
	job.Each = func(profiles.TextProfile) error { n++; return nil }
	sum, err := profiles.Read(context.Background(), job, enc)
	must(t, err)
	look()
	return most, sum
}

// TestMemoryIsFlat: four times as many authors take no more memory. Control: where the posts of all authors are mixed,
// all are open, and memory grows. HIVES_PROFILE_TEXTS=1000000 reads so many texts of a Parquet file instead, of a
// hundredth as many authors, and prints what it took; embedding takes nothing of it, since the encoder is a formula.
func TestMemoryIsFlat(t *testing.T) {
	model(t)
	if n, _ := strconv.Atoi(os.Getenv("HIVES_PROFILE_TEXTS")); n > 0 {
		path := asParquet(t, n/100, 100)
		began := time.Now()
		most, sum := live(t, path)
		t.Logf("%d texts of %d authors: %.0f MB live at most, %s, %s", sum.Texts, sum.Authors, float64(most)/1e6,
			time.Since(began).Round(time.Second), highest(t))
		return
	}
	small, _ := live(t, asLines(t, 60, 100, true))
	large, sum := live(t, asLines(t, 240, 100, true))
	if sum.Authors != 240 || sum.Texts != 24_000 {
		t.Fatalf("%+v", sum)
	}
	if large > small+small/4 {
		t.Errorf("%d kB for 6,000 texts, %d kB for 24,000", small>>10, large>>10)
	}
	if mixed, _ := live(t, asLines(t, 240, 100, false)); mixed < large+2<<20 {
		t.Errorf("control: %d kB where all authors are open, %d kB where one is", mixed>>10, large>>10)
	}
}

// highest is the process's peak, as the system counts it.
func highest(t *testing.T) string {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return "peak not known"
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if strings.HasPrefix(in.Text(), "VmHWM") {
			return strings.Join(strings.Fields(in.Text()), " ")
		}
	}
	return "peak not known"
}
